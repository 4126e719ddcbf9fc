"""The router for known places, where a stop explains itself: lists, one, add, change, retire. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from contract.geo import from_e7, to_e7
from gateway.api.callers import Caller, MasterReader, MasterWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch, etag_of, must_match
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.master_lists import ADDED, CHANGED, LISTED, ONE, Key, Wanted, of_caller, tagged
from gateway.api.premises import premises_of
from gateway.api.texts import Text
from gateway.master.changes import only
from gateway.master.zones import NewPlace, add_place, change_place, retire_place
from gateway.people.permissions import Permission
from storage.master import Selection
from storage.zones import Place, select_places

router = APIRouter(prefix="/v1/known-places", tags=["master data"], route_class=IdempotentRoute)
Kind = Literal["fuel", "repair", "rest", "hub"]


class PlaceChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = "fuel"
    lat: float = Field(0, ge=-90, le=90)
    lon: float = Field(0, ge=-180, le=180)
    radius_m: float = Field(60, ge=5, le=2000, description="how far about it a stop belongs to it")


class PlaceIn(PlaceChange):
    """A new known place."""

    name: Text = Field(max_length=120, description="name for people", examples=["Shell Kamppi"])
    kind: Kind
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    premises: Text | None = Field(None, description="the premises' code; left out: the caller's only one")


class PlaceOut(BaseModel):
    id: UUID
    premises: str
    name: str
    kind: str
    lat: float
    lon: float
    radius_m: float
    from_at: datetime | None
    to_at: datetime | None
    created_at: datetime


class PlacePage(BaseModel):
    places: list[PlaceOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


@router.get("", summary="Known places by premises and name", responses=LISTED)
def list_places(caller: MasterReader, connection: Database, now: Now, wanted: Wanted) -> PlacePage:
    found = select_places(connection, wanted.selection(connection, caller), now)
    return PlacePage(places=[_out(one) for one in found[: wanted.limit]], next=wanted.next_of(found, "name"))


@router.post("", status_code=201, summary="Adds a known place", dependencies=[Once], responses=ADDED)
def add(response: Response, wanted: PlaceIn, caller: MasterWriter, connection: Database, now: Now) -> PlaceOut:
    premises = premises_of(connection, caller, Permission.MASTER_WRITE, wanted.premises)
    values = as_stored(wanted.model_dump(exclude={"premises"}))
    return tagged(response, _out(add_place(connection, premises, NewPlace(**values), actor=caller.actor, at=now)))


@router.get("/{key}", summary="One known place", responses=ONE)
def one_place(response: Response, key: Key, caller: MasterReader, connection: Database, now: Now) -> PlaceOut:
    return tagged(response, _out(_found(connection, caller, Permission.MASTER_READ, key, now)))


@router.patch(
    "/{key}", summary="Changes a known place; it gets a new id, the old one ends now", dependencies=[Once],
    responses=CHANGED,
)  # fmt: skip
def change(
    response: Response, key: Key, wanted: PlaceChange, caller: MasterWriter, connection: Database, now: Now,
    if_match: IfMatch = None,
) -> PlaceOut:  # fmt: skip
    place = _found(connection, caller, Permission.MASTER_WRITE, key, now)
    must_match(if_match, lambda: etag_of(_out(place)))
    values = as_stored(wanted.model_dump(exclude_unset=True))
    return tagged(response, _out(change_place(connection, place, values, actor=caller.actor, at=now)))


@router.post("/{key}/retire", summary="A stop there needs another explanation", dependencies=[Once], responses=CHANGED)
def retire(response: Response, key: Key, caller: MasterWriter, connection: Database, now: Now) -> PlaceOut:
    place = _found(connection, caller, Permission.MASTER_WRITE, key, now)
    retire_place(connection, place, actor=caller.actor, at=now)
    (stored,) = select_places(connection, Selection(key=str(place.id), retired=True), now)
    return tagged(response, _out(stored))


def as_stored(values: dict[str, Any]) -> dict[str, Any]:
    """Degrees as the row has them."""
    stored = {name: value for name, value in values.items() if name not in ("lat", "lon")}
    return stored | {f"{name}_e7": to_e7(values[name]) for name in ("lat", "lon") if name in values}


def _found(connection: psycopg.Connection, caller: Caller, permission: Permission, key: str, now: datetime) -> Place:
    found = select_places(connection, of_caller(caller, permission, key), now)
    valid = [one for one in found if one.to_at is None or one.to_at > now or str(one.id) == key]
    return only(valid, f"known place {key!r}", "ask for it by its id")


def _out(row: Place) -> PlaceOut:
    values = {name: getattr(row, name) for name in PlaceOut.model_fields if hasattr(row, name)}
    return PlaceOut(**values, premises=row.premises_code, lat=from_e7(row.lat_e7), lon=from_e7(row.lon_e7))
