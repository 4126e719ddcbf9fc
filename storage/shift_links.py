"""Links for drivers' shifts as rows, in the caller's transaction. Makes no token and judges nobody."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.sql import statement


class ShiftLink(msgspec.Struct, frozen=True):
    """A link without its token; times by the installation's clock."""

    id: UUID
    premises_id: UUID
    driver_id: UUID
    employee_no: str
    driver_name: str
    tz: str
    issued_at: datetime
    issued_by: str
    ends_at: datetime
    opened_at: datetime | None
    browser: str | None
    seen_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None


class NewShiftLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to be kept."""

    id: UUID
    premises_id: UUID
    driver_id: UUID
    token_digest: bytes
    issued_at: datetime
    issued_by: str
    ends_at: datetime


def lock_driver(connection: psycopg.Connection, driver_id: UUID) -> None:
    """Nobody else issues a link to the driver until the transaction ends."""
    connection.execute(statement("lock_driver"), {"driver_id": driver_id})


def put_shift_link(connection: psycopg.Connection, link: NewShiftLink) -> None:
    connection.execute(statement("put_shift_link"), msgspec.structs.asdict(link))


def shift_link_of_token(connection: psycopg.Connection, digest: bytes, now: datetime) -> ShiftLink | None:
    row = connection.execute(statement("shift_link_of_token"), {"digest": digest, "now": now}).fetchone()
    return None if row is None else ShiftLink(*row)


def shift_link_of_phone(connection: psycopg.Connection, digest: bytes, now: datetime) -> ShiftLink | None:
    row = connection.execute(statement("shift_link_of_phone"), {"digest": digest, "now": now}).fetchone()
    return None if row is None else ShiftLink(*row)


def shift_links_of_driver(connection: psycopg.Connection, driver_id: UUID, most: int) -> list[ShiftLink]:
    """Newest first."""
    rows = connection.execute(statement("shift_links_of_driver"), {"driver_id": driver_id, "most": most})
    return [ShiftLink(*row) for row in rows]


def bind_shift_link(
    connection: psycopg.Connection, link_id: UUID, phone_digest: bytes, browser: str | None, at: datetime
) -> bool:
    """Whether the phone has the link now; False: another one was first."""
    values = {"id": link_id, "phone_digest": phone_digest, "browser": browser, "at": at}
    return connection.execute(statement("bind_shift_link"), values).rowcount == 1


def touch_shift_link(connection: psycopg.Connection, link_id: UUID, at: datetime) -> None:
    connection.execute(statement("touch_shift_link"), {"id": link_id, "at": at})


def end_shift_links(
    connection: psycopg.Connection, driver_id: UUID, *, by: str, reason: str | None, at: datetime,
    link_id: UUID | None = None,
) -> list[UUID]:  # fmt: skip
    """Ends this link, or all of the driver's that are good still; those that were."""
    values = {"driver_id": driver_id, "by": by, "reason": reason, "at": at, "id": link_id}
    return [row[0] for row in connection.execute(statement("end_shift_links"), values)]
