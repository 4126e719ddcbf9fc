"""Plans a trip: checked and estimated first, written then. Commits nothing: the caller does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from gateway.dispatch.drafting import (
    Orders,
    WantedMember,
    busy,
    crew_at,
    remarks,
    vehicle_at,
    with_arrivals,
)
from gateway.dispatch.errors import DispatchError
from gateway.dispatch.estimate import POLICY, STRAIGHT, Arrival, Effect, Start, Ways, effects
from gateway.dispatch.guards import Finding, refuse
from gateway.dispatch.hours import HandingHours
from gateway.dispatch.plan import TripPlan, as_document, join_doors
from gateway.dispatch.profile import PLAIN, in_force
from gateway.dispatch.profiles_of import newest_settings, pin
from gateway.orders.service import plan_trip
from storage.audit import Actor
from storage.events import put_event
from storage.master import Premises
from storage.orders import CrewMember, NewDrop, NewTrip
from storage.profiles import profile_of_premises
from storage.trips import WrittenChange, put_trip_change, read_trips


class WantedTrip(msgspec.Struct, frozen=True, kw_only=True):
    """A trip as a dispatcher asks for it: names and numbers."""

    vehicle: str
    crew: tuple[WantedMember, ...]
    orders: tuple[tuple[str, datetime | None], ...]  # number or id, planned arrival
    planned_departure_at: datetime
    planned_route: tuple[tuple[int, int], ...] | None = None
    join_doors: bool = False
    accept: tuple[str, ...] = ()
    reason: str | None = None


class Drafted(msgspec.Struct, frozen=True):
    """A plan that may be made, what it does, and what is pointed out."""

    plan: TripPlan
    arrivals: Sequence[Arrival]
    findings: Sequence[Finding]

    @property
    def effects(self) -> list[Effect]:
        return effects([], self.arrivals)


def draft_trip(
    connection: psycopg.Connection, premises: Premises, premises_ids: list[UUID] | None, wanted: WantedTrip,
    now: datetime, ways: Ways = STRAIGHT,
) -> Drafted:  # fmt: skip
    """The plan that `wanted` asks for; raises when a guard refuses it."""
    vehicle, findings = vehicle_at(connection, premises.id, wanted.vehicle, "body.vehicle")
    crew, crew_findings = crew_at(connection, premises, wanted.crew, wanted.planned_departure_at, "body.crew")
    orders = Orders(connection, premises_ids, premises.id)
    drops = []
    for place, (key, planned_arrival_at) in enumerate(wanted.orders):
        order = orders.for_trip(key, f"body.orders.{place}.order")
        drops.append(msgspec.structs.replace(order, planned_arrival_at=planned_arrival_at))
    if len({drop.order_id for drop in drops}) < len(drops):
        raise DispatchError("an order stands in this plan twice", field="body.orders")
    if not drops:
        raise DispatchError(f"a trip of {vehicle.name} needs at least one order", field="body.orders")
    plan = TripPlan(vehicle.id, vehicle.name, crew, wanted.planned_departure_at, tuple(drops))
    if wanted.join_doors:
        plan = join_doors(plan, POLICY)
    plan = msgspec.structs.replace(plan, planned_route=wanted.planned_route)
    start = Start(max(plan.planned_departure_at, now), premises.lat_e7, premises.lon_e7)
    home = None if premises.lat_e7 is None or premises.lon_e7 is None else (premises.lat_e7, premises.lon_e7)
    findings = [*findings, *crew_findings, *orders.findings, *busy(connection, (), plan, start, home, now, ways)]
    refuse(findings, wanted.accept)
    plan, arrivals = with_arrivals(plan, start, ways)
    profile = in_force(newest_settings(connection, profile_of_premises(connection, premises.id) or PLAIN))
    hours = HandingHours(premises.tz, premises.hours, profile)
    return Drafted(plan, arrivals, [*findings, *remarks(plan, arrivals, hours)])


def put_planned_trip(
    connection: psycopg.Connection, premises: Premises, drafted: Drafted, actor: Actor, at: datetime, *,
    reason: str | None = None, told_at: datetime | None = None,
) -> UUID:  # fmt: skip
    """Writes the drafted trip with its first plan; its id. `told_at`: when it is told, of one that was planned `at`."""
    plan = drafted.plan
    new = NewTrip(
        premises_id=premises.id, vehicle_id=plan.vehicle_id, planned_departure_at=plan.planned_departure_at,
        crew=tuple(CrewMember(one.driver_id, one.role) for one in plan.crew), planned_route=plan.planned_route,
        drops=tuple(NewDrop(drop.order_id, drop.planned_arrival_at) for drop in plan.drops),
    )  # fmt: skip
    placed = plan_trip(connection, new, actor, at, told_at=told_at)
    pin(connection, placed.id, premises.id, at)
    (trip,) = read_trips(connection, [placed.id])
    change = WrittenChange(
        trip=trip.head, plan_version=trip.head.plan_version, kinds=["planned"], at=at, actor=actor, reason=reason,
        before=None, after=as_document(plan),
    )  # fmt: skip
    put_trip_change(connection, change)
    body = {
        "trip_no": placed.trip_no, "vehicle": plan.vehicle, "planned_departure_at": plan.planned_departure_at,
        "orders": [drop.order_no for drop in plan.drops],
    }  # fmt: skip
    put_event(connection, "trip.planned", at, premises.id, body, trip_id=placed.id)
    return placed.id
