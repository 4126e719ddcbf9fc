"""Where a van stands in its trip, and from there the estimate of every door that is left. Pure: asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from contract.milestones import Milestone
from gateway.dispatch.estimate import Door, Point, Start, Ways, tour
from gateway.dispatch.plan import OVER
from gateway.eta.policy import POLICY, EtaPolicy
from gateway.eta.spread import Outlook, Quantiles, outlook
from storage.eta import DropToForecast, TripToForecast

# The age of a van's position that has not left: it stands where it is known to stand.
_IN_THE_YARD_S = 0.0


class Outcome(msgspec.Struct, frozen=True):
    """What is computed for one open drop."""

    drop: DropToForecast
    trip: TripToForecast
    outlook: Outlook
    source: str
    fixed_at: datetime | None
    drops_before: int


def is_over(drop: DropToForecast) -> bool:
    return Milestone(drop.milestone) in OVER


def is_awaited(drop: DropToForecast) -> bool:
    """Whether the van has yet to come to this door."""
    return not is_over(drop) and drop.arrived_at is None


def start_of(
    trip: TripToForecast, drops: Sequence[DropToForecast], ways: Ways, now: datetime, free_at: datetime | None,
    policy: EtaPolicy = POLICY,
) -> Start:  # fmt: skip
    """Where and when the van sets out for the doors that are left; `free_at`: it is on another trip until then."""
    if trip.departed_at is None:
        leaves_at = max(trip.planned_departure_at, now, *([free_at] if free_at else []))
        return Start(leaves_at, trip.premises_lat_e7, trip.premises_lon_e7)
    at_door = [one for one in drops if one.arrived_at is not None and one.left_at is None and not is_over(one)]
    if at_door:
        drop = at_door[-1]
        assert drop.arrived_at is not None
        usual_s = ways.at_door_s(door_of(drop))
        least_s = max(policy.least_at_door_s, policy.least_at_door_share * usual_s)
        left_s = max(least_s, usual_s - (now - drop.arrived_at).total_seconds())
        return Start(now + timedelta(seconds=left_s), *_place_at(trip, drop))
    if trip.fixed_at is None or trip.fixed_at < trip.departed_at:
        unheard_s = min((now - trip.departed_at).total_seconds(), policy.drives_on_s)
        return Start(now - timedelta(seconds=max(0.0, unheard_s)), trip.premises_lat_e7, trip.premises_lon_e7)
    moving = trip.speed_mps is None or trip.speed_mps > policy.standing_mps
    age_s = (now - trip.fixed_at).total_seconds() if moving else 0.0
    return Start(
        now - timedelta(seconds=max(0.0, min(age_s, policy.drives_on_s))),
        trip.lat_e7,
        trip.lon_e7,
        trip.course_deg if moving else None,
    )


def forecast_trip(
    trip: TripToForecast, drops: Sequence[DropToForecast], ways: Ways, now: datetime,
    spreads: Mapping[int, Quantiles], free_at: datetime | None = None, policy: EtaPolicy = POLICY,
) -> tuple[list[Outcome], datetime]:  # fmt: skip
    """An outcome for every door that the van has yet to come to, and when it is back."""
    awaited = [drop for drop in drops if is_awaited(drop)]
    start = start_of(trip, drops, ways, now, free_at, policy)
    doors = [door_of(drop) for drop in awaited]
    arrivals, back_at = tour(start, doors, _home(trip), ways)
    age_s = _fix_age_s(trip, now)
    found = []
    for place, (drop, arrival) in enumerate(zip(awaited, arrivals, strict=True)):
        seen = outlook(max(arrival.arrival_at, now), now, age_s, drop.window_to, spreads)
        fixed_at = trip.fixed_at if _has_fix(trip) else None
        found.append(Outcome(drop, trip, seen, arrival.source.name.lower(), fixed_at, place))
    return found, back_at


def door_of(drop: DropToForecast) -> Door:
    return Door(drop.order_id, drop.lat_e7, drop.lon_e7, drop.window_from, drop.window_to)


def outcomes_by_order(found: Sequence[Outcome]) -> dict[UUID, Outcome]:
    """An order that stands on two open trips is forecast by the one that goes first."""
    chosen: dict[UUID, Outcome] = {}
    for one in found:
        chosen.setdefault(one.drop.order_id, one)
    return chosen


def _fix_age_s(trip: TripToForecast, now: datetime) -> float:
    if trip.departed_at is None:
        return _IN_THE_YARD_S
    heard_at = trip.fixed_at if _has_fix(trip) and trip.fixed_at is not None else trip.departed_at
    return max(0.0, (now - heard_at).total_seconds())


def _has_fix(trip: TripToForecast) -> bool:
    return trip.departed_at is not None and trip.fixed_at is not None and trip.fixed_at >= trip.departed_at


def _place_at(trip: TripToForecast, drop: DropToForecast) -> tuple[int | None, int | None]:
    if drop.lat_e7 is None:
        return trip.lat_e7, trip.lon_e7
    return drop.lat_e7, drop.lon_e7


def _home(trip: TripToForecast) -> Point | None:
    if trip.premises_lat_e7 is None or trip.premises_lon_e7 is None:
        return None
    return trip.premises_lat_e7, trip.premises_lon_e7
