"""Stops and their reasons: where they begin and end, what is one stop and what is two."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from contract.fix import Fix
from contract.places import PlaceKind
from contract.reasons import GapCause, StopReason
from gateway.tracking.engine import State, finish, step
from gateway.tracking.events import (
    Arrived,
    DeviationBegan,
    DeviationEnded,
    Event,
    Gap,
    GapOpened,
    Left,
    StopBegan,
    StopEnded,
    Tick,
    TripDriven,
)  # fmt: skip
from gateway.tracking.plan import Place, Plan
from gateway.tracking.route import Route
from tests.unit.gateway.tracking.worlds import HOME, NINE, POLICY, drive, drop, fix, north, plan, run

ALWAYS = Plan(vehicle_id="van-1", premises_id="", premises_lat_e7=None, premises_lon_e7=None, without_trips=True)


def stops(fixes: list[Fix], world: Plan = ALWAYS) -> list[StopEnded]:
    state, events = run(fixes, world)
    return [event for event in (*events, *finish(state, world, POLICY)) if isinstance(event, StopEnded)]


def seconds(event: StopEnded) -> tuple[float, float]:
    return (event.began_at - NINE).total_seconds(), (event.at - NINE).total_seconds()


def without_speeds(fixes: list[Fix]) -> list[Fix]:
    return [msgspec.structs.replace(one, speed_mps=None) for one in fixes]


def test_a_stop_begins_and_ends_when_it_really_did() -> None:
    (stop,) = stops(drive((60, 0, 600), (100, 600, 600), (60, 600, 1200)))

    assert seconds(stop) == (60, 159)
    assert (stop.lat_e7, stop.lon_e7) == north(600)
    assert [point.seq for point in stop.evidence[:2]] == [61, 160]


@pytest.mark.parametrize("apart_m", [22, 26, 34])
def test_a_door_beside_the_lights_before_it_is_a_stop_of_its_own(apart_m: float) -> None:
    door_m = 600 + apart_m
    way = drive((60, 0, 600), (40, 600, 600), (10, 600, door_m), (300, door_m, door_m), (60, door_m, 1200))

    light, door = stops(way)

    assert seconds(light) == (60, 99)
    assert seconds(door) == (110, 409)


def test_without_speeds_it_is_found_within_a_few_seconds() -> None:
    (stop,) = stops(without_speeds(drive((60, 0, 600), (100, 600, 600), (60, 600, 1200))))

    began, ended = seconds(stop)
    assert began == pytest.approx(60, abs=2)
    assert ended == pytest.approx(159, abs=2)


def test_it_is_told_when_it_has_lasted_and_again_when_it_is_over() -> None:
    _, events = run(drive((60, 0, 600), (100, 600, 600), (60, 600, 1200)), ALWAYS)

    told = [event for event in events if isinstance(event, StopBegan | StopEnded)]
    assert [type(event) for event in told] == [StopBegan, StopEnded]
    assert told[0].at == told[1].began_at  # type: ignore[union-attr]


@pytest.mark.parametrize("speeds", [True, False])
def test_two_doors_sixty_metres_apart_are_two_stops(*, speeds: bool) -> None:
    fixes = drive((60, 0, 600), (100, 600, 600), (12, 600, 660), (100, 660, 660), (60, 660, 1200))

    assert len(stops(fixes if speeds else without_speeds(fixes))) == 2


def test_two_doors_of_a_unit_that_reports_each_half_minute_are_two_stops() -> None:
    fixes = [fix(at, north(metres), speed_mps=0.0) for at, metres in
             [(0, 0), (30, 0), (60, 0), (90, 60), (120, 60), (150, 60), (180, 60)]]  # fmt: skip

    assert len(stops(fixes)) == 2


def test_a_parked_receiver_that_wanders_makes_no_second_stop() -> None:
    wander = [0, 5, 12, 25, 38, 45, 50, 44, 31, 12, 3]
    parked = [fix(at, north(600 + wander[at // 8 % len(wander)]), speed_mps=0.1) for at in range(100, 400)]

    (stop,) = stops([*drive((60, 0, 600), (40, 600, 600)), *parked])

    assert seconds(stop) == (60, 399)


def test_one_wild_fix_does_not_end_a_stop() -> None:
    parked = drive((60, 0, 600), (100, 600, 600))
    wild = fix(160, north(735), speed_mps=9.0)
    again = [fix(161 + second, north(600), speed_mps=0.0) for second in range(60)]

    assert len(stops([*parked, wild, *again])) == 1


def test_a_standstill_over_a_gap_is_two_stops_and_nothing_is_said_of_the_time_between() -> None:
    fixes = [fix(at, north(600), speed_mps=0.0) for at in (*range(100), *range(400, 500))]

    first, second = stops(fixes)

    assert (seconds(first), first.before_gap) == ((0, 99), True)
    assert (seconds(second), second.after_gap) == ((400, 499), True)


@pytest.mark.parametrize(
    ("lasts_s", "metres", "reason"),
    [
        (40, 600, StopReason.TRAFFIC),
        (200, 600, StopReason.UNEXPLAINED),
        (200, 960, StopReason.DELIVERY),
        (60, 1000, StopReason.DELIVERY),
        (60, 960, StopReason.TRAFFIC),  # a light forty metres before the door
        (200, 1500, StopReason.FUEL),
    ],
)
def test_the_reason_of_a_stop(lasts_s: int, metres: int, reason: StopReason) -> None:
    station = Place(place_id="s", kind=PlaceKind.FUEL, lat_e7=north(1520)[0], lon_e7=HOME[1], radius_m=40)
    world = msgspec.structs.replace(plan(drop(1, 1000)), places=(station,))

    found = stops(
        drive((60, 0, 0), (metres // 10, 0, metres), (lasts_s, metres, metres), (60, metres, metres + 600)), world
    )

    assert [stop.reason for stop in found] == [reason]


def test_standing_at_the_premises_before_the_trip_is_no_stop() -> None:
    assert stops(drive((300, 0, 0), (100, 0, 1000)), plan(drop(1, 1000))) == []


def test_a_gap_has_its_limit_and_is_neither_driven_nor_stood() -> None:
    world = msgspec.structs.replace(ALWAYS, report_interval_s=1, heartbeat_s=30)
    fixes = [*drive((60, 0, 600)), *(fix(at, north(3000 + 10 * (at - 300)), speed_mps=10.0) for at in range(300, 360))]

    state, events = run(fixes, world)

    (gap,) = [event for event in events if isinstance(event, Gap)]
    assert (gap.at - gap.began_at).total_seconds() == 241
    assert gap.limit_s == 60
    driven = next(event.driven for event in finish(state, world, POLICY) if isinstance(event, TripDriven))
    assert driven.distance_m == pytest.approx(1180, abs=20)
    assert driven.unseen_s == 241
    assert driven.coverage_pct == pytest.approx(100 * 118 / 359)


def test_a_tick_tells_of_an_open_gap_once() -> None:
    state, _ = run(drive((60, 0, 600)), ALWAYS)

    early = step(state, Tick(watermark=NINE + timedelta(seconds=100)), ALWAYS, POLICY)
    first = step(early.state, Tick(watermark=NINE + timedelta(seconds=200)), ALWAYS, POLICY)
    second = step(first.state, Tick(watermark=NINE + timedelta(seconds=300)), ALWAYS, POLICY)

    assert early.events == second.events == ()
    (told,) = first.events
    assert isinstance(told, GapOpened)
    assert told.at == NINE + timedelta(seconds=59)


def test_one_place_repeated_at_speed_is_a_gap_and_no_stop() -> None:
    frozen = [fix(60 + second, north(600), speed_mps=9.0) for second in range(60)]
    fixes = [*drive((60, 0, 600)), *frozen, *(fix(120 + s, north(1200 + 10 * s), speed_mps=10.0) for s in range(10))]

    _, events = run(fixes, ALWAYS)

    (gap,) = [event for event in events if isinstance(event, Gap)]
    assert gap.cause is GapCause.STUCK
    assert not any(isinstance(event, StopBegan) for event in events)


def test_a_visit_between_two_sparse_fixes_is_seen() -> None:
    fixes = [fix(at, north(metres)) for at, metres in [(0, 0), (30, 300), (60, 600), (300, 1400), (330, 1700)]]

    sparse = msgspec.structs.replace(plan(drop(1, 1000), departed_at=NINE), report_interval_s=240)

    _, events = run(fixes, sparse)

    told = [event for event in events if isinstance(event, Arrived | Left)]
    assert [(type(event), event.inferred) for event in told] == [(Arrived, True), (Left, True)]
    assert (told[0].at - NINE).total_seconds() == pytest.approx(60 + 400 / POLICY.cruise_mps, abs=0.1)


def test_driving_past_between_two_sparse_fixes_is_none() -> None:
    fixes = [fix(at, north(metres)) for at, metres in [(0, 0), (30, 300), (60, 600), (160, 1400), (190, 1700)]]

    _, events = run(fixes, plan(drop(1, 1000), departed_at=NINE))

    assert not [event for event in events if isinstance(event, Arrived | Left)]


def test_a_wait_before_a_door_leaves_the_drop_open_for_the_real_visit() -> None:
    fixes = drive(
        (60, 0, 0), (97, 0, 970), (40, 970, 970), (53, 970, 1500), (53, 1500, 1000), (200, 1000, 1000), (60, 1000, 0)
    )

    _, events = run(fixes, plan(drop(1, 1000)))

    assert [type(event) for event in events if isinstance(event, Arrived | Left)] == [Arrived, Left, Arrived, Left]


def test_leaving_the_planned_way_is_told_once_with_its_worst_and_both_ends() -> None:
    world = plan(drop(1, 2000), departed_at=NINE)
    line = Route((north(0), north(1000), north(2000)))
    world = msgspec.structs.replace(world, trips=(msgspec.structs.replace(world.trips[0], route=line),))
    off_m = [0, 0, 30, 60, 110, 160, 210, 160, 110, 60, 40, 0, 0]
    fixes = [
        fix(10 * number, (north(100 * number)[0], HOME[1] + round(metres * 89.93 * 2.0096)), speed_mps=10.0)
        for number, metres in enumerate(off_m)
    ]

    _, events = run(fixes, world)

    began, ended = [event for event in events if isinstance(event, DeviationBegan | DeviationEnded)]
    assert isinstance(began, DeviationBegan)
    assert isinstance(ended, DeviationEnded)
    assert began.at == ended.began_at == NINE + timedelta(seconds=20)
    assert ended.at == NINE + timedelta(seconds=100)
    assert ended.worst_m == pytest.approx(210, rel=0.01)
    assert ended.returned


def test_passing_the_premises_with_drops_open_ends_no_trip() -> None:
    fixes = drive(
        (60, 0, 0),
        (60, 0, 600),
        (60, 600, 20),
        (50, 20, 20),
        (100, 20, 1000),
        (200, 1000, 1000),
        (100, 1000, 0),
        (60, 0, 0),
    )

    _, events = run(fixes, plan(drop(1, 1000)))

    ends = [type(event).__name__ for event in events if type(event).__name__ in {"Departed", "Returned"}]
    assert ends == ["Departed", "Returned"]


def test_state_is_small_after_a_long_day() -> None:
    fixes = without_speeds(drive(*[(60, 0, 600), (400, 600, 600), (60, 600, 0), (100, 0, 0)] * 5))
    state, events = State(), list[Event]()
    for one in fixes:
        outcome = step(state, one, plan(drop(1, 600)), POLICY)
        state = outcome.state
        events += outcome.events
        assert len(msgspec.json.encode(state)) < 6_000
