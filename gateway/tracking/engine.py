"""The one engine: fixes of a device in, events out. Pure: no clock, no storage; live and history use the same step."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contract.fix import Fix
from contract.reasons import RefusalRule
from gateway.tracking import deviation, doors, driving, matching, premises, stops, unseen, visits
from gateway.tracking.events import Departed, Event, Gap, GapOpened, Point, Returned, Tick, TripDriven
from gateway.tracking.filter import judge
from gateway.tracking.gaps import cause_by_fixes
from gateway.tracking.plan import Plan, PlannedTrip
from gateway.tracking.policy import Policy
from gateway.tracking.state import OnTrip, State

__all__ = ["State", "Step", "finish", "step"]


class Step(msgspec.Struct, frozen=True):
    """The outcome of one fix."""

    state: State
    refused_by: RefusalRule | None
    events: tuple[Event, ...] = ()
    late: bool = False  # older than the watermark: its trip is to be derived again


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
    last = state.last
    if refused_by is not None:
        return Step(msgspec.structs.replace(state, seen=seen, last=unseen.refuse(last, fix)), refused_by)
    if state.newest is not None and fix.fixed_at <= state.newest:
        seq = 0 if last is None else last.point.seq
        late = fix.fixed_at < state.newest or fix.seq < seq
        return Step(msgspec.structs.replace(state, seen=seen), None, late=late)
    if plan is None:
        newest = unseen.Newest(point, fix.spool_id, fix.boot_id, fix.ignition)
        return Step(msgspec.structs.replace(state, seen=seen, newest=fix.fixed_at, last=newest), None)
    gap, stuck_since = (None, None) if last is None else unseen.look(last, fix, point, plan, policy)
    newest = unseen.Newest(point, fix.spool_id, fix.boot_id, fix.ignition, stuck_since=stuck_since)
    run = _Run(state, last, point, plan, policy, gap)
    run.follow()
    after = State(
        plan.vehicle_id, seen, fix.fixed_at, newest, run.home, run.trip, run.doors, run.stopping, run.visits,
        run.off_route, run.driving, run.at_turn, run.gap, hidden=run.hidden,
    )  # fmt: skip
    return Step(after, None, tuple(run.events))


def finish(state: State, plan: Plan, policy: Policy) -> tuple[Event, ...]:
    """What is open at the end of a recording, or of a trip whose end was declared, closed at the newest fix."""
    if state.last is None or state.newest is None:
        return ()
    run = _Run(state, state.last, state.last.point, plan, policy, None)
    if state.trip is not None:
        run.end_trip(state.newest, run.planned(state.trip.trip_id), state.driving.sums)
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


class _Run:
    """One fix on its way through the engine's parts; lives for one step only."""

    __slots__ = (
        "at_turn", "doors", "driving", "ended_gap", "events", "gap", "hidden", "home", "last", "off_route", "plan",
        "point", "policy", "stopping", "trip", "visits",
    )  # fmt: skip

    def __init__(
        self, state: State, last: unseen.Newest | None, point: Point, plan: Plan, policy: Policy, gap: Gap | None
    ) -> None:
        self.last, self.point, self.plan, self.policy = last, point, plan, policy
        self.ended_gap = gap
        self.home, self.trip, self.doors = state.home, state.trip, state.doors
        self.stopping, self.visits, self.off_route = state.stopping, state.visits, state.off_route
        self.driving, self.at_turn, self.gap, self.hidden = state.driving, state.at_turn, state.gap, state.hidden
        self.events: list[Event] = []

    def follow(self) -> None:
        """Through all parts, in an order in which each finds what it needs."""
        planned = self._settle_trip()
        self._gap()
        self._stop(planned)
        self._drive()
        planned = self._premises(planned)
        if planned is not None:
            self.doors, told = doors.follow(self.doors, self.point, planned, self.policy)
            self.events.extend(told)
            self._route(planned)
        if self.plan.zones is not None:
            self._zones()
        if len(self.events) > 1:
            self.events.sort(key=lambda event: event.at)

    def planned(self, trip_id: str | None) -> PlannedTrip | None:
        """The trip in the plan."""
        return next((trip for trip in self.plan.trips if trip.trip_id == trip_id), None)

    def _settle_trip(self) -> PlannedTrip | None:
        """The trip under way by the plan as it is now: one may have been declared, or declared over, since."""
        planned = premises.under_way(self.home, self.point.fixed_at, self.plan)
        if self.plan.without_trips:
            if self.trip is None:
                self._begin_trip(None, self.point.fixed_at)
            return None
        trip_id = None if planned is None else planned.trip_id
        if self.trip is not None and self.trip.trip_id != trip_id:
            before = self.planned(self.trip.trip_id)
            ended_at = before.ended_at if before is not None and before.ended_at is not None else None
            at = self.last.point.fixed_at if self.last is not None else self.point.fixed_at
            self.end_trip(at if ended_at is None else min(at, ended_at), before, self.driving.sums)
        if self.trip is None and planned is not None:
            self._begin_trip(planned.trip_id, planned.departed_at or self.point.fixed_at)
        return planned

    def _begin_trip(self, trip_id: str | None, began_at: datetime) -> None:
        self.trip = OnTrip(trip_id, began_at)
        self.doors, self.off_route = doors.NOWHERE, deviation.ON_ROUTE
        self.driving = driving.trip_begins(self.driving, self.driving.sums)

    def end_trip(self, at: datetime, planned: PlannedTrip | None, sums: driving.Sums) -> None:
        """Closes what is open on the trip, and tells its driving facts."""
        assert self.trip is not None
        self.stopping, stop = stops.close(self.stopping, at, self._ground(planned))
        if stop is not None:
            self.events.append(stop)
        off = deviation.close(self.off_route, at, sums.distance_mm, self.trip.trip_id or "")
        if off is not None:
            self.events.append(off)
        driven = driving.between(self.driving.at_trip, sums, self.driving.trip_max_mps)
        at = max(at, self.trip.began_at)
        self.events.append(TripDriven(trip_id=self.trip.trip_id, began_at=self.trip.began_at, at=at, driven=driven))
        self.trip, self.doors, self.off_route = None, doors.NOWHERE, deviation.ON_ROUTE

    def _gap(self) -> None:
        if self.ended_gap is None:
            return
        gap = msgspec.structs.replace(self.ended_gap, cause=cause_by_fixes(self.ended_gap))
        self.hidden = matching.hide(self.hidden, gap, self.policy)
        if self.trip is None:
            self.gap = gap
        else:
            self._tell_gap(gap)

    def _tell_gap(self, gap: Gap) -> None:
        assert self.trip is not None
        began_at = gap.began_at if self.plan.without_trips else max(gap.began_at, self.trip.began_at)
        self.events.append(msgspec.structs.replace(gap, trip_id=self.trip.trip_id, began_at=began_at))

    def _ground(self, planned: PlannedTrip | None) -> stops.Ground:
        trip = self.trip
        return stops.Ground(
            self.plan, planned, trip.began_at if trip else None, trip is not None and trip.was_away, self.policy
        )

    def _stop(self, planned: PlannedTrip | None) -> None:
        self.stopping, told = stops.follow(
            self.stopping, self.point, self.policy, lambda: self._ground(planned),
            after_gap=self.ended_gap is not None,
        )  # fmt: skip
        self.events.extend(told)

    def _drive(self) -> None:
        self.driving, hour = driving.hour_of(self.driving, self.point)
        if hour is not None:
            self.events.append(hour)
        if self.last is None:
            self.driving = driving.first(self.driving, self.point)
        elif self.ended_gap is not None:
            self.driving = driving.over_gap(self.driving, self.last.point, self.point)
        else:
            standing = self.stopping.stood.confirmed
            self.driving = driving.add(
                self.driving, self.last.point, self.point, self.last.ignition, self.policy, standing=standing
            )

    def _premises(self, planned: PlannedTrip | None) -> PlannedTrip | None:
        """Departure and return; gives the trip that is under way afterwards."""
        was = self.home.presence

        def drops_open() -> bool:
            return planned is not None and doors.any_open(self.doors, planned, self.policy)

        self.home, events = premises.follow(
            self.home, self.point, self.plan, self.policy, drops_open=drops_open, hidden=self.hidden
        )
        told = events[-1] if events else None
        self.events.extend(events[:-1])
        presence = self.home.presence
        settled = presence.last_inside is self.point and self.home.entering is None and not isinstance(told, Returned)
        if settled or (presence.turning and not was.turning and not presence.inside):
            self.at_turn = self.driving.sums
        if self.trip is not None and self.home.away and not self.trip.was_away:
            self.trip = OnTrip(self.trip.trip_id, self.trip.began_at, was_away=True)
        if isinstance(told, Departed):
            return self._depart(told)
        if isinstance(told, Returned):
            self.end_trip(told.at, planned, self.at_turn)
            self.events.append(told)
            return None
        return planned

    def _depart(self, told: Departed) -> PlannedTrip | None:
        planned = self.planned(told.trip_id)
        self.events.append(told)
        if self.trip is None:
            self._begin_trip(told.trip_id, told.at)
            self.driving = driving.trip_begins(self.driving, self.at_turn)
            if self.gap is not None and self.gap.at > told.at:
                self._tell_gap(self.gap)
        self.gap, self.hidden = None, ()
        return planned

    def _route(self, planned: PlannedTrip) -> None:
        if planned.route is None:
            return
        before = self.last.point if self.last is not None else None
        self.off_route, told = deviation.follow(
            self.off_route, before, self.point, planned.route, self.driving.sums.distance_mm, planned.trip_id,
            self.policy,
        )  # fmt: skip
        if told is not None:
            self.events.append(told)

    def _zones(self) -> None:
        """Of a vehicle that stands the place counts, not the fix: a parked receiver wanders over borders near it."""
        assert self.plan.zones is not None
        point, stood = self.point, self.stopping.stood
        if stood.confirmed and not stood.away:
            lat_e7, lon_e7 = stood.place
            point = Point(point.fixed_at, lat_e7, lon_e7, point.seq, point.speed_mps)
        self.visits, told = visits.follow(
            self.visits, self.last.point if self.last is not None else None, point, self.plan.zones,
            self.trip.trip_id if self.trip is not None else None, self.policy, after_gap=self.ended_gap is not None,
        )  # fmt: skip
        self.events.extend(told)
