"""The router for vehicles: lists, one, add, change, retire. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import psycopg
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.callers import Caller, MasterReader, MasterWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch, etag_of, must_match
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.master_lists import ADDED, CHANGED, LISTED, ONE, Key, Object, Wanted, described, of_caller, tagged
from gateway.api.premises import premises_of
from gateway.api.texts import Text
from gateway.master.changes import only
from gateway.master.vehicles import add_vehicle, change_vehicle, retire_vehicle
from gateway.people.permissions import Permission
from storage.master import Selection, Vehicle, select_vehicles

router = APIRouter(prefix="/v1/vehicles", tags=["master data"], route_class=IdempotentRoute)


class VehicleFactsIn(BaseModel):
    """What is left out stays as it is; null makes it unknown."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["car", "van", "truck", "cargo_bike", "bicycle", "scooter", "foot"] | None = None
    plate: Text | None = None
    make: Text | None = None
    model: Text | None = None
    year: int | None = Field(None, ge=1900, le=2200, description="model year")
    colour: Text | None = None
    vin: Text | None = Field(None, description="17 letters and digits since model year 1981")
    registered_owner: Text | None = Field(None, description="who has to agree to a device in it")
    enclosed: bool | None = Field(None, description="the load is not open; null: nobody has said")
    unmarked: bool | None = Field(None, description="nothing on it tells what it carries")
    compartment: bool | None = Field(None, description="goods can be locked away in it")
    alarm: bool | None = None


class VehicleIn(VehicleFactsIn):
    """A new vehicle."""

    name: Text = Field(description="1 to 32 of a-z, 0-9 and -; stays for good", examples=["van-7"])
    premises: Text | None = Field(None, description="the premises' code; left out: the caller's only one")


class VehicleOut(Object):
    premises: str
    name: str
    kind: str | None
    plate: str | None
    make: str | None
    model: str | None
    year: int | None
    colour: str | None
    vin: str | None
    registered_owner: str | None
    enclosed: bool | None
    unmarked: bool | None
    compartment: bool | None
    alarm: bool | None
    device_name: str | None = Field(description="the dedicated unit that is fitted in it now")
    created_at: datetime
    retired_at: datetime | None


class VehiclePage(BaseModel):
    vehicles: list[VehicleOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


@router.get("", summary="Vehicles by premises and name", responses=LISTED)
def list_vehicles(
    request: Request, caller: MasterReader, connection: Database, now: Now, wanted: Wanted
) -> VehiclePage:
    found = select_vehicles(connection, wanted.selection(connection, caller))
    return VehiclePage(
        vehicles=_out(request, connection, found[: wanted.limit], now), next=wanted.next_of(found, "name")
    )


@router.post("", status_code=201, summary="Adds a vehicle", dependencies=[Once], responses=ADDED)
def add(
    request: Request, response: Response, wanted: VehicleIn, caller: MasterWriter, connection: Database, now: Now
) -> VehicleOut:
    premises = premises_of(connection, caller, Permission.MASTER_WRITE, wanted.premises)
    facts = wanted.model_dump(exclude={"name", "premises"}, exclude_unset=True)
    vehicle = add_vehicle(connection, premises, wanted.name, actor=caller.actor, at=now, **facts)
    return _answer(request, response, connection, vehicle, now)


@router.get("/{key}", summary="One vehicle", responses=ONE)
def one_vehicle(
    request: Request, response: Response, key: Key, caller: MasterReader, connection: Database, now: Now
) -> VehicleOut:
    vehicle = _found(connection, caller, Permission.MASTER_READ, key)
    return tagged(response, _out(request, connection, [vehicle], now)[0])


@router.patch("/{key}", summary="Changes what is known of a vehicle", dependencies=[Once], responses=CHANGED)
def change(
    request: Request, response: Response, key: Key, wanted: VehicleFactsIn, caller: MasterWriter, connection: Database,
    now: Now, if_match: IfMatch = None,
) -> VehicleOut:  # fmt: skip
    vehicle = _found(connection, caller, Permission.MASTER_WRITE, key)
    must_match(if_match, lambda: etag_of(_out(request, connection, [vehicle], now)[0]))
    facts = wanted.model_dump(exclude_unset=True)
    changed = change_vehicle(connection, vehicle, actor=caller.actor, at=now, **facts)
    return _answer(request, response, connection, changed, now)


@router.post("/{key}/retire", summary="Takes a vehicle out of service", dependencies=[Once], responses=CHANGED)
def retire(
    request: Request, response: Response, key: Key, caller: MasterWriter, connection: Database, now: Now
) -> VehicleOut:
    vehicle = _found(connection, caller, Permission.MASTER_WRITE, key)
    retire_vehicle(connection, vehicle, actor=caller.actor, at=now)
    return _answer(request, response, connection, vehicle, now)


def _found(connection: psycopg.Connection, caller: Caller, permission: Permission, key: str) -> Vehicle:
    found = select_vehicles(connection, of_caller(caller, permission, key))
    return only(found, f"vehicle {key!r}", "ask for it by its id")


def _answer(
    request: Request, response: Response, connection: psycopg.Connection, vehicle: Vehicle, now: datetime
) -> VehicleOut:
    (stored,) = select_vehicles(connection, Selection(key=str(vehicle.id), retired=True))
    return tagged(response, _out(request, connection, [stored], now)[0])


def _out(request: Request, connection: psycopg.Connection, rows: list[Vehicle], now: datetime) -> list[VehicleOut]:
    return described(connection, request, "vehicle", VehicleOut, rows, now)
