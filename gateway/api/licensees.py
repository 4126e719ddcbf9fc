"""The router for licensees: lists, one, add, change, retire. Holds no rules."""

from __future__ import annotations

from datetime import datetime

import psycopg
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

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
    of_caller,
    tagged,
)
from gateway.api.texts import Text
from gateway.master.changes import only
from gateway.master.licensees import add_licensee, change_licensee, retire_licensee
from gateway.people.permissions import Permission
from storage.licensees import Licensee, select_licensees
from storage.master import Selection

router = APIRouter(prefix="/v1/licensees", tags=["master data"], route_class=IdempotentRoute)


class LicenseeChange(BaseModel):
    """What is left out stays as it is; null makes it unknown."""

    model_config = ConfigDict(extra="forbid")

    legal_name: Text = Field("", description="legal business name, as on the licence")
    licence_no: Text | None = None
    licence_type: Text | None = Field(None, description="in the words of whoever gave the licence")


class LicenseeIn(LicenseeChange):
    """A new licensee."""

    name: Text = Field(description="1 to 32 of a-z, 0-9 and -; stays for good", examples=["corner-store"])
    legal_name: Text = Field(description="legal business name, as on the licence")


class LicenseeOut(Object):
    name: str
    legal_name: str
    licence_no: str | None
    licence_type: str | None
    created_at: datetime
    retired_at: datetime | None


class LicenseePage(BaseModel):
    licensees: list[LicenseeOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


@router.get("", summary="Licensees by name", responses=LISTED)
def list_licensees(
    request: Request, caller: MasterReader, connection: Database, now: Now, wanted: Wanted
) -> LicenseePage:
    found = select_licensees(connection, wanted.selection(connection, caller))
    page = described(connection, request, "licensee", LicenseeOut, found[: wanted.limit], now)
    return LicenseePage(licensees=page, next=wanted.next_of(found, "name"))


@router.post("", status_code=201, summary="Adds a licensee", dependencies=[Once], responses=ADDED)
def add(
    request: Request, response: Response, wanted: LicenseeIn, caller: MasterWriter, connection: Database, now: Now
) -> LicenseeOut:
    must_administer_all(caller)
    licensee = add_licensee(connection, actor=caller.actor, at=now, **wanted.model_dump())
    return _answer(request, response, connection, licensee, now)


@router.get("/{key}", summary="One licensee", responses=ONE)
def one_licensee(
    request: Request, response: Response, key: Key, caller: MasterReader, connection: Database, now: Now
) -> LicenseeOut:
    licensee = _found(connection, caller, Permission.MASTER_READ, key)
    return _answer(request, response, connection, licensee, now)


@router.patch("/{key}", summary="Changes what is known of a licensee", dependencies=[Once], responses=CHANGED)
def change(
    request: Request, response: Response, key: Key, wanted: LicenseeChange, caller: MasterWriter, connection: Database,
    now: Now, if_match: IfMatch = None,
) -> LicenseeOut:  # fmt: skip
    licensee = _found(connection, caller, Permission.MASTER_WRITE, key)
    must_administer_all(caller)
    must_match(if_match, lambda: etag_of(described(connection, request, "licensee", LicenseeOut, [licensee], now)[0]))
    values = wanted.model_dump(exclude_unset=True)
    changed = change_licensee(connection, licensee, values, actor=caller.actor, at=now)
    return _answer(request, response, connection, changed, now)


@router.post("/{key}/retire", summary="Nobody works under it any more", dependencies=[Once], responses=CHANGED)
def retire(
    request: Request, response: Response, key: Key, caller: MasterWriter, connection: Database, now: Now
) -> LicenseeOut:
    licensee = _found(connection, caller, Permission.MASTER_WRITE, key)
    must_administer_all(caller)
    retire_licensee(connection, licensee, actor=caller.actor, at=now)
    return _answer(request, response, connection, licensee, now)


def _found(connection: psycopg.Connection, caller: Caller, permission: Permission, key: str) -> Licensee:
    found = select_licensees(connection, of_caller(caller, permission, key))
    return only(found, f"licensee {key!r}", "ask for it by its id")


def _answer(
    request: Request, response: Response, connection: psycopg.Connection, licensee: Licensee, now: datetime
) -> LicenseeOut:
    stored = select_licensees(connection, Selection(key=str(licensee.id), retired=True))
    return tagged(response, described(connection, request, "licensee", LicenseeOut, stored, now)[0])
