"""The router for exceptions: what has to be explained, and the explanation that closes it. Finds none."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from contract.geo import from_e7
from gateway.api.callers import Caller, ExceptionWriter, TripReader
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.problems import refusals
from gateway.api.texts import LongText
from gateway.api.trip_models import StrictModel
from gateway.derive.reasons import NoSuchExceptionError, explain
from gateway.people.permissions import Permission
from storage.exceptions import ExceptionRow, exceptions_found

router = APIRouter(prefix="/v1/exceptions", tags=["trips"])

_WHO = {"_401": "No session and no API key", "_403": "No right to exceptions"}


class ExceptionOut(BaseModel):
    id: UUID
    kind: str
    premises: str
    trip_no: str | None = Field(description="null: what a unit said outside of trips")
    vehicle: str
    zone: str | None
    from_at: datetime
    to_at: datetime | None = Field(description="null: still")
    lat: float | None
    lon: float | None
    rule: str = Field(description="what was broken, in words and numbers")
    opened_at: datetime
    closed_at: datetime | None
    explanation: str | None
    explained_by: str | None
    withdrawn: bool = Field(description="what is known now does not show it any more")


class Explanation(StrictModel):
    explanation: Annotated[LongText, Field(min_length=1)]


@router.get("", summary="What has to be explained, the newest first", responses=refusals(**_WHO))
def list_exceptions(
    caller: TripReader, connection: Database,
    everything: Annotated[bool, Query(alias="all", description="closed ones too")] = False,  # noqa: FBT002
    kind: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> list[ExceptionOut]:  # fmt: skip
    found = exceptions_found(
        connection, _seen(caller, Permission.TRIPS_READ), everything=everything, kind=kind, limit=limit
    )
    return [_out(one) for one in found]


@router.post(
    "/{exception_id}/explain", summary="Says why it happened; that closes it",
    responses=refusals(**_WHO, _404="There is no such exception", _409="It was withdrawn"),
)  # fmt: skip
def explain_exception(
    exception_id: Annotated[str, Path(max_length=64)], wanted: Explanation, caller: ExceptionWriter,
    connection: Database, now: Now,
) -> ExceptionOut:  # fmt: skip
    found = _one(connection, caller, exception_id)
    explain(connection, found, wanted.explanation, actor=caller.actor, at=now)
    return _out(_one(connection, caller, exception_id))


def _one(connection: psycopg.Connection, caller: Caller, exception_id: str) -> ExceptionRow:
    scope = _seen(caller, Permission.EXCEPTIONS_WRITE)
    found = exceptions_found(connection, scope, everything=True, beginning=exception_id, limit=2)
    if [str(one.id) for one in found] != [exception_id.lower()]:
        raise NoSuchExceptionError(f"there is no exception {exception_id}")
    return found[0]


def _seen(caller: Caller, permission: Permission) -> list[UUID] | None:
    return [] if caller.test else caller.scope(permission).listed


def _out(one: ExceptionRow) -> ExceptionOut:
    return ExceptionOut(
        id=one.id, kind=one.kind, premises=one.premises_code, trip_no=one.trip_no, vehicle=one.vehicle_name,
        zone=one.zone_name, from_at=one.from_at, to_at=one.to_at, rule=one.rule, opened_at=one.opened_at,
        closed_at=one.closed_at, explanation=one.explanation, explained_by=one.explained_by, withdrawn=one.withdrawn,
        lat=None if one.lat_e7 is None else from_e7(one.lat_e7),
        lon=None if one.lon_e7 is None else from_e7(one.lon_e7),
    )  # fmt: skip
