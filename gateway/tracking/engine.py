"""The one engine: fixes of a device in, events out. Pure: no clock, no storage; live and history use the same step."""

from __future__ import annotations

import msgspec

from contract.fix import Fix
from contract.reasons import RefusalRule
from gateway.tracking import driving, unseen
from gateway.tracking.events import Event, GapOpened, Point, Tick
from gateway.tracking.filter import judge
from gateway.tracking.one_fix import Run
from gateway.tracking.plan import Plan
from gateway.tracking.policy import Policy
from gateway.tracking.state import State

__all__ = ["State", "Step", "finish", "step"]


class Step(msgspec.Struct, frozen=True):
    """The outcome of one fix."""

    state: State
    refused_by: RefusalRule | None
    events: tuple[Event, ...] = ()
    late: bool = False  # older than what was seen, or than what was judged without it: derive its trip again


def step(state: State, fix: Fix | Tick, plan: Plan | None, policy: Policy) -> Step:
    """The state after `fix` and what it showed. A tick shows only what is provisional and changes no later event.

    1. filter: a refused fix changes nothing else; 2. a late fix waits for re-derivation; 3. what the fix ends: a gap;
    4. premises: departure and return; 5. what happens on a trip: stops, doors, route; 6. zones, on trips and off.
    """
    if isinstance(fix, Tick):
        return _tick(state, fix, plan, policy)
    if plan is not None and state.vehicle_id not in (None, plan.vehicle_id):
        state = State(vehicle_id=plan.vehicle_id)  # the unit was fitted into another vehicle
    point = Point(fix.fixed_at, fix.lat_e7, fix.lon_e7, fix.seq, fix.speed_mps, fix.accuracy_m)
    seen, refused_by = judge(state.seen, fix, policy, point)
    last, late = state.last, _late(state, fix)
    if refused_by is not None:
        return Step(msgspec.structs.replace(state, seen=seen, last=unseen.refuse(last, fix)), refused_by, late=late)
    if state.newest is not None and fix.fixed_at <= state.newest:
        seq = 0 if last is None else last.point.seq
        return Step(msgspec.structs.replace(state, seen=seen), None, late=late or fix.seq < seq)
    if plan is None:
        newest = unseen.Newest(point, fix.spool_id, fix.boot_id, fix.ignition)
        return Step(msgspec.structs.replace(state, seen=seen, newest=fix.fixed_at, last=newest), None, late=late)
    if last is None:
        gap, stuck_since = unseen.since_declared(fix, point, plan, policy), None
    else:
        gap, stuck_since = unseen.look(last, fix, point, plan, policy)
    newest = unseen.Newest(point, fix.spool_id, fix.boot_id, fix.ignition, stuck_since=stuck_since)
    run = Run(state, last, point, plan, policy, gap)
    run.follow()
    after = State(
        plan.vehicle_id, seen, fix.fixed_at, newest, run.home, run.trip, run.doors, run.stopping, run.visits,
        run.off_route, run.driving, run.at_turn, run.gap, hidden=run.hidden,
    )  # fmt: skip
    return Step(after, None, tuple(run.events), late)


def _late(state: State, fix: Fix) -> bool:
    """Whether something newer was seen, or taken for a jump without it."""
    newest, odd = state.newest, state.seen.odd
    if newest is None:
        return False
    return fix.fixed_at < newest or (odd is not None and newest < fix.fixed_at < odd.fixed_at)


def finish(state: State, plan: Plan, policy: Policy) -> tuple[Event, ...]:
    """What is open at the end of a recording, or of a trip whose end was declared, closed at the newest fix."""
    if state.last is None or state.newest is None:
        return ()
    run = Run(state, state.last, state.last.point, plan, policy, None)
    if state.trip is not None:
        run.end_declared()
    run.wholly_unseen()
    hour = driving.hour_driven(state.driving)
    return tuple(run.events) if hour is None else (*run.events, hour)


def _tick(state: State, tick: Tick, plan: Plan | None, policy: Policy) -> Step:
    if plan is None or state.last is None or state.trip is None or state.gap_told:
        return Step(state, None)
    point = state.last.point
    if (tick.watermark - point.fixed_at).total_seconds() <= unseen.limit_s(point, plan, policy):
        return Step(state, None)
    told = GapOpened(trip_id=state.trip.trip_id, at=point.fixed_at, evidence=(point,))
    return Step(msgspec.structs.replace(state, gap_told=True), None, (told,))
