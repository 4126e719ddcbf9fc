"""The router for premises: lists, one, open, change, close. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from contract.geo import from_e7, to_e7
from gateway.api.callers import Caller, MasterReader, MasterWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch, etag_of, must_match
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.master_lists import (
    ADDED,
    CHANGED,
    LISTED,
    ONE,
    Key,
    Object,
    Wanted,
    described,
    must_administer_all,
    tagged,
)
from gateway.api.texts import Text
from gateway.master.changes import only
from gateway.master.errors import MasterDataConflictError, UnknownMasterDataError
from gateway.master.hours import format_hours, parse_hours
from gateway.master.premises import NewPremises, change_premises, close_premises, open_premises, premises_by_id
from gateway.people.permissions import Permission
from storage.licensees import select_licensees
from storage.master import Premises, Selection, all_premises

router = APIRouter(prefix="/v1/premises", tags=["master data"], route_class=IdempotentRoute)


class PremisesFacts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    licensee: Text | None = Field(None, description="name of the licensee that they work under")
    licence_no: Text | None = Field(None, description="of these premises")
    licence_type: Text | None = None
    address: Text | None = None
    phone: Text | None = Field(None, description="that customers call", examples=["+358 9 555 0100"])
    lat: float | None = Field(None, ge=-90, le=90, description="degrees; together with lon")
    lon: float | None = Field(None, ge=-180, le=180)


class PremisesChange(PremisesFacts):
    """What is left out stays as it is; null makes it unknown."""

    name: Text = Field("", description="name for people")
    tz: Text = Field("", description="time zone, as Europe/Helsinki")
    hours: Text = Field("", description="when goods may be handed over, in tz", examples=["mon-sat 09:00-21:00"])


class PremisesIn(PremisesFacts):
    """Premises to be opened."""

    code: Text = Field(description="1 to 32 of a-z, 0-9 and -; stays for good", examples=["helsinki"])
    name: Text = Field(description="name for people")
    tz: Text = Field(description="time zone, as Europe/Helsinki")
    hours: Text | None = Field(None, description="when goods may be handed over, in tz; left out: not known")


class PremisesOut(Object):
    code: str
    name: str
    licensee: str | None
    licence_no: str | None
    licence_type: str | None
    address: str | None
    phone: str | None
    lat: float | None
    lon: float | None
    tz: str
    hours: str = Field(description="a day that is not named is closed")
    created_at: datetime
    retired_at: datetime | None


class PremisesPage(BaseModel):
    premises: list[PremisesOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


@router.get("", summary="Premises by code", responses=LISTED)
def list_premises(
    request: Request, caller: MasterReader, connection: Database, now: Now, wanted: Wanted
) -> PremisesPage:
    selection = wanted.selection(connection, caller)
    text, after = (selection.text or "").lower(), (selection.after or ("", "", None))[1]
    found = [
        one for one in all_premises(connection)
        if (selection.premises_ids is None or one.id in selection.premises_ids)
        and (selection.retired or one.retired_at is None)
        and text in f"{one.code} {one.name} {one.address} {one.licence_no}".lower() and one.code > after
    ]  # fmt: skip
    page = _out(request, connection, found[: wanted.limit], now)
    return PremisesPage(premises=page, next=wanted.next_of(found, "code"))


@router.post("", status_code=201, summary="Opens premises", dependencies=[Once], responses=ADDED)
def add(
    request: Request, response: Response, wanted: PremisesIn, caller: MasterWriter, connection: Database, now: Now
) -> PremisesOut:
    must_administer_all(caller)
    if any(one.code == wanted.code for one in all_premises(connection)):
        raise MasterDataConflictError(f"there are premises {wanted.code} already", field="body.code")
    values = values_of(connection, caller.scope(Permission.MASTER_WRITE).listed, wanted)
    new = NewPremises(**{"hours": {}, **values, "code": wanted.code})
    return _answer(request, response, connection, open_premises(connection, new, actor=caller.actor, at=now).id, now)


@router.get("/{key}", summary="One premises", responses=ONE)
def one_premises(
    request: Request, response: Response, key: Key, caller: MasterReader, connection: Database, now: Now
) -> PremisesOut:
    found = _found(connection, caller, Permission.MASTER_READ, key)
    return _answer(request, response, connection, found.id, now)


@router.patch("/{key}", summary="Changes what is known of premises", dependencies=[Once], responses=CHANGED)
def change(
    request: Request, response: Response, key: Key, wanted: PremisesChange, caller: MasterWriter, connection: Database,
    now: Now, if_match: IfMatch = None,
) -> PremisesOut:  # fmt: skip
    premises = _found(connection, caller, Permission.MASTER_WRITE, key)
    must_match(if_match, lambda: etag_of(_out(request, connection, [premises], now)[0]))
    change_premises(
        connection,
        premises,
        values_of(connection, caller.scope(Permission.MASTER_WRITE).listed, wanted),
        actor=caller.actor,
        at=now,
    )
    return _answer(request, response, connection, premises.id, now)


@router.post("/{key}/retire", summary="Nothing leaves from here any more", dependencies=[Once], responses=CHANGED)
def retire(
    request: Request, response: Response, key: Key, caller: MasterWriter, connection: Database, now: Now
) -> PremisesOut:
    premises = _found(connection, caller, Permission.MASTER_WRITE, key)
    close_premises(connection, premises, actor=caller.actor, at=now)
    return _answer(request, response, connection, premises.id, now)


def values_of(
    connection: psycopg.Connection, own: list[UUID] | None, wanted: PremisesChange | PremisesIn
) -> dict[str, Any]:
    """What was said, as the row has it; `own`: the premises whose licensees may be named (None: all)."""
    values = wanted.model_dump(exclude_unset=True, exclude={"code", "lat", "lon", "licensee"})
    if values.get("hours") is not None:
        values["hours"] = parse_hours(values["hours"])
    elif "hours" in values:
        del values["hours"]
    for name in {"lat", "lon"} & wanted.model_fields_set:
        degrees = getattr(wanted, name)
        values[f"{name}_e7"] = None if degrees is None else to_e7(degrees)
    if "licensee" in wanted.model_fields_set:
        values["licensee_id"] = None if wanted.licensee is None else _licensee(connection, own, wanted.licensee)
    return values


def _licensee(connection: psycopg.Connection, own: list[UUID] | None, name: str) -> UUID:
    found = select_licensees(connection, Selection(premises_ids=own, key=name))
    if not found:
        raise UnknownMasterDataError(f"there is no licensee {name!r}", field="body.licensee")
    return found[0].id


def _found(connection: psycopg.Connection, caller: Caller, permission: Permission, key: str) -> Premises:
    scope = caller.scope(permission)
    found = [one for one in all_premises(connection) if one.id in scope and key in (one.code, str(one.id))]
    return only(found, f"premises {key!r}", "ask for them by their id")


def _answer(
    request: Request, response: Response, connection: psycopg.Connection, premises_id: UUID, now: datetime
) -> PremisesOut:
    stored = premises_by_id(connection, premises_id)
    return tagged(response, _out(request, connection, [stored], now)[0])


def _out(request: Request, connection: psycopg.Connection, rows: list[Premises], now: datetime) -> list[PremisesOut]:
    def own(row: Premises) -> dict[str, Any]:
        return {
            "licensee": row.licensee_name, "hours": format_hours(row.hours),
            "lat": None if row.lat_e7 is None else from_e7(row.lat_e7),
            "lon": None if row.lon_e7 is None else from_e7(row.lon_e7),
        }  # fmt: skip

    return described(connection, request, "premises", PremisesOut, rows, now, own)
