"""Leaving the premises and coming back: which trip departs, when one ends. Knows no doors and no stops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from gateway.tracking.events import Departed, DepartureUnseen, Point, Returned
from gateway.tracking.matching import Hidden, Match, match
from gateway.tracking.plan import Plan, PlannedTrip
from gateway.tracking.plane import METRES_PER_E7, flat_m
from gateway.tracking.policy import Policy
from gateway.tracking.presence import OUTSIDE, Presence, Turn, watch

_KEPT_ENDED = 24  # a vehicle's plan holds few trips at a time
PremisesEvent = Departed | DepartureUnseen | Returned


class Home(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of the vehicle and its premises."""

    presence: Presence = Presence()
    away: bool = False  # was seen well outside since the last return; only then can it come back
    under_way: str | None = None  # the trip that was seen departing
    ended: tuple[str, ...] = ()  # trips that were seen returning, the newest last
    entering: Turn | None = None  # came inside on a trip with open drops: back, or only passing


def away_from_premises(lat_e7: int, lon_e7: int, plan: Plan, policy: Policy) -> tuple[float, float] | None:
    """Metres from the premises' centre and their radius; from the yard's border, negative inside, and 0."""
    if plan.premises_zone_id is not None and plan.zones is not None:
        away_m = plan.zones.away_m(plan.premises_zone_id, lat_e7, lon_e7)
        if away_m is not None:
            return away_m, 0.0
    if plan.premises_lat_e7 is None or plan.premises_lon_e7 is None:
        return None
    return flat_m(lat_e7, lon_e7, plan.premises_lat_e7, plan.premises_lon_e7), policy.premises_radius_m


def follow(
    home: Home,
    point: Point,
    plan: Plan,
    policy: Policy,
    *,
    drops_open: Callable[[], bool],
    hidden: tuple[Hidden, ...] = (),
) -> tuple[Home, tuple[PremisesEvent, ...]]:
    """What is known after `point`, and the departure or return that it confirmed, the last of what is told.

    `hidden` are the times since the last departure in which the vehicle may have made a round that nobody saw.
    While drops are open a vehicle is back only when it has been inside for `return_dwell_s`.
    """
    if home.away and home.presence == OUTSIDE and home.entering is None and _far_north_or_south(point, plan, policy):
        return home, ()
    measured = away_from_premises(point.lat_e7, point.lon_e7, plan, policy)
    if measured is None:
        return home, ()
    away_m, radius_m = measured
    presence, turn = watch(home.presence, point, away_m, radius_m, policy)
    away = not presence.inside and (home.away or away_m > radius_m + policy.leave_slack_m)
    if turn is None and home.entering is None:
        if presence is home.presence and away == home.away:
            return home, ()
        return Home(presence, away, home.under_way, home.ended), ()
    if turn is not None and not turn.entered:
        return _leave(home, presence, turn, away, departing(home, turn.at.fixed_at, plan, hidden, policy))
    entering = turn if turn is not None and home.away else home.entering
    trip = under_way(home, point.fixed_at, plan)
    if trip is None or entering is None:
        return Home(presence, away, home.under_way, home.ended), ()
    if point.fixed_at - entering.at.fixed_at < timedelta(seconds=policy.return_dwell_s) and drops_open():
        return Home(presence, away, home.under_way, home.ended, entering), ()
    evidence = entering.evidence if turn is not None else (*entering.evidence, point)
    returned = Returned(trip_id=trip.trip_id, at=entering.at.fixed_at, evidence=evidence)
    return Home(presence, away, None, (*home.ended[1 - _KEPT_ENDED :], trip.trip_id)), (returned,)


def _far_north_or_south(point: Point, plan: Plan, policy: Policy) -> bool:
    """Whether the latitude alone shows that the vehicle is out on the road, as it mostly is."""
    if plan.premises_zone_id is not None or plan.premises_lat_e7 is None:
        return False
    apart_m = abs(point.lat_e7 - plan.premises_lat_e7) * METRES_PER_E7
    return apart_m > policy.premises_radius_m + policy.leave_slack_m


def _leave(
    home: Home, presence: Presence, turn: Turn, away: bool, found: Match | None  # noqa: FBT001
) -> tuple[Home, tuple[PremisesEvent, ...]]:  # fmt: skip
    """Out of the premises: a departure, unless it only passed them on its trip."""
    if found is None or home.entering is not None:
        return Home(presence, away, home.under_way, home.ended), ()
    at = turn.at.fixed_at
    unseen = tuple(
        DepartureUnseen(
            trip_id=trip.trip_id, at=hidden.after.fixed_at, departed_at=at, spool_id=hidden.spool_id,
            evidence=(hidden.before, hidden.after),
        )
        for trip, hidden in found.unseen
    )  # fmt: skip
    ended = (*home.ended, *(one.trip_id for one in unseen))[-_KEPT_ENDED:]
    told = Departed(trip_id=found.trip.trip_id, at=at, evidence=turn.evidence)
    return Home(presence, away, found.trip.trip_id, ended), (*unseen, told)


def under_way(home: Home, at: datetime, plan: Plan) -> PlannedTrip | None:
    """The trip the vehicle is on: seen departing, or said in the plan to have departed."""
    for trip in plan.trips:
        if trip.trip_id in home.ended or (trip.ended_at is not None and trip.ended_at <= at):
            continue
        if trip.trip_id == home.under_way:
            return trip
        if home.under_way is None and trip.departed_at is not None and trip.departed_at <= at:
            return trip
    if home.under_way is None or any(trip.trip_id == home.under_way for trip in plan.trips):
        return None
    # The trip that was seen departing was ended by somebody on the road, for example because another crew took over.
    return under_way(Home(ended=home.ended), at, plan)


def departing(home: Home, at: datetime, plan: Plan, hidden: tuple[Hidden, ...], policy: Policy) -> Match | None:
    """The trip that leaves: the one said to be under way but not seen leaving yet, else the one that fits the plan."""
    if home.under_way is not None and any(trip.trip_id == home.under_way for trip in plan.trips):
        return None
    soonest = timedelta(seconds=policy.early_departure_s)
    declared = under_way(home, at, plan)
    if declared is not None:
        return Match(declared)
    candidates = [
        trip for trip in plan.trips
        if trip.departed_at is None and trip.trip_id not in home.ended and trip.planned_departure_at - at <= soonest
        and (trip.ended_at is None or trip.ended_at > at)
    ]  # fmt: skip
    return match(candidates, at, hidden, policy) if candidates else None
