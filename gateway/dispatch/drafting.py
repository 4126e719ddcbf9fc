"""From names and numbers to a plan, and what the guards find about it. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from contract.milestones import Milestone, may_follow
from gateway.dispatch.errors import DispatchError, NoSuchTripError
from gateway.dispatch.estimate import (
    POLICY,
    STRAIGHT,
    Arrival,
    Door,
    Point,
    Start,
    Ways,
    back_at,
    estimate,
    is_same_door,
)
from gateway.dispatch.guards import Finding, Guard
from gateway.dispatch.hours import HandingHours
from gateway.dispatch.plan import OVER, Member, PlannedOrder, TripPlan, same_door
from storage.master import Premises, Vehicle, all_premises, drivers, vehicles
from storage.trips import Trip, TripOrder, find_order, open_trips_of, read_trips


class WantedMember(msgspec.Struct, frozen=True):
    """Somebody for a crew, by employee number."""

    employee_no: str
    role: str = "driver"


class Orders:
    """Finds orders for trips of one premises, of those that the caller may see; collects what guards find."""

    def __init__(self, connection: psycopg.Connection, premises_ids: list[UUID] | None, premises_id: UUID) -> None:
        self._connection = connection
        self._premises_ids = premises_ids
        self._premises_id = premises_id
        self.findings: list[Finding] = []

    def find(self, key: str, field: str) -> TripOrder:
        order = find_order(self._connection, self._premises_ids, self._premises_id, key)
        if order is None:
            raise DispatchError(f"there is no order {key}", field=field)
        return order

    def for_trip(self, key: str, field: str, *, coming_from: UUID | None = None) -> PlannedOrder:
        """The order as part of a plan; `coming_from` is the trip that it is moved away from."""
        order = self.find(key, field)
        self.findings += _order_findings(order, self._premises_id, coming_from, field)
        return as_planned(order)


def as_planned(order: TripOrder) -> PlannedOrder:
    door = Door(order.id, order.lat_e7, order.lon_e7, order.window_from, order.window_to)
    return PlannedOrder(order.id, order.order_no, order.milestone, door)


def plan_of(trip: Trip) -> TripPlan:
    """The trip's plan as it is on record."""
    head = trip.head
    drops = tuple(
        PlannedOrder(
            drop.order_id, drop.order_no, drop.milestone,
            Door(drop.order_id, drop.lat_e7, drop.lon_e7, drop.window_from, drop.window_to), drop.planned_arrival_at,
        )
        for drop in trip.drops
    )  # fmt: skip
    crew = tuple(Member(one.driver_id, one.employee_no, one.role) for one in trip.crew)
    return TripPlan(head.vehicle_id, head.vehicle, crew, head.planned_departure_at, drops)


def start_of(trip: Trip, plan: TripPlan, now: datetime) -> Start:
    """Where the van sets out for its open drops: from its newest fix when it is under way, else from its premises."""
    head = trip.head
    if head.departed_at is None:
        return Start(max(plan.planned_departure_at, now), head.premises_lat_e7, head.premises_lon_e7)
    if head.fixed_at is not None and head.fixed_at >= head.departed_at:
        return Start(now, head.lat_e7, head.lon_e7)
    return Start(now, head.premises_lat_e7, head.premises_lon_e7)


def vehicle_at(
    connection: psycopg.Connection, premises_id: UUID, name: str, field: str
) -> tuple[Vehicle, list[Finding]]:
    """The vehicle, retired ones too, and what is to be said of it."""
    known = vehicles(connection, premises_id)
    found = next((one for one in known if one.name == name), None)
    if found is None:
        names = ", ".join(one.name for one in known if one.retired_at is None) or "none"
        raise DispatchError(f"there is no vehicle {name!r} at these premises; in service: {names}", field=field)
    if found.retired_at is not None:
        says = f"vehicle {name} is not in service since {found.retired_at.isoformat()}: take another"
        return found, [Finding(Guard.VEHICLE_RETIRED, says, field)]
    if found.device_name is None:
        says = f"no GPS unit is fitted in {name}: its way will not be on record; waybill device fit"
        return found, [Finding(Guard.NO_DEVICE, says, field)]
    return found, []


def crew_at(
    connection: psycopg.Connection, premises: Premises, wanted: Sequence[WantedMember], at: datetime, field: str
) -> tuple[tuple[Member, ...], list[Finding]]:
    """The crew by employee numbers, and who of it is not employed on the day of `at` at the premises."""
    known = {one.employee_no: one for one in drivers(connection, premises.id)}
    day = at.astimezone(ZoneInfo(premises.tz)).date()
    members, findings = list[Member](), list[Finding]()
    for place, one in enumerate(wanted):
        here = f"{field}.{place}.employee_no"
        driver = known.get(one.employee_no)
        if driver is None:
            numbers = ", ".join(sorted(known)[:40]) or "none"
            raise DispatchError(f"no driver here has the number {one.employee_no!r}; known: {numbers}", field=here)
        if any(member.driver_id == driver.id for member in members):
            raise DispatchError(f"{one.employee_no} stands in the crew twice", field=here)
        from_on, to_on = driver.employed_from, driver.employed_to
        if (from_on is not None and day < from_on) or (to_on is not None and day > to_on):
            says = f"driver {one.employee_no} is not employed on {day}: from {from_on or '…'} to {to_on or '…'}"
            findings.append(Finding(Guard.DRIVER_NOT_EMPLOYED, says, here))
        members.append(Member(driver.id, driver.employee_no, one.role))
    return tuple(members), findings


