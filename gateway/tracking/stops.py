"""Stops of a trip with their reasons, made of standstills. Decides neither where trips begin nor what stands still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from contract.places import PlaceKind
from contract.reasons import StopReason
from gateway.tracking.events import Point, StopBegan, StopEnded
from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip
from gateway.tracking.plane import flat_m
from gateway.tracking.policy import Policy
from gateway.tracking.premises import away_from_premises
from gateway.tracking.standstill import DRIVING, Ended, Standstill, broken_off, observe, since

_PLACES = {
    PlaceKind.FUEL: StopReason.FUEL,
    PlaceKind.REPAIR: StopReason.VEHICLE_REPAIR,
    PlaceKind.REST: StopReason.REST,
    PlaceKind.HUB: StopReason.COURIER_HUB,
}


class Stopping(msgspec.Struct, frozen=True, omit_defaults=True):
    """The standstill that is watched, and whether it was told as a stop."""

    stood: Standstill = DRIVING
    told: bool = False


class Ground(msgspec.Struct, frozen=True):
    """What a stop's reason is looked for in."""

    plan: Plan
    trip: PlannedTrip | None
    trip_began_at: datetime | None
    away: bool  # the vehicle has been away from the premises on this trip
    policy: Policy


class Why(msgspec.Struct, frozen=True):
    """The reason of a stop, and what it was matched to."""

    reason: StopReason
    drop: PlannedDrop | None = None
    place_id: str | None = None


def follow(
    stopping: Stopping, point: Point, policy: Policy, ground_of: Callable[[], Ground], *, after_gap: bool
) -> tuple[Stopping, tuple[StopBegan | StopEnded, ...]]:
    """What is watched after `point`, and what it showed; nothing is told of standstills off a trip."""
    look = broken_off if after_gap else observe
    stood, ended = look(stopping.stood, point, policy)
    if ended is None and stood is stopping.stood:
        return stopping, ()
    if ended is None and (stopping.told or not stood.confirmed):
        return Stopping(stood, stopping.told), ()
    ground = ground_of()
    events: tuple[StopBegan | StopEnded, ...] = ()
    told = stopping.told
    if ended is not None:
        if told:
            events = (_ended(ended, ground, before_gap=after_gap),)
        told = False
    if stood.confirmed and not told and _counts(stood, ground):
        return Stopping(stood, told=True), (*events, _began(stood, ground))
    return Stopping(stood, told), events


def close(stopping: Stopping, at: datetime, ground: Ground, *, before_gap: bool) -> tuple[Stopping, StopEnded | None]:
    """Ends the stop that is open, because the trip ended at `at`, or was last seen then."""
    if not stopping.told:
        return stopping, None
    stood = stopping.stood
    assert stood.last is not None
    ended = _ended(Ended(stood, stood.last, ()), ground, before_gap=before_gap)
    if ended.at > at:
        ended = msgspec.structs.replace(ended, at=max(at, ended.began_at))
    return Stopping(stood, told=False), ended


def _counts(stood: Standstill, ground: Ground) -> bool:
    """Whether a standstill is a stop of the trip: one that began before it did is not."""
    if ground.trip is None:
        return ground.plan.without_trips
    return ground.trip_began_at is None or since(stood) >= ground.trip_began_at


def _began(stood: Standstill, ground: Ground) -> StopBegan:
    assert stood.first is not None
    assert stood.last is not None
    lat_e7, lon_e7 = stood.place
    why = reason_of(lat_e7, lon_e7, (stood.last.fixed_at - since(stood)).total_seconds(), ground)
    return StopBegan(
        trip_id=ground.trip.trip_id if ground.trip else None,
        at=since(stood),
        lat_e7=lat_e7,
        lon_e7=lon_e7,
        reason=why.reason,
        evidence=(stood.first, stood.last),
        drop_id=why.drop.drop_id if why.drop else None,
        order_id=why.drop.order_id if why.drop else None,
        place_id=why.place_id,
        after_gap=stood.after_gap,
    )


def _ended(ended: Ended, ground: Ground, *, before_gap: bool) -> StopEnded:
    stood = ended.stood
    assert stood.first is not None
    lat_e7, lon_e7 = stood.place
    why = reason_of(lat_e7, lon_e7, (ended.at.fixed_at - since(stood)).total_seconds(), ground)
    return StopEnded(
        trip_id=ground.trip.trip_id if ground.trip else None,
        began_at=since(stood),
        at=ended.at.fixed_at,
        lat_e7=lat_e7,
        lon_e7=lon_e7,
        reason=why.reason,
        evidence=(stood.first, ended.at, *ended.shown_by),
        fixes=stood.points,
        drop_id=why.drop.drop_id if why.drop else None,
        order_id=why.drop.order_id if why.drop else None,
        place_id=why.place_id,
        after_gap=stood.after_gap,
        before_gap=before_gap,
    )


def reason_of(lat_e7: int, lon_e7: int, lasted_s: float, ground: Ground) -> Why:
    """Why a vehicle stood there for so long: a drop's door, the premises, a known place, traffic, else unexplained."""
    brief = lasted_s < ground.policy.traffic_below_s
    drop = _nearest_drop(lat_e7, lon_e7, ground.policy.door_brief_m if brief else ground.policy.door_radius_m, ground)
    if drop is not None:
        return Why(StopReason.DELIVERY, drop)
    measured = away_from_premises(lat_e7, lon_e7, ground.plan, ground.policy)
    if measured is not None and measured[0] <= measured[1]:
        return Why(StopReason.RETURN_PREMISES if ground.away else StopReason.DEPART_PREMISES)
    near = [
        (away_m, place)
        for place in ground.plan.places
        if (away_m := flat_m(lat_e7, lon_e7, place.lat_e7, place.lon_e7)) <= place.radius_m
    ]
    if near:
        place = min(near, key=lambda entry: (entry[0], entry[1].place_id))[1]
        return Why(_PLACES[place.kind], place_id=place.place_id)
    return Why(StopReason.TRAFFIC if brief else StopReason.UNEXPLAINED)


def _nearest_drop(lat_e7: int, lon_e7: int, radius_m: float, ground: Ground) -> PlannedDrop | None:
    if ground.trip is None:
        return None
    near = [
        (away_m, drop.seq, drop)
        for drop in ground.trip.drops
        if drop.lat_e7 is not None
        and drop.lon_e7 is not None
        and (away_m := flat_m(lat_e7, lon_e7, drop.lat_e7, drop.lon_e7)) <= radius_m
    ]
    return min(near, key=lambda entry: entry[:2])[2] if near else None
