"""The router for installs: which device is fitted where, fit, correct, unfit. Holds no rules, registers no device."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import psycopg
from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gateway.api.callers import Caller, MasterReader, MasterWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch, etag_of, must_match
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.master_lists import ADDED, CHANGED, LISTED, ONE, Key, Object, Wanted, described, of_caller, tagged
from gateway.api.texts import Text
from gateway.master.changes import only
from gateway.master.devices import find_device, fit_device, unfit_device
from gateway.master.errors import MasterDataError, UnknownMasterDataError
from gateway.master.installs import change_install
from gateway.people.permissions import Permission
from gateway.refusals import RefusedError
from storage.audit import Actor
from storage.installs import Install, select_installs
from storage.master import Device, Fitting, Selection, Vehicle, all_premises, select_vehicles

router = APIRouter(prefix="/v1/installs", tags=["master data"], route_class=IdempotentRoute)


class InstallFacts(BaseModel):
    """What is left out stays as it is; null makes it unknown."""

    model_config = ConfigDict(extra="forbid")

    affixed: bool | None = Field(None, description="the unit is fixed to the vehicle; null: nobody has said")
    consent_by: Text | None = Field(None, description="who of the vehicle's registered owners agreed to it")
    consent_on: date | None = None
    consent_document: Text | None = Field(None, description="where that is written")


class InstallIn(InstallFacts):
    """A device to be fitted in a vehicle."""

    device: Text = Field(examples=["gps-07"])
    vehicle: Text = Field(description="name or id", examples=["van-7"])
    from_at: AwareDatetime | None = Field(None, description="since when its fixes are the vehicle's; left out: now")
    serial_no: Text | None = Field(None, description="of the unit; left out: the one that the device is known by")


class InstallEnd(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to_at: AwareDatetime | None = Field(None, description="until when its fixes are the vehicle's; left out: now")


class InstallOut(Object):
    premises: str
    device_name: str
    device_kind: str
    vehicle_name: str
    dedicated: bool = Field(description="the vehicle's own record comes from it; a phone's is never")
    from_at: datetime
    to_at: datetime | None
    serial_no: str | None
    affixed: bool | None
    consent_by: str | None
    consent_on: date | None
    consent_document: str | None


class InstallPage(BaseModel):
    installs: list[InstallOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


@router.get("", summary="Devices in vehicles; with `retired` earlier ones too", responses=LISTED)
def list_installs(
    request: Request, caller: MasterReader, connection: Database, now: Now, wanted: Wanted
) -> InstallPage:
    found = select_installs(connection, wanted.selection(connection, caller))
    page = described(connection, request, "install", InstallOut, found[: wanted.limit], now)
    return InstallPage(installs=page, next=wanted.next_of(found, "device_name"))


@router.post("", status_code=201, summary="Fits a device in a vehicle", dependencies=[Once], responses=ADDED)
def fit(
    request: Request, response: Response, wanted: InstallIn, caller: MasterWriter, connection: Database, now: Now
) -> InstallOut:
    selection = of_caller(caller, Permission.MASTER_WRITE, wanted.vehicle)
    vehicle = only(select_vehicles(connection, selection), f"vehicle {wanted.vehicle!r}", "name it by its id")
    device = own_device(connection, wanted.device, selection.premises_ids)
    fit_from(connection, device, vehicle, wanted, caller.actor, now)
    chosen = Selection(premises_ids=[vehicle.premises_id], key=device.name, retired=True)
    newest = max(select_installs(connection, chosen), key=lambda one: one.from_at)
    return _answer(request, response, connection, newest, now)


@router.get("/{key}", summary="One install, or the one that the device of this name has now", responses=ONE)
def one_install(
    request: Request, response: Response, key: Key, caller: MasterReader, connection: Database, now: Now
) -> InstallOut:
    return _answer(request, response, connection, _found(connection, caller, Permission.MASTER_READ, key), now)


@router.patch("/{key}", summary="Corrects how a device is fitted", dependencies=[Once], responses=CHANGED)
def change(
    request: Request, response: Response, key: Key, wanted: InstallFacts, caller: MasterWriter, connection: Database,
    now: Now, if_match: IfMatch = None,
) -> InstallOut:  # fmt: skip
    install = _found(connection, caller, Permission.MASTER_WRITE, key)
    must_match(if_match, lambda: etag_of(described(connection, request, "install", InstallOut, [install], now)[0]))
    changed = change_install(connection, install, wanted.model_dump(exclude_unset=True), actor=caller.actor, at=now)
    return _answer(request, response, connection, changed, now)


@router.post("/{key}/retire", summary="The device leaves the vehicle", dependencies=[Once], responses=CHANGED)
def unfit(
    request: Request, response: Response, key: Key, caller: MasterWriter, connection: Database, now: Now,
    wanted: InstallEnd | None = None,
) -> InstallOut:  # fmt: skip
    install = _found(connection, caller, Permission.MASTER_WRITE, key)
    to_at = _past(None if wanted is None else wanted.to_at, now, "body.to_at")
    if install.to_at is not None:
        raise MasterDataError(f"{install.device_name} left {install.vehicle_name} at {install.to_at} already")
    device = find_device(connection, install.device_name)
    unfit_device(connection, device, actor=caller.actor, at=to_at)
    return _answer(request, response, connection, install, now)


def fit_from(
    connection: psycopg.Connection, device: Device, vehicle: Vehicle, wanted: InstallIn, actor: Actor, now: datetime
) -> None:
    """Fits the device with what was said, from the time that was said."""
    from_at = _past(wanted.from_at, now, "body.from_at")
    facts = wanted.model_dump(exclude={"device", "vehicle", "from_at"})
    fit_device(connection, device, vehicle, actor=actor, at=from_at, fitting=Fitting(**facts))


def own_device(connection: psycopg.Connection, name: str, premises_ids: list[UUID] | None) -> Device:
    """The device of this name, unless it is fitted at premises that the caller has nothing to do with."""
    try:
        device = find_device(connection, name)
    except MasterDataError:
        raise UnknownMasterDataError(f"there is no device {name!r}", field="body.device") from None
    if premises_ids is not None and device.premises_code is not None:
        own = [one.code for one in all_premises(connection) if one.id in premises_ids]
        if device.premises_code not in own:
            raise UnknownMasterDataError(f"there is no device {name!r}", field="body.device")
    return device


def _past(said: datetime | None, now: datetime, field: str) -> datetime:
    if said is not None and said > now:
        raise RefusedError(f"{said.isoformat()} lies in the future: it is {now.isoformat()}", field=field)
    return said or now


def _found(connection: psycopg.Connection, caller: Caller, permission: Permission, key: str) -> Install:
    found = select_installs(connection, of_caller(caller, permission, key))
    open_now = [one for one in found if one.to_at is None or str(one.id) == key]
    return only(open_now, f"install of {key!r}", "ask for it by its id")


def _answer(
    request: Request, response: Response, connection: psycopg.Connection, install: Install, now: datetime
) -> InstallOut:
    stored = select_installs(connection, Selection(key=str(install.id), retired=True))
    return tagged(response, described(connection, request, "install", InstallOut, stored, now)[0])