def premises_by_id(connection: psycopg.Connection, premises_id: UUID) -> Premises:
    found = next((one for one in all_premises(connection) if one.id == premises_id), None)
    if found is None:
        raise NoSuchTripError(f"there are no premises {premises_id}")
    return found


def busy(
    connection: psycopg.Connection,
    own: Collection[UUID],
    plan: TripPlan,
    start: Start,
    home: Point | None,
    now: datetime,
    ways: Ways = STRAIGHT,
) -> list[Finding]:
    """Open trips with the same vehicle or somebody of the crew whose time overlaps with the plan's, by estimate.

    `own`: the trip itself, and one that it relieves.
    """
    return overlaps(others_of(connection, own, plan), plan, start, home, now, ways)


def others_of(connection: psycopg.Connection, own: Collection[UUID], plan: TripPlan) -> list[Trip]:
    """Open trips with the plan's vehicle or somebody of its crew, but for its own."""
    found = open_trips_of(connection, plan.vehicle_id, sorted(member.driver_id for member in plan.crew))
    return read_trips(connection, [one for one in found if one not in own])


def overlaps(
    others: Sequence[Trip], plan: TripPlan, start: Start, home: Point | None, now: datetime, ways: Ways
) -> list[Finding]:
    """Which of the trips with the plan's vehicle or crew are on the road at the plan's time, by estimate."""
    begins_at, ends_at = plan.planned_departure_at, back_at(start, plan.doors, home, ways)
    crew = {member.driver_id for member in plan.crew}
    findings: list[Finding] = []
    for other in others:
        theirs = plan_of(other)
        back = back_at(start_of(other, theirs, now), theirs.doors, home, ways)
        if other.head.departed_at is None and other.head.planned_departure_at >= ends_at:
            continue
        if back <= begins_at:
            continue
        when = f"{other.head.planned_departure_at.isoformat()} to about {back.isoformat(timespec='minutes')}"
        if other.head.vehicle_id == plan.vehicle_id:
            says = f"{plan.vehicle} is on trip {other.head.trip_no} from {when}"
            findings.append(Finding(Guard.VEHICLE_BUSY, says, "vehicle"))
        for member in other.crew:
            if member.driver_id in crew:
                says = f"{member.employee_no} is on trip {other.head.trip_no} from {when}"
                findings.append(Finding(Guard.DRIVER_BUSY, says, "crew"))
    return findings


def remarks(plan: TripPlan, arrivals: Sequence[Arrival], hours: HandingHours) -> list[Finding]:
    """What is pointed out: doors that could be joined, windows that are missed, and doors that are reached too late."""
    findings: list[Finding] = []
    for before, drop in zip([None, *plan.drops], plan.drops, strict=False):
        others = [one for one in same_door(plan, drop.door, POLICY) if plan.drops.index(one) < plan.drops.index(drop)]
        if drop.is_open and others and not (before and is_same_door(before.point, drop.point)):
            says = f"orders {others[-1].order_no} and {drop.order_no} go to one door, but not one after the other"
            findings.append(Finding(Guard.SAME_DOOR, says, "drops"))
    numbers = {drop.order_id: drop.order_no for drop in plan.drops}
    for one in arrivals:
        if one.late_s > 0:
            says = f"order {numbers[one.order_id]} would be {round(one.late_s / 60) or 1} min late"
            findings.append(Finding(Guard.LATE, says, "drops"))
        if (closed := hours.outside(one.arrival_at)) is not None:
            says = f"order {numbers[one.order_id]} would be reached outside the hours: {closed}"
            findings.append(Finding(Guard.AFTER_HOURS, says, "drops"))
    return findings


def with_arrivals(plan: TripPlan, start: Start, ways: Ways = STRAIGHT) -> tuple[TripPlan, list[Arrival]]:
    """The plan with the estimate as planned arrival of each open drop that has none, and the estimates."""
    arrivals = estimate(start, plan.doors, ways)
    estimated = {one.order_id: one.arrival_at for one in arrivals}
    drops = tuple(
        msgspec.structs.replace(drop, planned_arrival_at=drop.planned_arrival_at or estimated.get(drop.order_id))
        for drop in plan.drops
    )
    return msgspec.structs.replace(plan, drops=drops), arrivals


def _order_findings(order: TripOrder, premises_id: UUID, coming_from: UUID | None, field: str) -> list[Finding]:
    number = f"order {order.order_no}"
    if order.test:
        return [Finding(Guard.TEST_ORDER, f"{number} was made with a test key: no trip takes it", field)]
    if order.premises_id != premises_id:
        return [Finding(Guard.WRONG_PREMISES, f"{number} belongs to other premises than the trip", field)]
    findings: list[Finding] = []
    if order.lat_e7 is None or order.lon_e7 is None:
        says = (
            f"{number} has no place yet: nobody knows where {order.address!r} is; GET /v1/addresses/waiting says why, "
            f"POST /v1/orders/{order.order_no}/pin says where"
        )
        findings.append(Finding(Guard.NO_PLACE, says, field))
    if order.trip_id == coming_from and coming_from is not None:
        return findings
    if order.trip_id is not None and order.milestone not in OVER:
        says = f"{number} is on trip {order.trip_no} ({order.vehicle}): move it from there"
        findings.append(Finding(Guard.ON_ANOTHER_TRIP, says, field))
    elif not may_follow(order.milestone, Milestone.QUEUED):
        says = f"{number} is {order.milestone}: it cannot be put on a trip now"
        findings.append(Finding(Guard.NOT_READY, says, field))
    return findings
