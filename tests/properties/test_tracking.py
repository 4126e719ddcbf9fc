"""Laws of the engine on tracks of any kind: order, repetition, ticks, place and being written down change nothing."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.fix import Fix
from contract.reasons import GapCause
from gateway.tracking.engine import State, finish, step
from gateway.tracking.events import (
    Arrived,
    Departed,
    DeviationBegan,
    DeviationEnded,
    Event,
    Gap,
    GapOpened,
    HourDriven,
    Left,
    Returned,
    StopBegan,
    StopEnded,
    TripDriven,
    ZoneEntered,
    ZoneLeft,
)  # fmt: skip
from gateway.tracking.policy import Policy
from tests.properties.tracks import at_another_time, declared, run, tracks, world

WORLDS = {"trips": world(), "no-trips": world(without_trips=True)}
_BEGINS = ZoneEntered | StopBegan | DeviationBegan | Arrived | Departed
_ENDS = ZoneLeft | StopEnded | DeviationEnded | Left | Returned
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
@given(fixes=tracks(), shift_s=st.integers(-30_000_000, 30_000_000))
def test_the_same_track_at_another_time_gives_the_same_events(plan, fixes: list[Fix], shift_s: int) -> None:  # type: ignore[no-untyped-def]
    shift = timedelta(seconds=shift_s)
    _, expected, _ = run(fixes, plan)

    moved = [msgspec.structs.replace(fix, fixed_at=fix.fixed_at + shift) for fix in fixes]
    _, events, _ = run(moved, at_another_time(plan, shift))

    # Hours begin elsewhere then.
    assert [_later(event, -shift) for event in events if not isinstance(event, HourDriven)] == [
        _later(event, timedelta()) for event in expected if not isinstance(event, HourDriven)
    ]


def _later(event: Event, shift: timedelta) -> object:
    """The event as built-in values, with every time in it moved."""

    def moved(value: object) -> object:
        match value:
            case datetime():
                return value + shift
            case dict():
                return {name: moved(one) for name, one in value.items()}
            case list() | tuple():
                return [moved(one) for one in value]
            case _:
                return value

    return moved(msgspec.to_builtins(event, builtin_types=(datetime,)))


@worlds
@given(fixes=tracks(), seed=st.integers(0, 1000))
def test_packs_in_any_order_once_complete_leave_what_the_same_fixes_in_order_do(  # type: ignore[no-untyped-def]
    plan, fixes: list[Fix], seed: int
) -> None:
    """As the gateway does it: live as long as nothing is late, derived again from all that is there when it is."""
    expected_state, expected, _ = run(fixes, plan)
    size = max(1, len(fixes) // 6)
    packs = [fixes[start : start + size] for start in range(0, len(fixes), size)]
    random.Random(seed).shuffle(packs)
    state, events, stored = State(), list[Event](), list[Fix]()

    for pack in packs:
        outcomes, late = [], False
        for one in pack:
            outcomes.append(step(state, one, plan, Policy()))
            state, late = outcomes[-1].state, late or outcomes[-1].late
        stored = sorted([*stored, *pack], key=lambda fix: (fix.fixed_at, fix.seq))
        in_order, so_far, _ = run(stored, plan)
        if late:
            state, events = in_order, so_far
        else:
            events += [event for outcome in outcomes for event in outcome.events]
        assert (state, events) == (in_order, so_far)

    assert (state, events) == (expected_state, expected)


@worlds
@given(fixes=tracks())
def test_beginnings_and_ends_alternate_and_time_does_not_run_back(plan, fixes: list[Fix]) -> None:  # type: ignore[no-untyped-def]
    state, events, _ = run(fixes, plan)
    events += finish(state, plan, Policy())
    kinds: dict[object, list[Event]] = defaultdict(list)
    for event in events:
        kinds[_pair_of(event)].append(event)
    kinds.pop(None, None)

    for told in kinds.values():
        assert all(isinstance(event, _BEGINS) for event in told[::2])
        assert all(isinstance(event, _ENDS) for event in told[1::2])
        assert all(before.at <= after.at for before, after in itertools.pairwise(told))
    for arrived, left in zip(kinds["door"][::2], kinds["door"][1::2], strict=False):
        assert getattr(arrived, "drop_id", None) == getattr(left, "drop_id", "")
    for kind, told in kinds.items():
        if kind in {"door", "trip"}:
            continue
        for began, ended in zip(told[::2], told[1::2], strict=False):
            assert getattr(ended, "began_at", getattr(ended, "entered_at", None)) == began.at


def _pair_of(event: Event) -> object:
    """What the event begins or ends; None: neither."""
    match event:
        case ZoneEntered() | ZoneLeft():
            return event.zone_id
        case StopBegan() | StopEnded():
            return "stop"
        case DeviationBegan() | DeviationEnded():
            return "deviation"
        case Arrived() | Left():
            return "door"  # at one door at a time
        case Departed() | Returned():
            return "trip"
        case _:
            return None


@worlds
@given(fixes=tracks())
def test_what_one_fix_shows_is_in_order_of_time_and_nothing_lies_ahead_of_it(plan, fixes: list[Fix]) -> None:  # type: ignore[no-untyped-def]
    state = State()
    gaps_until = fixes[0].fixed_at
    for one in fixes:
        outcome = step(state, one, plan, Policy())
        state = outcome.state
        times = [event.at for event in outcome.events]
        assert times == sorted(times)
        assert all(at <= one.fixed_at for at in times)
        for gap in [event for event in outcome.events if isinstance(event, Gap)]:
            assert gap.began_at >= gaps_until, "gaps follow one another"
            gaps_until = gap.at


@given(fixes=tracks(), before_s=st.integers(0, 2000), after_s=st.integers(1, 2000), later=st.booleans())
def test_a_declared_trip_is_seen_or_in_gaps_from_end_to_end(
    fixes: list[Fix],
    before_s: int,
    after_s: int,
    later: bool,
) -> None:
    began_at, last = fixes[0].fixed_at - timedelta(seconds=before_s), fixes[-1]
    ended_at = last.fixed_at + timedelta(seconds=after_s)
    plan = declared(WORLDS["trips"], began_at, ended_at)
    if later:  # it comes to itself an hour after the end
        fixes = [*fixes, msgspec.structs.replace(last, seq=last.seq + 1, fixed_at=ended_at + timedelta(hours=1))]
    state, events, _ = run(fixes, plan)
    events += finish(state, plan, Policy())

    gaps = [event for event in events if isinstance(event, Gap)]
    [driven] = [event for event in events if isinstance(event, TripDriven)]
    assert driven.began_at == began_at
    in_gaps_s = sum((gap.at - gap.began_at).total_seconds() for gap in gaps)
    seen_s, unseen_s = driven.driven.moving_s + driven.driven.stopped_s, driven.driven.unseen_s
    lasts_s = (driven.at - driven.began_at).total_seconds()
    # Stretches at the ends that are too short for a record are neither seen nor a gap.
    limit_s = max(Policy().gap_min_s, Policy().gap_intervals * 30)
    assert lasts_s - 2 * limit_s <= seen_s + unseen_s <= lasts_s + 0.001
    if any(isinstance(event, Returned) for event in events):
        return  # it came back before the declared end: what follows is no part of it
    assert all(began_at <= gap.began_at < gap.at <= driven.at <= ended_at for gap in gaps)
    assert (ended_at - driven.at).total_seconds() <= limit_s
    if not any(gap.cause is GapCause.STUCK for gap in gaps):  # which begins before it is known
        assert abs(in_gaps_s - unseen_s) <= limit_s


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
