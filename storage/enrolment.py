"""Enrolment codes of devices as rows, by their hashes, in the caller's transaction. Never sees a code."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.ids import new_id
from storage.sql import statement


class Enrolment(msgspec.Struct, frozen=True):
    """A code that was handed out for a device, and what became of it."""

    id: UUID
    device_name: str
    expires_at: datetime
    cancelled_at: datetime | None
    used_at: datetime | None
    credential_kind: str


def cancel_enrolments(connection: psycopg.Connection, device_id: int, at: datetime) -> int:
    """How many open codes of the device are worth nothing from now on."""
    return connection.execute(statement("cancel_enrolments"), {"device_id": device_id, "at": at}).rowcount


def put_enrolment(
    connection: psycopg.Connection, device_id: int, code_hash: bytes, *, created_at: datetime, expires_at: datetime
) -> None:
    values = {
        "id": new_id(created_at),
        "device_id": device_id,
        "code_hash": code_hash,
        "created_at": created_at,
        "expires_at": expires_at,
    }
    connection.execute(statement("put_enrolment"), values)


def try_enrolment(connection: psycopg.Connection, code_hash: bytes) -> Enrolment | None:
    """The enrolment of this code with the try counted; a second caller waits until the first one's transaction ends."""
    row = connection.execute(statement("try_enrolment"), {"code_hash": code_hash}).fetchone()
    return None if row is None else Enrolment(*row)


def use_enrolment(connection: psycopg.Connection, enrolment_id: UUID, at: datetime) -> None:
    connection.execute(statement("use_enrolment"), {"id": enrolment_id, "at": at})
