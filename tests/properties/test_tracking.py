"""Laws of the engine on tracks of any kind: order, repetition, ticks, place and being written down change nothing."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.fix import Fix
from gateway.tracking.engine import State, finish, step
from gateway.tracking.events import (
    DeviationBegan,
    DeviationEnded,
    Event,
    Gap,
    GapOpened,
    HourDriven,
    StopBegan,
    StopEnded,
    TripDriven,
    ZoneEntered,
    ZoneLeft,
)  # fmt: skip
from gateway.tracking.policy import Policy
from tests.properties.tracks import run, tracks, world

WORLDS = {"trips": world(), "no-trips": world(without_trips=True)}
worlds = pytest.mark.parametrize("plan", WORLDS.values(), ids=WORLDS.keys())


@worlds
@given(fixes=tracks())
def test_a_state_written_down_after_every_fix_gives_the_same_events(plan, fixes: list[Fix]) -> None:  # type: ignore[no-untyped-def]
    _, expected, _ = run(fixes, plan)
    state, events = State(), []

    for one in fixes:
        written = msgspec.json.encode(state)
        assert len(written) < 12_000
        outcome = step(msgspec.json.decode(written, type=State), one, plan, Policy())
        state = outcome.state
        events.extend(outcome.events)

    assert events == expected


@worlds
@given(fixes=tracks())
def test_duplicates_change_nothing(plan, fixes: list[Fix]) -> None:  # type: ignore[no-untyped-def]
    state, expected, _ = run(fixes, plan)

    again, events, late = run([one for fix in fixes for one in (fix, fix)], plan)

    assert events == expected
    assert again == state
    assert not late


@worlds
@given(fixes=tracks(), seed=st.integers(0, 1000))
def test_what_arrives_out_of_order_is_known_to_be_late_or_changes_nothing(plan, fixes: list[Fix], seed: int) -> None:  # type: ignore[no-untyped-def]
    in_order, expected, _ = run(fixes, plan)
    shuffled = list(fixes)
    draw = random.Random(seed)
    for _ in range(3):
        first, second = draw.randrange(len(fixes)), draw.randrange(len(fixes))
        shuffled[first], shuffled[second] = shuffled[second], shuffled[first]

    state, events, late = run(shuffled, plan)
    _, derived, _ = run(sorted(shuffled, key=lambda fix: (fix.fixed_at, fix.seq)), plan)

    assert derived == expected
    assert late or events == expected
    # Not the newest fix of all: one that is refused as a jump counts in no order.
    assert state.newest == in_order.newest or late


@worlds
@given(fixes=tracks())
def test_ticks_change_no_event_but_tell_of_open_gaps(plan, fixes: list[Fix]) -> None:  # type: ignore[no-untyped-def]
    _, expected, _ = run(fixes, plan)

    _, events, _ = run(fixes, plan, ticks=True)

    assert [event for event in events if not isinstance(event, GapOpened)] == expected


@worlds
@given(fixes=tracks(), shift_e7=st.integers(-2_000_000_000, 1_500_000_000))
def test_the_same_track_elsewhere_on_its_parallel_gives_the_same_events(plan, fixes: list[Fix], shift_e7: int) -> None:  # type: ignore[no-untyped-def]
    # Cells of ground begin elsewhere then, and geometry is rounded anew: whole cells keep that out of the comparison.
    shift_e7 = shift_e7 // 10_000 * 10_000
    _, expected, _ = run(fixes, plan)

    moved = [msgspec.structs.replace(fix, lon_e7=fix.lon_e7 + shift_e7) for fix in fixes]
    _, events, _ = run(moved, world(shift_e7, without_trips=plan.without_trips))

    assert [_without_place(event) for event in events] == [_without_place(event) for event in expected]


def _without_place(event: Event) -> tuple[object, ...]:
    fields = msgspec.structs.asdict(event)
    return type(event), *(
        fields.get(name) for name in ("at", "began_at", "reason", "zone_id", "drop_id", "fixes", "driven")
    )


@worlds
@given(fixes=tracks())
def test_beginnings_and_ends_alternate_and_time_does_not_run_back(plan, fixes: list[Fix]) -> None:  # type: ignore[no-untyped-def]
    state, events, _ = run(fixes, plan)
    events += finish(state, plan, Policy())
    kinds: dict[object, list[Event]] = defaultdict(list)
    for event in events:
        if isinstance(event, ZoneEntered | ZoneLeft):
            kinds[event.zone_id].append(event)
        elif isinstance(event, StopBegan | StopEnded):
            kinds["stop"].append(event)
        elif isinstance(event, DeviationBegan | DeviationEnded):
            kinds["deviation"].append(event)

    for told in kinds.values():
        assert all(isinstance(event, ZoneEntered | StopBegan | DeviationBegan) for event in told[::2])
        assert all(isinstance(event, ZoneLeft | StopEnded | DeviationEnded) for event in told[1::2])
        assert all(before.at <= after.at for before, after in itertools.pairwise(told))
        for began, ended in zip(told[::2], told[1::2], strict=False):
            assert getattr(ended, "began_at", getattr(ended, "entered_at", None)) == began.at


@worlds
@given(fixes=tracks())
def test_sums_are_never_negative_and_gaps_are_neither_stops_nor_distance(plan, fixes: list[Fix]) -> None:  # type: ignore[no-untyped-def]
    state, events, _ = run(fixes, plan)
    events += finish(state, plan, Policy())
    gaps = [event for event in events if isinstance(event, Gap)]
    stops = [event for event in events if isinstance(event, StopEnded)]

    for event in events:
        if isinstance(event, TripDriven | HourDriven):
            driven = event.driven
            assert min(driven.distance_m, driven.moving_s, driven.stopped_s, driven.unseen_s, driven.unseen_m) >= 0
            assert driven.idling_s is None or 0 <= driven.idling_s <= driven.stopped_s
    for gap in gaps:
        assert (gap.at - gap.began_at).total_seconds() > 0
        assert not any(stop.began_at < gap.at and gap.began_at < stop.at for stop in stops)
    hours = [event.driven for event in events if isinstance(event, HourDriven)]
    spans = sum(driven.moving_s + driven.stopped_s + driven.unseen_s for driven in hours)
    counted = [fix for fix in fixes if fix.fixed_at <= (state.newest or fix.fixed_at)]
    assert spans <= (counted[-1].fixed_at - counted[0].fixed_at).total_seconds() + 0.001
