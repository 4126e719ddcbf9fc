"""Changes of a trip's plan: worked out with their effects first, written when they are confirmed. Commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from contract.milestones import Milestone
from gateway.dispatch.drafting import (
    Orders,
    WantedMember,
    busy,
    crew_at,
    others_of,
    overlaps,
    plan_of,
    premises_by_id,
    remarks,
    start_of,
    vehicle_at,
    with_arrivals,
)
from gateway.dispatch.errors import DispatchConflictError, DispatchError
from gateway.dispatch.estimate import POLICY, STRAIGHT, Effect, Start, Ways, effects, estimate
from gateway.dispatch.guards import Finding, Guard, refuse
from gateway.dispatch.hours import HandingHours
from gateway.dispatch.plan import Member, TripPlan, insert, join_doors, remove, resequence
from gateway.dispatch.profiles_of import profile_of_trip
from gateway.dispatch.wanted_changes import (
    Assign,
    Change,
    ChangeCrew,
    ChangeDeparture,
    ChangeRoute,
    ChangeVehicle,
    JoinDoors,
    Move,
    Remove,
    Resequence,
    SendBack,
)
from storage.ledger import aboard
from storage.legs import left_the_trip
from storage.master import Premises
from storage.trips import Trip, find_trips, read_trips


class Replanned(msgspec.Struct, frozen=True):
    """One trip before and after."""

    trip: Trip
    before: TripPlan
    after: TripPlan
    effects: Sequence[Effect]
    findings: Sequence[Finding]


class WorkedOut(msgspec.Struct, frozen=True):
    """What changes together do: to their own trip first, then to others that orders come from or go to."""

    trips: Sequence[Replanned]
    kinds: tuple[str, ...]
    sent_back: Sequence[tuple[UUID, SendBack]]
    taken_out: Sequence[tuple[Trip, UUID]]  # orders whose goods are out of a van in the yard
    goods_alone: Sequence[tuple[UUID, UUID]]  # order, and the trip that takes over what its customer left
    findings: Sequence[Finding]


class Workbench:
    """The plans of the trips that the changes touch, while they are worked out."""

    def __init__(
        self, connection: psycopg.Connection, trip: Trip, premises_ids: list[UUID] | None, now: datetime,
        ways: Ways = STRAIGHT,
    ) -> None:  # fmt: skip
        must_be_open(trip)
        self._connection = connection
        self._premises_ids = premises_ids
        self._now = now
        self._ways = ways
        self._own = trip.head.id
        self._premises = premises_by_id(connection, trip.head.premises_id)
        self._trips: dict[UUID, Trip] = {}
        self._plans: dict[UUID, TripPlan] = {}
        self._take(trip)
        self._orders = Orders(connection, premises_ids, trip.head.premises_id)
        self._findings: list[Finding] = []
        self._sent_back: list[tuple[UUID, SendBack]] = []
        self._taken_out: list[tuple[Trip, UUID]] = []
        self._goods_alone: list[tuple[UUID, UUID]] = []
        self._starts: dict[UUID, Start] = {}

    def apply(self, change: Change, field: str) -> None:
        """Makes the change on the workbench."""
        match change:
            case Assign():
                order = self._orders.for_trip(change.order, f"{field}.order")
                self._plan = insert(self._plan, order, change.position, POLICY)
            case Resequence():
                order_ids = [self._orders.find(key, f"{field}.orders").id for key in change.orders]
                self._plan = resequence(self._plan, order_ids)
            case Remove():
                self._remove(change, field)
            case SendBack():
                self._send_back(change, field)
            case Move():
                self._move(change, field)
            case ChangeCrew() | ChangeVehicle() | ChangeDeparture() | ChangeRoute():
                self._alter(change, field)
            case JoinDoors():
                self._plan = join_doors(self._plan, POLICY)

    def take_over(self, trip: Trip, start: Start, sequence: Sequence[str] | None, field: str) -> None:
        """The other trip goes on from `start`, where it has taken goods over, in this sequence of its open orders."""
        self._starts[trip.head.id] = start
        if sequence is not None:
            order_ids = [self._orders.find(key, field).id for key in sequence]
            self._plans[trip.head.id] = resequence(self._plans[trip.head.id], order_ids)

    def done(self, kinds: Sequence[str], accepted: Sequence[str]) -> WorkedOut:
        """What all changes did; raises when a guard refuses."""
        findings = [*self._orders.findings, *self._findings]
        for trip_id, plan in self._plans.items():
            findings += self._busy(self._trips[trip_id], plan) + self._came_back(self._trips[trip_id], plan)
        refuse(findings, accepted)
        trips = [self._replanned(trip_id) for trip_id in self._plans]
        pointed_out = [one for trip in trips for one in trip.findings]
        return WorkedOut(
            trips, tuple(kinds), tuple(self._sent_back), tuple(self._taken_out), tuple(self._goods_alone),
            (*findings, *pointed_out),
        )  # fmt: skip

    @property
    def _plan(self) -> TripPlan:
        return self._plans[self._own]

    @_plan.setter
    def _plan(self, plan: TripPlan) -> None:
        self._plans[self._own] = plan

    def _take(self, trip: Trip) -> None:
        self._trips[trip.head.id] = trip
        self._plans[trip.head.id] = plan_of(trip)

    def _remove(self, change: Remove, field: str) -> None:
        order = self._orders.find(change.order, f"{field}.order")
        if self._trips[self._own].head.departed_at is not None and order.milestone is not Milestone.CANCELLED:
            says = f"the trip is under way: send order {order.order_no} back with a reason_code, or move it"
            raise DispatchConflictError(says, field=f"{field}.kind")
        self._plan = remove(self._plan, order.id)
        self._goods_stay(order.id, order.order_no, f"{field}.order", unloaded=change.unloaded)

    def _goods_stay(self, order_id: UUID, order_no: str, field: str, *, unloaded: bool) -> None:
        """Goods do not leave a van in the yard because a plan says so: somebody takes them out, and says it."""
        trip = self._trips[self._own]
        if trip.head.departed_at is not None or not aboard(
            self._connection, trip_ids=[self._own], order_ids=[order_id]
        ):
            return
        if unloaded:
            self._taken_out.append((trip, order_id))
            return
        says = (
            f"the goods of order {order_no} are in {trip.head.vehicle}: take them out (unload), or say unloaded: true "
            f"when they are out; left aboard they hold {trip.head.trip_no} back"
        )
        self._findings.append(Finding(Guard.GOODS_ABOARD, says, field))

    def _send_back(self, change: SendBack, field: str) -> None:
        order = self._orders.find(change.order, f"{field}.order")
        if self._trips[self._own].head.departed_at is None:
            says = f"the trip has not left: take order {order.order_no} off it with remove"
            raise DispatchConflictError(says, field=f"{field}.kind")
        drop = next((one for one in self._plan.drops if one.order_id == order.id), None)
        if drop is None or not drop.is_open:
            raise DispatchConflictError(f"order {order.order_no} is not open on this trip", field=f"{field}.order")
        closed = tuple(
            msgspec.structs.replace(one, milestone=Milestone.FAILED) if one is drop else one for one in self._plan.drops
        )
        self._plan = msgspec.structs.replace(self._plan, drops=closed)
        self._sent_back.append((order.id, change))

    def _move(self, change: Move, field: str) -> None:
        other = self._other(change.to_trip, field)
        orders = Orders(self._connection, self._premises_ids, other.head.premises_id)
        position = change.position
        for place, key in enumerate(change.orders):
            if change.with_goods_to_bring_back and self._goes_without_drop(key, other, f"{field}.orders.{place}"):
                continue
            order = orders.for_trip(key, f"{field}.orders.{place}", coming_from=self._own)
            self._plan = remove(self._plan, order.order_id)
            self._goods_stay(order.order_id, order.order_no, f"{field}.orders.{place}", unloaded=change.unloaded)
            if not order.is_open and not change.with_goods_to_bring_back:
                raise DispatchConflictError(f"order {order.order_no} is {order.milestone}: it stays where it is",
                                            field=f"{field}.orders.{place}")  # fmt: skip
            self._plans[other.head.id] = insert(self._plans[other.head.id], order, position, POLICY)
            position = None if position is None else position + 1
        self._findings += orders.findings

    def _goes_without_drop(self, key: str, other: Trip, field: str) -> bool:
        """Whether the order is delivered: what is left of it goes over, its drop is history and stays."""
        order = self._orders.find(key, field)
        if order.milestone is not Milestone.DELIVERED or order.premises_id != other.head.premises_id:
            return False
        named = any(order.id == one for one, _ in self._goods_alone)
        if named or not aboard(self._connection, trip_ids=[self._own], order_ids=[order.id]):
            says = f"order {order.order_no} is delivered: nothing is left of it to be taken over"
            raise DispatchConflictError(says, field=field)
        self._goods_alone.append((order.id, other.head.id))
        return True

    def _other(self, key: str, field: str) -> Trip:
        found = find_trips(self._connection, self._premises_ids, key)
        if len(found) != 1:
            raise DispatchError(f"there is no one trip {key}", field=f"{field}.to_trip")
        if found[0] == self._own:
            raise DispatchError("orders move to another trip, not to their own", field=f"{field}.to_trip")
        if found[0] not in self._trips:
            (trip,) = read_trips(self._connection, found, lock=True)
            must_be_open(trip)
            self._take(trip)
        return self._trips[found[0]]

    def _alter(self, change: ChangeCrew | ChangeVehicle | ChangeDeparture | ChangeRoute, field: str) -> None:
        departed = self._trips[self._own].head.departed_at is not None
        if departed and not isinstance(change, ChangeRoute):
            says = "the trip is under way: another crew or vehicle takes its goods over (POST /v1/trips/{trip}/rescue)"
            raise DispatchConflictError(says, field=f"{field}.kind")
        replace = msgspec.structs.replace
        match change:
            case ChangeCrew():
                self._plan = replace(self._plan, crew=self._crew(change.crew, f"{field}.crew"))
            case ChangeVehicle():
                name, premises_id = change.vehicle, self._premises.id
                vehicle, findings = vehicle_at(self._connection, premises_id, name, f"{field}.vehicle")
                self._findings += findings
                self._plan = replace(self._plan, vehicle_id=vehicle.id, vehicle=vehicle.name)
            case ChangeDeparture():
                self._plan = replace(self._plan, planned_departure_at=change.planned_departure_at)
                members = tuple(WantedMember(one.employee_no, one.role) for one in self._plan.crew)
                self._crew(members, f"{field}.planned_departure_at")
            case ChangeRoute():
                self._plan = replace(self._plan, planned_route=change.planned_route, keeps_route=False)

    def _crew(self, wanted: tuple[WantedMember, ...], field: str) -> tuple[Member, ...]:
        crew, findings = crew_at(self._connection, self._premises, wanted, self._plan.planned_departure_at, field)
        self._findings += findings
        return crew

    def _busy(self, trip: Trip, plan: TripPlan) -> list[Finding]:
        before = plan_of(trip)
        if (before.vehicle_id, before.crew, before.planned_departure_at) == (
            plan.vehicle_id, plan.crew, plan.planned_departure_at,
        ):  # fmt: skip
            return self._into_next(trip, before, plan)
        return busy(self._connection, (trip.head.id,), plan, start_of(trip, plan, self._now), home_of(self._premises),
                    self._now, self._ways)  # fmt: skip

    def _into_next(self, trip: Trip, before: TripPlan, plan: TripPlan) -> list[Finding]:
        """Other trips of the vehicle or crew that more orders run into, as they did not before."""
        if before.doors == plan.doors:
            return []
        # Vehicle, crew and departure are the same before and after, and so are the other trips.
        others = others_of(self._connection, tuple(self._plans), plan)
        had, has = (
            overlaps(others, each, start_of(trip, each, self._now), home_of(self._premises), self._now, self._ways)
            for each in (before, plan)
        )
        return [Finding(Guard.INTO_NEXT_TRIP, one.says, "drops") for one in has if one not in had]

    def _came_back(self, trip: Trip, plan: TripPlan) -> list[Finding]:
        held = {drop.order_id for drop in trip.drops}
        new = {drop.order_id: drop.order_no for drop in plan.drops if drop.order_id not in held}
        says = f"was on {trip.head.trip_no} already and left it under way: plan it on another trip"
        return [
            Finding(Guard.LEFT_THIS_TRIP, f"order {new[one]} {says}", "orders")
            for one in left_the_trip(self._connection, trip.head.id, list(new))
        ]

    def _replanned(self, trip_id: UUID) -> Replanned:
        trip, after = self._trips[trip_id], self._plans[trip_id]
        before = plan_of(trip)
        bare = msgspec.structs.replace(after, drops=tuple(
            msgspec.structs.replace(drop, planned_arrival_at=None) if drop.is_open else drop for drop in after.drops
        ))  # fmt: skip
        planned, arrivals = with_arrivals(
            bare, self._starts.get(trip_id) or start_of(trip, after, self._now), self._ways
        )
        told = effects(estimate(start_of(trip, before, self._now), before.doors, self._ways), arrivals)
        profile = profile_of_trip(self._connection, trip.head, self._now)
        hours = HandingHours(trip.head.tz, trip.head.hours, profile)
        return Replanned(trip, before, planned, told, remarks(planned, arrivals, hours))


def home_of(premises: Premises) -> tuple[int, int] | None:
    return None if premises.lat_e7 is None or premises.lon_e7 is None else (premises.lat_e7, premises.lon_e7)


def must_be_open(trip: Trip) -> None:
    """Raises when the trip has ended."""
    if trip.head.ended_at is not None:
        how = "was cancelled" if trip.head.cancelled else f"ended at {trip.head.ended_at.isoformat()}"
        raise DispatchConflictError(f"trip {trip.head.trip_no} {how}: its plan cannot change any more")
