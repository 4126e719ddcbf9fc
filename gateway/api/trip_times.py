"""The router for dispatchers: why drops came late, and a better sequence for those that are left. Holds no rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.api.callers import TripReader
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.fleet_ways import FleetWaysFor
from gateway.api.trip_access import CHANGE_TRIP, ONE_TRIP, TripKey, trip_asked_for
from gateway.dispatch.changes import must_be_open
from gateway.dispatch.drafting import plan_of, start_of
from gateway.dispatch.estimate import Start
from gateway.eta.causes import Stand, lateness
from gateway.eta.ordering import Tour, suggest
from gateway.people.permissions import Permission
from storage.eta_reports import stands_of_trip, unplanned_stops_of_trip

router = APIRouter(prefix="/v1/trips", tags=["trips"])


class LatenessOut(BaseModel):
    """Seconds later than planned, by cause; the parts add up to the whole."""

    seq: int
    order_id: UUID
    order_no: str
    planned_arrival_at: datetime | None = Field(description="as it was first planned")
    arrived_at: datetime | None
    handed_at: datetime | None = Field(description="delivered, or failed")
    missed_window_s: float = Field(description="by how much the van came after the window; 0: in time")
    whole_s: float | None = Field(description="null: the van was not there, or nothing was planned")
    ready_late_s: float | None = Field(description="goods of the trip were not packed at the planned departure")
    departed_late_s: float | None = Field(description="the rest of a late departure")
    earlier_drops_s: float | None = Field(description="longer at the doors before than is usual")
    unplanned_stops_s: float | None = Field(description="elsewhere, traffic left out")
    slow_road_s: float | None
    waiting_at_door_s: float | None = Field(description="longer at this door than is usual, until the handover")


class TourStop(BaseModel):
    order_id: UUID
    order_no: str
    arrival_at: datetime
    late_s: float


class TourOut(BaseModel):
    orders: list[TourStop]
    late_s: float = Field(description="of all drops together")
    lasts_s: float = Field(description="until the last door")


class SuggestionOut(BaseModel):
    """A sequence that may be given to POST /v1/trips/{trip}/changes as resequence."""

    present: TourOut
    suggested: TourOut
    less_late_s: float
    shorter_s: float
    sequence: list[str] = Field(description="every open order, those that the van has come to first")
    is_better: bool = Field(description="false: the present sequence is suggested")


@router.get("/{key}/lateness", summary="Why drops came later than planned, by cause", responses=ONE_TRIP)
def lateness_of_trip(key: TripKey, caller: TripReader, connection: Database) -> list[LatenessOut]:
    head = trip_asked_for(connection, caller, Permission.TRIPS_READ, key).head
    rows = stands_of_trip(connection, head.id)
    stops = unplanned_stops_of_trip(connection, head.id)
    stands = [Stand(*(getattr(row, name) for name in Stand.__struct_fields__)) for row in rows]
    told = []
    for row in rows:
        found = None
        if head.departed_at is not None:
            found = lateness(head.planned_departure_at, head.departed_at, stands, stops, row.seq)
        parts: dict[str, Any] = {name: None if found is None else getattr(found, name) for name in _PARTS}
        missed_s = 0.0 if row.arrived_at is None else max(0.0, (row.arrived_at - row.window_to).total_seconds())
        named: dict[str, Any] = {name: getattr(row, name) for name in _NAMES}
        told.append(LatenessOut(**named, missed_window_s=missed_s, **parts))
    return told


@router.get("/{key}/suggested-order", summary="A better sequence for the open drops, and what it gains",
            responses=CHANGE_TRIP)  # fmt: skip
def suggested_order(
    key: TripKey, caller: TripReader, connection: Database, now: Now, ways_for: FleetWaysFor
) -> SuggestionOut:
    trip = trip_asked_for(connection, caller, Permission.TRIPS_READ, key)
    must_be_open(trip)
    plan = plan_of(trip)
    ways = ways_for(trip.head.premises_id, trip.head.tz)
    come_to = {drop.order_id: drop for drop in trip.drops if drop.arrived_at is not None}
    visited = [door for door in plan.doors if door.order_id in come_to]
    here = [door for door in visited if come_to[door.order_id].left_at is None]
    start = start_of(trip, plan, now)
    if here:
        start = Start(now + timedelta(seconds=ways.at_door_s(here[-1])), here[-1].lat_e7, here[-1].lon_e7)
    present, found = suggest(start, [door for door in plan.doors if door not in visited], ways)
    numbers = {drop.order_id: drop.order_no for drop in trip.drops}
    return SuggestionOut(
        present=_tour(present, numbers), suggested=_tour(found, numbers), less_late_s=present.late_s - found.late_s,
        shorter_s=present.lasts_s - found.lasts_s, is_better=found is not present,
        sequence=[numbers[door.order_id] for door in (*visited, *found.doors)],
    )  # fmt: skip


_NAMES = ("seq", "order_id", "order_no", "planned_arrival_at", "arrived_at", "handed_at")
_PARTS = (
    "whole_s", "ready_late_s", "departed_late_s", "earlier_drops_s", "unplanned_stops_s", "slow_road_s",
    "waiting_at_door_s",
)  # fmt: skip


def _tour(tour: Tour, numbers: dict[UUID, str]) -> TourOut:
    stops = [
        TourStop(order_id=one.order_id, order_no=numbers[one.order_id], arrival_at=one.arrival_at, late_s=one.late_s)
        for one in tour.arrivals
    ]
    return TourOut(orders=stops, late_s=tour.late_s, lasts_s=tour.lasts_s)
