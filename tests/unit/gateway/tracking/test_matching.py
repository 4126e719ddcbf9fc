"""Which planned trip a departure is: the next one, unless a time without fixes may hide that one's round."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from contract.fix import Fix
from gateway.tracking.engine import State
from gateway.tracking.events import Departed, DepartureUnseen, Event, Returned
from gateway.tracking.matching import Hidden, match
from gateway.tracking.plan import Plan, PlannedTrip
from tests.unit.gateway.tracking.worlds import HOME, NINE, POLICY, ROUND, drive, fix, north, run

HOUR = timedelta(hours=1)


def trips(*minutes: float) -> tuple[PlannedTrip, ...]:
    """Trips without drops, planned so many minutes after nine."""
    return tuple(
        PlannedTrip(
            trip_id=f"trip-{number}", planned_departure_at=NINE + timedelta(minutes=minute), departed_at=None, drops=()
        )
        for number, minute in enumerate(minutes, 1)
    )


def world(*minutes: float) -> Plan:
    return Plan(
        vehicle_id="van-1", premises_id="shop", premises_lat_e7=HOME[0], premises_lon_e7=HOME[1],
        trips=trips(*minutes),
    )  # fmt: skip


def later(fixes: list[Fix], by: timedelta, seq: int = 0) -> list[Fix]:
    return [
        msgspec.structs.replace(one, fixed_at=one.fixed_at + by, seq=one.seq + round(by.total_seconds()) + seq)
        for one in fixes
    ]


def told(events: list[Event]) -> list[tuple[type, str]]:
    kinds = Departed | DepartureUnseen | Returned
    return [(type(event), event.trip_id) for event in events if isinstance(event, kinds)]


# Stands at home, then nothing valid for 20 minutes, then stands there again and leaves for a round.
HIDDEN = [*drive((120, 0, 0)), *later(ROUND, timedelta(minutes=60))]


def test_a_round_that_nobody_saw_is_that_of_the_trip_planned_for_then() -> None:
    _, events = run(HIDDEN, world(10, 61, 120))

    assert told(events) == [
        (DepartureUnseen, "trip-1"), (Departed, "trip-2"), (Returned, "trip-2"),
    ]  # fmt: skip
    unseen = next(event for event in events if isinstance(event, DepartureUnseen))
    departed = next(event for event in events if isinstance(event, Departed))
    assert unseen.departed_at == departed.at
    assert [point.fixed_at for point in unseen.evidence] == [NINE + timedelta(seconds=119), NINE + HOUR]
    assert unseen.at == NINE + HOUR


def test_a_late_departure_is_that_of_the_next_trip_when_it_was_seen_to_stand_there() -> None:
    seen = [fix(second, north(0), speed_mps=0.0) for second in range(0, 3600, 30)]
    _, events = run([*seen, *later(ROUND, HOUR)], world(10, 61, 120))

    assert told(events) == [(Departed, "trip-1"), (Returned, "trip-1")]


def test_a_short_time_without_fixes_hides_no_round() -> None:
    seen = [fix(second, north(0), speed_mps=0.0) for second in range(0, 3600, 30) if not 600 < second < 840]
    _, events = run([*seen, *later(ROUND, HOUR)], world(10, 61, 120))

    assert told(events)[0] == (Departed, "trip-1")


def test_a_unit_that_was_switched_off_and_numbered_nothing_stood_with_its_vehicle() -> None:
    before, after = drive((120, 0, 0)), later(ROUND, HOUR)
    numbered = [
        msgspec.structs.replace(one, seq=seq, boot_id=1 if seq <= len(before) else 2)
        for seq, one in enumerate([*before, *after], 1)
    ]
    _, events = run(numbered, world(10, 61, 120))

    assert told(events)[0] == (Departed, "trip-1")


def test_the_only_trip_that_is_planned_is_the_one_that_leaves() -> None:
    _, events = run(HIDDEN, world(10))

    assert told(events) == [(Departed, "trip-1"), (Returned, "trip-1")]


def test_the_trips_after_a_hidden_one_are_each_their_own() -> None:
    _, events = run([*HIDDEN, *later(ROUND, timedelta(minutes=120))], world(10, 61, 122, 180))

    assert told(events) == [
        (DepartureUnseen, "trip-1"), (Departed, "trip-2"), (Returned, "trip-2"), (Departed, "trip-3"),
        (Returned, "trip-3"),
    ]  # fmt: skip


def _hidden(from_min: float, to_min: float) -> Hidden:
    ends = (fix(60 * minute, north(0)) for minute in (from_min, to_min))
    first, last = (_point(one) for one in ends)
    return Hidden(first, last)


def _point(one: Fix):  # type: ignore[no-untyped-def]
    state, _ = run([one], None)
    assert state.last is not None
    return state.last.point


@pytest.mark.parametrize(
    ("planned", "hidden", "left_min", "trip", "unseen"),
    [
        ((10, 60), [], 58, "trip-1", []),
        ((10, 60), [(5, 30)], 58, "trip-2", ["trip-1"]),
        ((10, 60), [(5, 30)], 34, "trip-1", []),  # nearer to its own plan than to the next one's
        ((10, 20, 60), [(5, 16)], 58, "trip-3", ["trip-1", "trip-2"]),  # long enough for two
        ((10, 20, 60), [(5, 14)], 58, "trip-2", ["trip-1"]),  # for one only: the second is late
        ((10, 60), [(57, 57.5)], 58, "trip-1", []),
    ],
)
def test_which_trip_a_departure_is(
    planned: tuple[float, ...], hidden: list[tuple[float, float]], left_min: float, trip: str, unseen: list[str]
) -> None:
    at: datetime = NINE + timedelta(minutes=left_min)
    found = match(trips(*planned), at, [_hidden(*ends) for ends in hidden], POLICY)

    assert (found.trip.trip_id, [one.trip_id for one, _ in found.unseen]) == (trip, unseen)


def test_what_may_hide_a_round_is_remembered_and_the_memory_stays_small() -> None:
    parts: list[Fix] = []
    for number in range(40):
        parts += later(drive((5, 0, 0)), timedelta(minutes=10 * number))
    state, _ = run(parts, world(10, 61, 500))

    encoded = msgspec.json.encode(state)
    assert 0 < len(state.hidden) <= 6
    assert len(encoded) < 6000
    assert msgspec.json.decode(encoded, type=State) == state
