"""The one engine: fixes of a device in, events out. Pure: no clock, no storage; live and history use the same step."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from contract.fix import Fix
from contract.geo import distance_m
from contract.reasons import RefusalRule
from gateway.tracking.events import Arrived, ArrivingSoon, Departed, Event, Left, Point, Returned, Tick
from gateway.tracking.filter import Seen, judge
from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip
from gateway.tracking.policy import Policy
from gateway.tracking.presence import Presence, watch


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine remembers of one device between fixes."""

    vehicle_id: str | None = None
    seen: Seen = Seen()
    newest: datetime | None = None  # fixed_at of the newest fix that counted: the device's watermark
    home: Presence = Presence()
    away: bool = False  # was seen well outside the premises since the last return; only then can it come back
    door_id: str | None = None  # the drop at whose door the vehicle is, or is about to be
    door: Presence = Presence()
    under_way: str | None = None  # the trip that has departed
    told_soon: tuple[str, ...] = ()  # drops whose arriving_soon is told
    left: tuple[str, ...] = ()  # drops of the trip under way whose door was left
    ended: tuple[str, ...] = ()  # trips ended since the plan was read


class Step(msgspec.Struct, frozen=True):
    """The outcome of one fix."""

    state: State
    refused_by: RefusalRule | None
    events: tuple[Event, ...] = ()
    late: bool = False  # older than the watermark: its trip is to be derived again


def step(state: State, fix: Fix | Tick, plan: Plan | None, policy: Policy) -> Step:
    """The state after `fix` and what it showed. A tick shows only what is provisional and changes no later event.

    1. filter: a refused fix changes nothing else; 2. a late fix waits for re-derivation; 3. premises: departure
    and return; 4. doors: near, arrived, left.
    """
    if isinstance(fix, Tick):
        return Step(state, None)
    if plan is not None and state.vehicle_id not in (None, plan.vehicle_id):
        state = State(vehicle_id=plan.vehicle_id)  # the unit was fitted into another vehicle
    seen, refused_by = judge(state.seen, fix, policy)
    state = msgspec.structs.replace(state, seen=seen)
    if refused_by is not None:
        return Step(state, refused_by)
    if state.newest is not None and fix.fixed_at <= state.newest:
        return Step(state, None, late=True)
    state = msgspec.structs.replace(state, newest=fix.fixed_at)
    if plan is None:
        return Step(state, None)
    state = msgspec.structs.replace(state, vehicle_id=plan.vehicle_id)
    point = Point(fix.fixed_at, fix.lat_e7, fix.lon_e7, fix.seq, fix.speed_mps)
    state, at_home = _premises(state, point, plan, policy)
    trip = _trip_under_way(state, plan)
    if trip is None:
        return Step(state, None, at_home)
    state, at_doors = _doors(state, point, trip, policy)
    return Step(state, None, at_home + at_doors)


def _premises(state: State, point: Point, plan: Plan, policy: Policy) -> tuple[State, tuple[Event, ...]]:
    """Departure and return, by the premises' circle."""
    if plan.premises_lat_e7 is None or plan.premises_lon_e7 is None:
        return state, ()
    home, turn = watch(state.home, point, plan.premises_lat_e7, plan.premises_lon_e7, policy.premises_radius_m, policy)
    away_m = distance_m(point.lat_e7, point.lon_e7, plan.premises_lat_e7, plan.premises_lon_e7)
    well_outside = not home.inside and away_m > policy.premises_radius_m + policy.leave_slack_m
    was_away, trip = state.away, _trip_under_way(state, plan)
    state = msgspec.structs.replace(state, home=home, away=not home.inside and (was_away or well_outside))
    if turn is None:
        return state, ()
    if not turn.entered and trip is None:
        return _depart(state, turn.at.fixed_at, turn.evidence, plan, policy)
    if turn.entered and trip is not None and was_away:
        state = msgspec.structs.replace(
            state, under_way=None, left=(), told_soon=(), door=Presence(), door_id=None,
            ended=(*state.ended[-9:], trip.trip_id),
        )  # fmt: skip
        return state, (Returned(trip_id=trip.trip_id, at=turn.at.fixed_at, evidence=turn.evidence),)
    return state, ()


