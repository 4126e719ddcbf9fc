"""The router for administrators: API keys of order systems. Shows a secret once."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.api.callers import Caller, PeopleWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.problems import refusals
from gateway.master.premises import find_premises
from gateway.people import keys as service
from gateway.people.errors import UnknownPersonError
from gateway.people.permissions import Permission
from storage.people import ApiKey, api_keys

router = APIRouter(prefix="/v1/keys", tags=["people"])


class NewKey(BaseModel):
    name: str = Field(max_length=32, description="the order system's name: the `source` of its orders")
    scopes: list[str] = Field(max_length=20, description="such as orders:read, orders:write, webhooks:write")
    premises: str | None = Field(None, max_length=32, description="the premises' code; left out: all premises")
    test: bool = Field(default=False, description="its orders reach no customer, driver or report")


class KeyOut(BaseModel):
    id: UUID
    name: str
    prefix: str = Field(description="the key's readable beginning")
    premises: str | None
    scopes: list[str]
    test: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None = Field(description="of the newest request, to the minute")


class MadeKeyOut(KeyOut):
    secret: str = Field(description="the key itself; it is shown this once and kept nowhere")


class Rotation(BaseModel):
    overlap_hours: float = Field(24, ge=0, le=24 * 30, description="how long the old key stays good beside the new one")


_UNKNOWN = refusals(_401="Nobody is signed in", _403="Not an administrator", _404="There is no such key")


@router.get("", summary="API keys, newest first", responses=refusals(_401="Nobody", _403="Not an administrator"))
def list_keys(caller: PeopleWriter, connection: Database) -> list[KeyOut]:
    return [_out(key) for key in api_keys(connection) if _is_own(caller, key)]


@router.post(
    "", status_code=201, summary="Makes a key and shows it once",
    responses=refusals(_401="Nobody is signed in", _403="Not an administrator", _404="There are no such premises"),
)  # fmt: skip
def make_key(wanted: NewKey, caller: PeopleWriter, connection: Database, now: Now) -> MadeKeyOut:
    premises_id = None if wanted.premises is None else find_premises(connection, wanted.premises).id
    scope = caller.scope(Permission.PEOPLE_WRITE)
    if (premises_id is None and scope.premises_ids is not None) or (premises_id and premises_id not in scope):
        raise UnknownPersonError(f"{caller.actor.name} administers some premises only: name one of them")
    made = service.make_key(
        connection, wanted.name, wanted.scopes, premises_id=premises_id, test=wanted.test, actor=caller.actor, at=now
    )
    return _made(connection, made)


@router.post("/{prefix}/rotate", status_code=201, summary="A new key in place of an old one", responses=_UNKNOWN)
def rotate_key(prefix: str, wanted: Rotation, caller: PeopleWriter, connection: Database, now: Now) -> MadeKeyOut:
    key = _found(connection, caller, prefix)
    overlap = timedelta(hours=wanted.overlap_hours)
    return _made(connection, service.rotate_key(connection, key, overlap=overlap, actor=caller.actor, at=now))


@router.delete("/{prefix}", status_code=204, summary="Ends a key at once", responses=_UNKNOWN)
def revoke_key(prefix: str, caller: PeopleWriter, connection: Database, now: Now) -> None:
    service.revoke_key(connection, _found(connection, caller, prefix), actor=caller.actor, at=now)


def _found(connection: psycopg.Connection, caller: Caller, prefix: str) -> ApiKey:
    key = service.find_key(connection, prefix)
    if not _is_own(caller, key):
        raise UnknownPersonError(f"there is no key {prefix!r}")
    return key


def _is_own(caller: Caller, key: ApiKey) -> bool:
    scope = caller.scope(Permission.PEOPLE_WRITE)
    return scope.premises_ids is None or (key.premises_id is not None and key.premises_id in scope)


def _out(key: ApiKey) -> KeyOut:
    return KeyOut.model_validate(key, from_attributes=True)


def _made(connection: psycopg.Connection, made: service.MadeKey) -> MadeKeyOut:
    key = service.find_key(connection, made.key.prefix)  # with the premises' code
    return MadeKeyOut(**_out(key).model_dump(), secret=made.secret)
