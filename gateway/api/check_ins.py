"""The router for check-ins: crews say that all is well, dispatch sees who does not. Holds no rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import psycopg
from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from contract.geo import from_e7, to_e7
from gateway.api.callers import TripReader, TripSpeaker, TripWatcher, TripWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.problems import refusals
from gateway.api.texts import LongText
from gateway.api.trip_access import (
    CHANGE_TRIP,
    ONE_TRIP,
    WHO,
    TripKey,
    not_in_future,
    scope_of_trips,
    trip_for_change,
    trip_of_crew,
)
from gateway.api.trip_models import Name, StrictModel
from gateway.dispatch.check_ins import Said, check_in, hear, interval_of, intervals_of, next_due_at
from gateway.dispatch.crew_words import Word
from gateway.dispatch.errors import DispatchError, NoSuchTripError
from gateway.people.permissions import Permission
from storage.check_ins import CheckIn, check_ins_of_trips, trips_to_check_in
from storage.trips import Trip, as_uuid, read_trips

router = APIRouter(prefix="/v1", tags=["trips"], route_class=IdempotentRoute)

Kind = Literal["interval", "arrive", "depart", "emergency"]
Channel = Literal["app", "phone", "radio", "in_person"]


class CheckInIn(StrictModel):
    """All is well, or not. A driver speaks for themselves; dispatch names who said it and by which channel."""

    kind: Kind = "interval"
    at: AwareDatetime | None = Field(None, description="when it was said; left out: now")
    employee_no: Name | None = Field(None, description="who of the crew said it, when somebody else records it")
    channel: Channel = "app"
    lat: float | None = Field(None, ge=-90, le=90, description="left out: where the vehicle's unit says it was")
    lon: float | None = Field(None, ge=-180, le=180)
    note: Annotated[LongText, Field(min_length=1)] | None = None


class CheckInOut(BaseModel):
    id: UUID
    kind: str
    at: datetime
    employee_no: str
    channel: str
    recorded_by: str = Field(description="whose account or key recorded it")
    recorded_at: datetime
    lat: float | None
    lon: float | None
    place_source: str | None = Field(description="said with it, or where the vehicle's unit was")
    note: str | None
    due_at: datetime | None = Field(description="null: the profile asks for none")
    late_s: float | None = Field(description="how long after it was due; 0: in time")
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class CheckIns(BaseModel):
    """The check-ins of a trip, and when the next one is due."""

    trip_no: str
    vehicle: str
    interval_s: float | None = Field(description="how often the trip's profile wants one; null: never")
    next_due_at: datetime | None
    overdue_s: float | None = Field(description="null: none is overdue")
    check_ins: list[CheckInOut]


class Duty(BaseModel):
    """A trip under way whose profile asks for check-ins."""

    trip_no: str
    premises: str
    vehicle: str
    crew: list[str] = Field(description="employee numbers")
    last_at: datetime | None
    next_due_at: datetime
    overdue_s: float | None = Field(description="null: none is overdue")
    emergency: bool = Field(description="a call for help that nobody has acknowledged")


@router.get("/check-ins", summary="Trips under way that have to check in, the most overdue first",
            responses=refusals(**WHO))  # fmt: skip
def duties(
    caller: TripReader, connection: Database, now: Now,
    overdue: Annotated[bool, Query(description="only those that have not checked in in time")] = False,  # noqa: FBT002
) -> list[Duty]:  # fmt: skip
    scope = scope_of_trips(caller, Permission.TRIPS_READ)
    trips = read_trips(connection, trips_to_check_in(connection, scope, now))
    said = check_ins_of_trips(connection, [trip.head.id for trip in trips])
    intervals = intervals_of(connection, trips, now)
    told = [_duty(trip, said[trip.head.id], intervals[trip.head.id], now) for trip in trips]
    found = [duty for duty in told if duty is not None]
    found.sort(key=lambda one: (not one.emergency, one.next_due_at))
    return [one for one in found if one.overdue_s is not None or not overdue]


@router.get("/trips/{key}/check-ins", summary="Check-ins of a trip, and when the next one is due", responses=ONE_TRIP)
def list_check_ins(key: TripKey, caller: TripWatcher, connection: Database, now: Now) -> CheckIns:
    return _told(connection, trip_of_crew(connection, caller, Permission.TRIPS_READ, key), now)


@router.post("/trips/{key}/check-ins", status_code=201, summary="Records that the crew says all is well, or not",
             dependencies=[Once], responses=CHANGE_TRIP)  # fmt: skip
def record_check_in(key: TripKey, wanted: CheckInIn, caller: TripSpeaker, connection: Database, now: Now) -> CheckIns:
    if (wanted.lat is None) != (wanted.lon is None):
        raise DispatchError("lat and lon belong together: give both or neither", field="body.lat")
    trip = trip_of_crew(connection, caller, Permission.TRIPS_WRITE, key, lock=True)
    word = Word(
        actor=caller.actor, driver_id=caller.driver_id, premises_ids=scope_of_trips(caller, Permission.TRIPS_WRITE),
        employee_no=wanted.employee_no, reason=None if wanted.channel == "app" else wanted.channel,
    )  # fmt: skip
    place = None if wanted.lat is None or wanted.lon is None else (to_e7(wanted.lat), to_e7(wanted.lon))
    said = Said(kind=wanted.kind, at=not_in_future(wanted.at, now), channel=wanted.channel, place=place,
                note=wanted.note)  # fmt: skip
    check_in(connection, trip, word, said, now)
    return _told(connection, trip, now)


@router.post("/trips/{key}/check-ins/{check_in_id}/acknowledge", summary="Says that dispatch has heard it",
             dependencies=[Once], responses=CHANGE_TRIP)  # fmt: skip
def acknowledge_check_in(
    key: TripKey, check_in_id: Annotated[str, Path(max_length=64)], caller: TripWriter, connection: Database, now: Now
) -> CheckIns:
    trip = trip_for_change(connection, caller, key, None)
    known = as_uuid(check_in_id)
    if known is None:
        raise NoSuchTripError(f"{trip.head.trip_no} has no check-in {check_in_id}")
    hear(connection, trip, known, caller.actor, now)
    return _told(connection, trip, now)


def _told(connection: psycopg.Connection, trip: Trip, now: datetime) -> CheckIns:
    said = check_ins_of_trips(connection, [trip.head.id])[trip.head.id]
    interval = interval_of(connection, trip, now)
    due_at = next_due_at(trip, said, interval)
    return CheckIns(
        trip_no=trip.head.trip_no, vehicle=trip.head.vehicle, next_due_at=due_at, overdue_s=_overdue_s(due_at, now),
        interval_s=None if interval is None else interval.total_seconds(), check_ins=[_out(one) for one in said],
    )  # fmt: skip


def _duty(trip: Trip, said: list[CheckIn], interval: timedelta | None, now: datetime) -> Duty | None:
    due_at = next_due_at(trip, said, interval)
    if due_at is None:
        return None
    head = trip.head
    return Duty(
        trip_no=head.trip_no, premises=head.premises, vehicle=head.vehicle, next_due_at=due_at,
        crew=[one.employee_no for one in trip.crew], last_at=said[-1].at if said else None,
        overdue_s=_overdue_s(due_at, now),
        emergency=any(one.kind == "emergency" and one.acknowledged_at is None for one in said),
    )  # fmt: skip


def _overdue_s(due_at: datetime | None, now: datetime) -> float | None:
    return None if due_at is None or now <= due_at else (now - due_at).total_seconds()


def _out(one: CheckIn) -> CheckInOut:
    late = None if one.due_at is None else max(timedelta(), one.at - one.due_at).total_seconds()
    values = {name: getattr(one, name) for name in CheckInOut.model_fields if name not in ("lat", "lon", "late_s")}
    return CheckInOut(
        **values, late_s=late, lat=None if one.lat_e7 is None else from_e7(one.lat_e7),
        lon=None if one.lon_e7 is None else from_e7(one.lon_e7),
    )  # fmt: skip
