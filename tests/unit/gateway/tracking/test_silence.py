"""Silence at the ends of a trip whose departure or end was declared: as much a gap as between two fixes."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from contract.fix import Fix
from contract.places import ZoneKind
from contract.reasons import GapCause
from gateway.tracking.engine import finish
from gateway.tracking.events import Arrived, Gap, Left, StopEnded, TripDriven, ZoneLeft
from gateway.tracking.gaps import Knowledge, verdict
from gateway.tracking.plan import Plan
from gateway.tracking.shapes import Circle, Zone
from gateway.tracking.zones import ZoneSet
from tests.unit.gateway.tracking.worlds import HOME, NINE, POLICY, drive, drop, fix, north, plan, run

# Ten minutes: to a door at 700 m, a minute there, and on.
FIXES = [one for one in drive((60, 0, 0), (70, 0, 700), (60, 700, 700), (400, 700, 4700)) if one.seq % 5 == 1]
LAST = FIXES[-1].fixed_at


def declared(departed_s: float, ended_s: float | None) -> Plan:
    """A trip that somebody said left and ended so many seconds after nine; all its fixes are stepped through."""
    world = plan(drop(1, 700), departed_at=NINE + timedelta(seconds=departed_s))
    ended_at = None if ended_s is None else NINE + timedelta(seconds=ended_s)
    trip = msgspec.structs.replace(world.trips[0], ended_at=ended_at)
    return msgspec.structs.replace(
        world, trips=(trip,), report_interval_s=5, heartbeat_s=30, from_departure=True
    )  # fmt: skip


def told(fixes: list[Fix], world: Plan) -> tuple[list[Gap], TripDriven]:
    state, events = run(fixes, world)
    events += finish(state, world, POLICY)
    (driven,) = [event for event in events if isinstance(event, TripDriven)]
    return [event for event in events if isinstance(event, Gap)], driven


def span(gap: Gap) -> tuple[datetime, datetime]:
    return gap.began_at, gap.at


@pytest.mark.parametrize("later", [[], [fix(4000, north(4700))]], ids=["nothing came since", "it was seen later"])
def test_silence_before_a_declared_end_is_a_gap_and_not_covered(later: list[Fix]) -> None:
    gaps, driven = told([*FIXES, *later], declared(60, 1800))

    assert [span(gap) for gap in gaps] == [(LAST, NINE + timedelta(seconds=1800))]
    assert gaps[0].trip_id == "trip-1"
    assert driven.at == NINE + timedelta(seconds=1800)
    assert driven.driven.unseen_s == (NINE + timedelta(seconds=1800) - LAST).total_seconds()
    assert driven.driven.coverage_pct == pytest.approx(100 * (LAST - NINE).total_seconds() / 1800, abs=4)


def test_an_end_declared_soon_after_the_last_fix_is_no_gap() -> None:
    gaps, driven = told([*FIXES, fix(4000, north(4700))], declared(60, (LAST - NINE).total_seconds() + 50))

    assert gaps == []
    assert driven.driven.unseen_s == 0


def test_what_stood_when_the_silence_began_may_have_stood_longer() -> None:
    parked = FIXES[: 180 // 5]
    world = declared(60, 1800)
    state, events = run(parked, world)

    stops = [event for event in (*events, *finish(state, world, POLICY)) if isinstance(event, StopEnded)]

    assert [stop.before_gap for stop in stops] == [True]


def test_silence_after_a_declared_departure_is_a_gap_and_not_covered() -> None:
    gaps, driven = told([msgspec.structs.replace(one, seq=one.seq + 1000) for one in FIXES[20:]], declared(-900, None))

    assert [span(gap) for gap in gaps] == [(NINE - timedelta(seconds=900), FIXES[20].fixed_at)]
    assert driven.driven.unseen_s == 900 + (FIXES[20].fixed_at - NINE).total_seconds()


def test_what_passed_before_a_declared_departure_is_no_part_of_the_trips_gap() -> None:
    parked = [fix(-4000 + 30 * number, north(0)) for number in range(4)]

    gaps, driven = told([*parked, *FIXES[20:]], declared(-900, None))

    assert [span(gap) for gap in gaps] == [(NINE - timedelta(seconds=900), FIXES[20].fixed_at)]
    assert driven.driven.unseen_s == 900 + (FIXES[20].fixed_at - NINE).total_seconds()


@pytest.mark.parametrize("later", [[], [fix(40_000, north(0))]], ids=["nothing came since", "it was seen later"])
def test_a_declared_trip_of_which_no_fix_came_is_one_gap(later: list[Fix]) -> None:
    gaps, driven = told([*FIXES[:8], *later], declared(3000, 9000))

    assert [span(gap) for gap in gaps] == [(NINE + timedelta(seconds=3000), NINE + timedelta(seconds=9000))]
    assert driven.driven.unseen_s == 6000
    assert driven.driven.coverage_pct == 0


def test_a_live_unit_knows_nothing_of_what_another_unit_saw_before() -> None:
    world = msgspec.structs.replace(declared(-900, None), from_departure=False)

    gaps, driven = told(FIXES, world)

    assert gaps == []
    assert driven.driven.unseen_s == 0


def test_a_gap_without_a_fix_after_it_waits_for_the_units_backlog() -> None:
    (gap,) = told(FIXES, declared(60, 1800))[0]

    waits = verdict(gap, Knowledge(backlog=12))

    assert (waits.cause, waits.provisional) == (GapCause.NOT_DELIVERED, True)
    assert "12 fixes" in waits.why
    assert verdict(gap, Knowledge(backlog=0)).cause is GapCause.UNKNOWN


def test_over_a_gap_no_visit_is_inferred_and_the_real_one_after_it_counts() -> None:
    world = msgspec.structs.replace(
        plan(drop(1, 1000), departed_at=NINE), report_interval_s=5, heartbeat_s=30
    )  # fmt: skip
    before = [fix(at, north(metres), speed_mps=10.0) for at, metres in [(0, 0), (30, 300), (60, 600)]]
    after = [fix(300 + 5 * number, north(1400 - 50 * number), speed_mps=10.0) for number in range(8)]
    stands = [fix(340 + 5 * number, north(1000), speed_mps=0.0) for number in range(30)]
    away = [fix(490 + 5 * number, north(1000 + 50 * number), speed_mps=10.0) for number in range(8)]

    _, events = run([*before, *after, *stands, *away], world)

    seen = [event for event in events if isinstance(event, Arrived | Left)]
    assert [(type(event), event.inferred) for event in seen] == [(Arrived, False), (Left, False)]
    assert any(isinstance(event, Gap) for event in events)


def test_a_visit_inferred_between_sparse_fixes_gives_way_to_a_real_one() -> None:
    world = msgspec.structs.replace(
        plan(drop(1, 1000), departed_at=NINE), report_interval_s=240, heartbeat_s=240
    )  # fmt: skip
    fixes = [fix(at, north(metres)) for at, metres in [(0, 0), (30, 300), (60, 600), (300, 1400), (330, 1700)]]
    back = [fix(at, north(metres)) for at, metres in [(500, 1000), (560, 1000), (620, 1000), (700, 1700), (730, 1900)]]

    _, events = run([*fixes, *back], world)

    seen = [event for event in events if isinstance(event, Arrived | Left)]
    assert [(type(event), event.inferred) for event in seen] == [
        (Arrived, True), (Left, True), (Arrived, False), (Left, False),
    ]  # fmt: skip
    assert seen[2].at == NINE + timedelta(seconds=500)


def test_sparse_fixes_that_pass_a_door_again_infer_no_second_visit() -> None:
    world = msgspec.structs.replace(
        plan(drop(1, 1000), departed_at=NINE), report_interval_s=240, heartbeat_s=240
    )  # fmt: skip
    metres_at = [(0, 0), (30, 300), (60, 600), (300, 1400), (330, 1700), (600, 600), (630, 300)]

    _, events = run([fix(at, north(metres)) for at, metres in metres_at], world)

    arrived = [event for event in events if isinstance(event, Arrived)]
    assert [event.evidence[0].fixed_at for event in arrived] == [NINE + timedelta(seconds=60)]


def test_a_zone_that_was_left_within_a_gap_says_so() -> None:
    yard = Zone(zone_id="yard", kind=ZoneKind.OTHER, shape=Circle(lat_e7=HOME[0], lon_e7=HOME[1], radius_m=200))
    world = msgspec.structs.replace(plan(), zones=ZoneSet((yard,)))
    seen, unseen = drive((60, 0, 0), (70, 0, 700)), drive((60, 0, 0), (200, 700, 2700))

    def left(fixes: list[Fix]) -> list[tuple[datetime, bool]]:
        return [(event.at, event.after_gap) for event in run(fixes, world)[1] if isinstance(event, ZoneLeft)]

    assert left(seen) == [(NINE + timedelta(seconds=80), False)]
    later = [msgspec.structs.replace(one, fixed_at=one.fixed_at + timedelta(seconds=400)) for one in unseen[60:]]
    assert left([*unseen[:60], *later]) == [(NINE + timedelta(seconds=460), True)]
