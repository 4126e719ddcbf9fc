"""The way of one fix through the engine's parts, and what each of them told on it. Refuses none, keeps no state."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gateway.tracking import deviation, doors, driving, matching, premises, stops, unseen, visits
from gateway.tracking.events import Departed, Event, Gap, Point, Returned, TripDriven
from gateway.tracking.gaps import cause_by_fixes
from gateway.tracking.plan import Plan, PlannedTrip
from gateway.tracking.policy import Policy
from gateway.tracking.state import OnTrip, State


class Run:
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
            self.doors, told = doors.follow(
                self.doors, self.point, planned, self.policy, after_gap=self.ended_gap is not None
            )  # fmt: skip
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
            self.end_declared()
        if self.trip is None and self.ended_gap is not None:
            self.wholly_unseen()
        if self.trip is None and planned is not None:
            self._begin_trip(planned.trip_id, planned.departed_at or self.point.fixed_at)
            self._skip_before_departure()
        return planned

    def end_declared(self) -> None:
        """Ends the trip that the plan says is over, or that is gone from it; silence before a declared end is a gap."""
        assert self.trip is not None
        planned = self.planned(self.trip.trip_id)
        at = self.last.point.fixed_at if self.last is not None else self.point.fixed_at
        ended_at = at if planned is None or planned.ended_at is None else planned.ended_at
        gap = None if self.last is None else unseen.until(self.last, ended_at, self.plan, self.policy)
        if gap is None:
            self.end_trip(min(at, ended_at), planned, self.driving.sums)
        else:
            self.end_trip(ended_at, planned, driving.unseen(self.driving.sums, ended_at - at), self.ended_gap or gap)

    def wholly_unseen(self) -> None:
        """Trips that are said to have left and ended within the silence: each is one gap."""
        if not self.plan.from_departure:
            return
        for trip in self.plan.trips:
            began_at, ended_at = trip.departed_at, trip.ended_at
            if began_at is None or ended_at is None or trip.trip_id in self.home.ended:
                continue
            gap = self.ended_gap
            if gap is None and self.last is not None:
                gap = unseen.until(self.last, ended_at, self.plan, self.policy)
            begins_unseen = self.last is None or self.last.point.fixed_at < began_at
            if gap is not None and begins_unseen and gap.began_at <= began_at < ended_at <= gap.at:
                self._begin_trip(trip.trip_id, began_at)
                self.end_trip(ended_at, trip, driving.unseen(self.driving.sums, ended_at - began_at), gap)

    def _skip_before_departure(self) -> None:
        """Of a silence over the declared departure, the trip's facts count what came after it."""
        assert self.trip is not None
        if self.ended_gap is None:
            return
        sums, began_at = self.driving.sums, self.trip.began_at
        if self.last is None:
            self.driving = driving.with_sums(self.driving, driving.unseen(sums, self.point.fixed_at - began_at))
        elif began_at > self.last.point.fixed_at:
            before = driving.unseen(sums, began_at - self.last.point.fixed_at)
            self.driving = driving.trip_begins(self.driving, before)

    def _begin_trip(self, trip_id: str | None, began_at: datetime) -> None:
        self.trip = OnTrip(trip_id, began_at)
        self.doors, self.off_route = doors.NOWHERE, deviation.ON_ROUTE
        self.driving = driving.trip_begins(self.driving, self.driving.sums)

    def end_trip(
        self, at: datetime, planned: PlannedTrip | None, sums: driving.Sums, gap: Gap | None = None
    ) -> None:  # fmt: skip
        """Closes what is open on the trip, and tells its driving facts; `gap` is the silence in which it ended."""
        assert self.trip is not None
        seen_at = at if gap is None else max(gap.began_at, self.trip.began_at)
        self.stopping, stop = stops.close(self.stopping, at, self._ground(planned), before_gap=gap is not None)
        if stop is not None:
            self.events.append(stop)
        if gap is not None:
            self._tell_gap(gap, at)
        off = deviation.close(self.off_route, seen_at, sums.distance_mm, self.trip.trip_id or "")
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

    def _tell_gap(self, gap: Gap, ended_at: datetime | None = None) -> None:
        """As much of the gap as lies within the trip, unless that is no longer than a time without fixes may be."""
        assert self.trip is not None
        began_at = gap.began_at if self.plan.without_trips else max(gap.began_at, self.trip.began_at)
        at = gap.at if ended_at is None else min(gap.at, ended_at)
        cut = began_at > gap.began_at or at < gap.at
        if cut and (at - began_at).total_seconds() <= gap.limit_s:
            return
        cause = cause_by_fixes(gap)
        self.events.append(
            msgspec.structs.replace(gap, trip_id=self.trip.trip_id, began_at=began_at, at=at, cause=cause)
        )  # fmt: skip

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
        if planned is not None and planned.ended_at is not None and planned.ended_at <= self.point.fixed_at:
            return None  # it was over before its departure was confirmed
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