def _depart(
    state: State, at: datetime, evidence: tuple[Point, ...], plan: Plan, policy: Policy
) -> tuple[State, tuple[Event, ...]]:
    soonest = timedelta(seconds=policy.early_departure_s)
    for trip in plan.trips:
        if trip.departed_at is None and trip.trip_id not in state.ended and trip.planned_departure_at - at <= soonest:
            state = msgspec.structs.replace(state, under_way=trip.trip_id)
            return state, (Departed(trip_id=trip.trip_id, at=at, evidence=evidence),)
    return state, ()


def _trip_under_way(state: State, plan: Plan) -> PlannedTrip | None:
    """The trip the vehicle is on: departed by our detection, or declared so in the plan."""
    for trip in plan.trips:
        if trip.trip_id in state.ended:
            continue
        if trip.trip_id == state.under_way or (state.under_way is None and trip.departed_at is not None):
            return trip
    return None


def _doors(state: State, point: Point, trip: PlannedTrip, policy: Policy) -> tuple[State, tuple[Event, ...]]:
    """Near a door, at a door, gone from it."""
    drop = next((d for d in trip.drops if d.drop_id == state.door_id), None)
    if drop is None or not (state.door.inside or state.door.turning):
        drop = _nearest_open(state, point, trip)
    if drop is None or drop.lat_e7 is None or drop.lon_e7 is None:
        return state, ()
    door = state.door if drop.drop_id == state.door_id else Presence()
    door, turn = watch(door, point, drop.lat_e7, drop.lon_e7, policy.door_radius_m, policy)
    state = msgspec.structs.replace(state, door=door, door_id=drop.drop_id)
    if turn is None:
        return _near(state, point, trip, drop, policy)
    kind = Arrived if turn.entered else Left
    told = kind(
        trip_id=trip.trip_id, drop_id=drop.drop_id, order_id=drop.order_id, at=turn.at.fixed_at, evidence=turn.evidence
    )
    if not turn.entered:
        state = msgspec.structs.replace(state, left=(*state.left, drop.drop_id), door_id=None, door=Presence())
    return state, (told,)


def _nearest_open(state: State, point: Point, trip: PlannedTrip) -> PlannedDrop | None:
    """The open drop nearest to `point`: drivers do not always keep the planned order."""
    open_drops = [
        (distance_m(point.lat_e7, point.lon_e7, d.lat_e7, d.lon_e7), d.seq, d)
        for d in trip.drops
        if d.lat_e7 is not None and d.lon_e7 is not None and d.drop_id not in state.left and d.left_at is None
    ]
    return min(open_drops, key=lambda entry: entry[:2])[2] if open_drops else None


def _near(
    state: State, point: Point, trip: PlannedTrip, drop: PlannedDrop, policy: Policy
) -> tuple[State, tuple[Event, ...]]:
    """Tells once that the vehicle comes near the drop that is next in the plan."""
    upcoming = min(
        (d for d in trip.drops if not d.closed and d.drop_id not in state.left), key=lambda d: d.seq, default=None
    )
    if upcoming is None or upcoming.drop_id != drop.drop_id or drop.drop_id in state.told_soon:
        return state, ()
    if state.door.inside or drop.arrived_at is not None or drop.lat_e7 is None or drop.lon_e7 is None:
        return state, ()
    if distance_m(point.lat_e7, point.lon_e7, drop.lat_e7, drop.lon_e7) > policy.soon_m:
        return state, ()
    state = msgspec.structs.replace(state, told_soon=(*state.told_soon, drop.drop_id))
    soon = ArrivingSoon(
        trip_id=trip.trip_id, drop_id=drop.drop_id, order_id=drop.order_id, at=point.fixed_at, evidence=(point,)
    )
    return state, (soon,)
