"""How endpoints find the trip that is asked for, for whoever may see it, and answer with it. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import HTTPException, Path, Response

from gateway.api.callers import Caller
from gateway.api.etags import etag_of, must_match
from gateway.api.problems import refusals
from gateway.api.trip_models import TripOut, to_trip_out
from gateway.dispatch.errors import DispatchConflictError, DispatchError, NoSuchTripError
from gateway.people.permissions import Permission
from storage.trips import Trip, find_trips, lock_plans, read_trips

WHO = {"_401": "No session and no API key", "_403": "No right to trips"}
ONE_TRIP = refusals(**WHO, _404="There is no such trip")
CHANGE_TRIP = refusals(
    **WHO, _404="There is no such trip", _409="Not with trips, orders and vehicles as they are",
    _412="It has changed since it was read",
)  # fmt: skip
TripKey = Annotated[str, Path(max_length=64, pattern=r"^[^\x00-\x1f]+$", description="the trip's id or number")]


def scope_of_trips(caller: Caller, permission: Permission) -> list[UUID] | None:
    """Premises whose trips the caller may use; a test key has no trips."""
    return [] if caller.test else caller.scope(permission).listed


def trip_asked_for(
    connection: psycopg.Connection, caller: Caller, permission: Permission, key: str, *, lock: bool = False
) -> Trip:
    found = find_trips(connection, scope_of_trips(caller, permission), key)
    if not found:
        raise NoSuchTripError(f"there is no trip {key}")
    if len(found) > 1:
        raise DispatchConflictError(f"several premises have a trip {key}: ask for it by its id")
    (trip,) = read_trips(connection, found, lock=lock)
    return trip


def trip_for_change(connection: psycopg.Connection, caller: Caller, key: str, if_match: str | None) -> Trip:
    trip = trip_asked_for(connection, caller, Permission.TRIPS_WRITE, key)
    lock_plans(connection, trip.head.premises_id)
    (trip,) = read_trips(connection, [trip.head.id], lock=True)
    must_match(if_match, lambda: etag_of(to_trip_out(trip)))
    return trip


def trip_of_crew(
    connection: psycopg.Connection, caller: Caller, permission: Permission, key: str, *, lock: bool = False
) -> Trip:
    """The trip, for dispatch or for somebody of its crew; to a driver a foreign trip is none."""
    own = [] if caller.driver_id is None else find_trips(connection, None, key, driver_id=caller.driver_id)
    if not own:
        return trip_asked_for(connection, caller, permission, key, lock=lock)
    (trip,) = read_trips(connection, own[:1], lock=lock)
    return trip


def told_time(caller: Caller, trip_premises: UUID, at: datetime | None, now: datetime) -> datetime:
    """When a plan or load was made: now, or earlier when whoever brings along a past may say so."""
    if at is None:
        return now
    if trip_premises not in caller.scope(Permission.RECORDS_IMPORT):
        says = f"{caller.actor.name} has no right to {Permission.RECORDS_IMPORT}: leave `at` out, and it is made now"
        raise HTTPException(HTTPStatus.FORBIDDEN, says)
    return not_in_future(at, now)


def not_in_future(at: datetime | None, now: datetime) -> datetime:
    if at is not None and at > now:
        says = f"at lies in the future: {at.isoformat()} is after {now.isoformat()}"
        raise DispatchError(says, field="body.at")
    return at or now


def tagged(response: Response, trip: Trip) -> TripOut:
    out = to_trip_out(trip)
    response.headers["ETag"] = etag_of(out)
    return out
