"""The router for drivers: lists, one, add, change, retire. Holds no rules, and tells no date of birth."""

from __future__ import annotations

from datetime import date, datetime

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
from gateway.master.documents import local_day
from gateway.master.drivers import add_driver, change_driver, retire_driver
from gateway.master.premises import premises_by_id
from gateway.people.permissions import Permission
from storage.master import Driver, select_drivers

router = APIRouter(prefix="/v1/drivers", tags=["master data"], route_class=IdempotentRoute)


class DriverFactsIn(BaseModel):
    """What is left out stays as it is; null makes it unknown."""

    model_config = ConfigDict(extra="forbid")

    legal_name: Text | None = Field(None, description="as in the employment contract")
    first_name: Text | None = Field(None, description="what a customer's receipt shows")
    over_21: bool | None = Field(None, description="somebody has seen the proof; the date of birth is not kept")
    permit_no: Text | None = Field(None, description="agent registration, permit and the like")
    employed_from: date | None = None
    employed_to: date | None = None


class DriverChangeIn(DriverFactsIn):
    """What is to be changed of a driver."""

    name: Text = Field("", description="the name that staff use")


class DriverIn(DriverFactsIn):
    """A new driver."""

    employee_no: Text = Field(description="the employer's number for the person; stays for good", examples=["E-017"])
    name: Text = Field(description="the name that staff use")
    premises: Text | None = Field(None, description="the premises' code; left out: the caller's only one")


class DriverOut(Object):
    premises: str
    employee_no: str
    name: str
    legal_name: str | None
    first_name: str | None
    over_21: bool | None
    permit_no: str | None
    employed_from: date | None
    employed_to: date | None
    created_at: datetime
    retired_at: datetime | None


class DriverPage(BaseModel):
    drivers: list[DriverOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


@router.get("", summary="Drivers by premises and employee number", responses=LISTED)
def list_drivers(request: Request, caller: MasterReader, connection: Database, now: Now, wanted: Wanted) -> DriverPage:
    found = select_drivers(connection, wanted.selection(connection, caller))
    following = wanted.next_of(found, "employee_no")
    return DriverPage(drivers=_out(request, connection, found[: wanted.limit], now), next=following)


@router.post("", status_code=201, summary="Adds a driver", dependencies=[Once], responses=ADDED)
def add(
    request: Request, response: Response, wanted: DriverIn, caller: MasterWriter, connection: Database, now: Now
) -> DriverOut:
    premises = premises_of(connection, caller, Permission.MASTER_WRITE, wanted.premises)
    values = wanted.model_dump(exclude={"premises"}, exclude_unset=True)
    driver = add_driver(connection, premises, actor=caller.actor, at=now, **values)
    return tagged(response, _out(request, connection, [driver], now)[0])


@router.get("/{key}", summary="One driver", responses=ONE)
def one_driver(
    request: Request, response: Response, key: Key, caller: MasterReader, connection: Database, now: Now
) -> DriverOut:
    driver = _found(connection, caller, Permission.MASTER_READ, key)
    return tagged(response, _out(request, connection, [driver], now)[0])


@router.patch("/{key}", summary="Changes what is known of a driver", dependencies=[Once], responses=CHANGED)
def change(
    request: Request, response: Response, key: Key, wanted: DriverChangeIn, caller: MasterWriter, connection: Database,
    now: Now, if_match: IfMatch = None,
) -> DriverOut:  # fmt: skip
    driver = _found(connection, caller, Permission.MASTER_WRITE, key)
    must_match(if_match, lambda: etag_of(_out(request, connection, [driver], now)[0]))
    values = wanted.model_dump(exclude_unset=True)
    changed = change_driver(connection, driver, actor=caller.actor, at=now, **values)
    return tagged(response, _out(request, connection, [changed], now)[0])


@router.post("/{key}/retire", summary="The person drives no more", dependencies=[Once], responses=CHANGED)
def retire(
    request: Request, response: Response, key: Key, caller: MasterWriter, connection: Database, now: Now
) -> DriverOut:
    driver = _found(connection, caller, Permission.MASTER_WRITE, key)
    today = local_day(premises_by_id(connection, driver.premises_id), now)
    retired = retire_driver(connection, driver, actor=caller.actor, at=now, last_day=today)
    return tagged(response, _out(request, connection, [retired], now)[0])


def _found(connection: psycopg.Connection, caller: Caller, permission: Permission, key: str) -> Driver:
    found = select_drivers(connection, of_caller(caller, permission, key))
    return only(found, f"driver {key!r}", "ask for the person by the id")


def _out(request: Request, connection: psycopg.Connection, rows: list[Driver], now: datetime) -> list[DriverOut]:
    return described(connection, request, "driver", DriverOut, rows, now)
