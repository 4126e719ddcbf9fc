"""The engine's events on small worlds: departure, doors, return, and what must not flip them."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from gateway.tracking.engine import State, step
from gateway.tracking.events import Arrived, ArrivingSoon, Departed, Left, MilestoneEvent, Returned
from tests.unit.gateway.tracking.worlds import NINE, POLICY, ROUND, drive, drop, fix, north, plan, run


def test_a_round_tells_departure_doors_and_return_once_each_in_order() -> None:
    _, events = run(ROUND, plan(drop(1, 700), drop(2, 1200)))

    told = [(type(event), getattr(event, "drop_id", None)) for event in events if isinstance(event, MilestoneEvent)]
    assert told == [
        (Departed, None),
        (ArrivingSoon, "drop-1"),
        (Arrived, "drop-1"),
        (Left, "drop-1"),
        (ArrivingSoon, "drop-2"),
        (Arrived, "drop-2"),
        (Left, "drop-2"),
        (Returned, None),
    ] or told == [
        (Departed, None),
        (ArrivingSoon, "drop-1"),
        (Arrived, "drop-1"),
        (Left, "drop-1"),
        (Arrived, "drop-2"),
        (Left, "drop-2"),
        (Returned, None),
    ]


def test_times_are_those_of_the_deed_not_of_the_confirming_fix() -> None:
    _, events = run(ROUND, plan(drop(1, 700)))
    by_kind = {type(event): event for event in events}

    # 100 m of yard are left 10 s after the start at 60 s; the last fix inside is the one at 70 s.
    assert by_kind[Departed].at == NINE + timedelta(seconds=70)
    # 650 m, where the door's circle begins, is reached after 65 s of driving.
    assert by_kind[Arrived].at == NINE + timedelta(seconds=125)
    assert by_kind[Arrived].evidence[0].fixed_at == by_kind[Arrived].at
    # It leaves 700 m at 250 s with 10 m/s: the circle of 50 m ends after 5 s, the confirming fixes come later.
    assert NINE + timedelta(seconds=254) <= by_kind[Left].at <= NINE + timedelta(seconds=255)


def test_passing_a_door_without_stopping_is_no_arrival() -> None:
    _, events = run(drive((30, 0, 0), (120, 0, 1800)), plan(drop(1, 700)))

    assert not any(isinstance(event, Arrived) for event in events)


def test_one_wild_fix_never_flips_a_state() -> None:
    world = plan(drop(1, 700))
    parked = drive((30, 0, 0), (70, 0, 700), (60, 700, 700))
    wild = fix(160, north(700 + 140), speed_mps=0.0)
    again = [fix(161 + second, north(700), speed_mps=0.0) for second in range(10)]

    _, events = run([*parked, wild, *again], world)

    assert [type(event) for event in events].count(Arrived) == 1
    assert not any(isinstance(event, Left) for event in events)


def test_a_visit_without_speeds_is_seen_by_its_dwell() -> None:
    fixes = [fix(second, north(0)) for second in range(0, 40, 10)]
    fixes += [fix(100 + second, north(700)) for second in range(0, 60, 10)]

    _, events = run(fixes, plan(drop(1, 700), departed_at=NINE))

    arrived = [event for event in events if isinstance(event, Arrived)]
    assert [event.at for event in arrived] == [NINE + timedelta(seconds=100)]


def test_an_order_delivered_out_of_turn_is_seen_at_its_own_door() -> None:
    _, events = run(drive((30, 0, 0), (70, 0, 700), (60, 700, 700)), plan(drop(1, 1500), drop(2, 700)))

    assert [event.drop_id for event in events if isinstance(event, Arrived)] == ["drop-2"]


def test_a_late_fix_changes_nothing_and_is_marked() -> None:
    world = plan(drop(1, 700))
    state, _ = run(ROUND[:100], world)

    outcome = step(state, ROUND[50], world, POLICY)

    assert outcome.late
    assert outcome.events == ()
    assert outcome.state == state


def test_a_unit_moved_to_another_vehicle_starts_anew() -> None:
    world = plan(drop(1, 700))
    state, _ = run(ROUND[:150], world)
    assert state.home.under_way == "trip-1"
    other = plan(drop(1, 700)).__class__(
        vehicle_id="van-2", premises_id="shop", premises_lat_e7=None, premises_lon_e7=None
    )

    outcome = step(state, fix(500, north(700)), other, POLICY)

    assert outcome.state.vehicle_id == "van-2"
    assert outcome.state.home.under_way is None


def test_without_a_plan_the_filter_still_judges() -> None:
    outcome = step(State(), fix(0, (0, 0)), None, POLICY)

    assert outcome.refused_by == "null_island"


def test_a_trip_that_takes_over_on_the_road_is_the_one_that_arrives() -> None:
    way = drive((60, 0, 0), (40, 0, 400), (60, 400, 400), (30, 400, 700), (125, 700, 700))
    first, second = plan(drop(1, 2000)), plan(drop(2, 700), departed_at=NINE + timedelta(seconds=110))
    relieved = msgspec.structs.replace(second, trips=(msgspec.structs.replace(second.trips[0], trip_id="relief"),))
    state, told = State(), []
    for one in way:
        outcome = step(state, one, first if one.fixed_at < NINE + timedelta(seconds=120) else relieved, POLICY)
        state = outcome.state
        told += [event for event in outcome.events if isinstance(event, MilestoneEvent)]

    assert [(type(event), event.trip_id) for event in told if not isinstance(event, ArrivingSoon)] == [
        (Departed, first.trips[0].trip_id),
        (Arrived, "relief"),
    ]
