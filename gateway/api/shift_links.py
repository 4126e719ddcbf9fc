"""The router for dispatchers: links for drivers' shifts, issued, listed, revoked. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gateway.api.callers import Caller, TripReader, TripWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.master_lists import Key, of_caller
from gateway.api.problems import refusals
from gateway.api.texts import Text
from gateway.driver.shifts import end_links, issue_link
from gateway.master.changes import only
from gateway.people.permissions import Permission
from storage.master import Driver, select_drivers
from storage.shift_links import shift_links_of_driver

# No idempotency here: the answer would be kept, and with it the link.
router = APIRouter(prefix="/v1/drivers", tags=["drivers' shifts"])

_MOST = 100
_ANSWERS = refusals(_401="No session and no API key", _403="No right to trips", _404="There is no such driver",
                    _409="The driver is not in service")  # fmt: skip


class ShiftIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    until: AwareDatetime | None = Field(None, description="the shift's end; left out: in 12 hours; at most in 24")


class IssuedOut(BaseModel):
    """A new link. It is told this once and kept nowhere."""

    id: UUID
    employee_no: str
    driver: str
    path: str = Field(description="what follows this installation's address")
    url: str | None = Field(description="the whole link; null while no public address is set")
    ends_at: datetime
    replaced: int = Field(description="links of the same driver that ended with it")


class ShiftLinkOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    issued_at: datetime
    issued_by: str
    ends_at: datetime
    opened_at: datetime | None = Field(description="null: no phone has opened it yet")
    browser: str | None = Field(description="of the phone that has it, as it names itself")
    seen_at: datetime | None = Field(description="when that phone was last heard of, to the minute")
    ended_at: datetime | None = Field(description="before ends_at: revoked, replaced or signed out")
    ended_by: str | None
    end_reason: str | None


class EndedOut(BaseModel):
    ended: int = Field(description="links that were good until now")


@router.post("/{key}/shift-links", status_code=201, summary="Issues a link for a driver's shift; the one before ends",
             responses=_ANSWERS)  # fmt: skip
def issue(request: Request, key: Key, wanted: ShiftIn, caller: TripWriter, connection: Database, now: Now) -> IssuedOut:
    driver = _driver(connection, caller, Permission.TRIPS_WRITE, key)
    issued = issue_link(connection, driver, wanted.until, caller.actor, now)
    path = shift_path(issued.token)
    public_url: str | None = request.app.state.public_url
    return IssuedOut(
        id=issued.id, employee_no=driver.employee_no, driver=driver.name, path=path, ends_at=issued.ends_at,
        url=None if public_url is None else public_url.rstrip("/") + path, replaced=issued.replaced,
    )  # fmt: skip


@router.get("/{key}/shift-links", summary="A driver's links, newest first, and whether a phone opened them",
            responses=_ANSWERS)  # fmt: skip
def list_links(key: Key, caller: TripReader, connection: Database) -> list[ShiftLinkOut]:
    driver = _driver(connection, caller, Permission.TRIPS_READ, key)
    return [ShiftLinkOut.model_validate(one) for one in shift_links_of_driver(connection, driver.id, _MOST)]


@router.delete("/{key}/shift-links", summary="Revokes the driver's links: no phone of theirs gets in any more",
               responses=_ANSWERS)  # fmt: skip
def revoke(
    key: Key, caller: TripWriter, connection: Database, now: Now,
    reason: Annotated[Text | None, Query(description="why, for the record")] = None,
) -> EndedOut:  # fmt: skip
    driver = _driver(connection, caller, Permission.TRIPS_WRITE, key)
    return EndedOut(ended=end_links(connection, driver, caller.actor, now, reason))


def shift_path(token: str) -> str:
    """Where the driver's phone opens the link."""
    return f"/driver/in/{token}"


def _driver(connection: psycopg.Connection, caller: Caller, permission: Permission, key: str) -> Driver:
    found = select_drivers(connection, of_caller(caller, permission, key))
    return only(found, f"driver {key!r}", "ask for the person by the id")
