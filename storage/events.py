"""The feed of what order systems are told. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from storage.ids import new_id
from storage.order_reads import Reader
from storage.sql import as_rows, statement


class Event(msgspec.Struct, frozen=True):
    """One thing that happened. Its place in the feed is (written_by, id)."""

    written_by: str
    id: UUID
    premises: str
    type: str
    at: datetime
    order_id: UUID | None
    trip_id: UUID | None
    body: dict[str, Any]


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be told."""

    id: UUID
    premises_id: UUID
    type: str
    at: datetime
    order_id: UUID | None = None
    trip_id: UUID | None = None
    test: bool = False
    body: Mapping[str, Any]


def put_event(
    connection: psycopg.Connection, kind: str, at: datetime, premises_id: UUID, body: Mapping[str, Any], *,
    order_id: UUID | None = None, trip_id: UUID | None = None, test: bool = False,
) -> None:  # fmt: skip
    """Tells of something that is no milestone: those tell of themselves (schema/45_events.sql)."""
    new = NewEvent(
        id=new_id(at), premises_id=premises_id, type=kind, at=at, order_id=order_id, trip_id=trip_id, test=test,
        body=body,
    )  # fmt: skip
    put_events(connection, [new])


def put_events(connection: psycopg.Connection, rows: Sequence[NewEvent]) -> None:
    """Tells of many such things at once; the feed has them in the order of their ids."""
    if rows:
        connection.execute(statement("put_events"), {"rows": as_rows(rows)})


def events_after(
    connection: psycopg.Connection, reader: Reader, *, types: Sequence[str] | None = None,
    after: tuple[str, UUID] | None = None, most: int,
) -> list[Event]:  # fmt: skip
    """Events after the place `after`. None that is committed later comes to stand before one that was given here."""
    written_by, event_id = after or (None, None)
    values = {
        "premises_ids": reader.premises_ids, "test": reader.test, "types": None if types is None else list(types),
        "after_by": written_by, "after_id": event_id, "most": most,
    }  # fmt: skip
    return [Event(*row) for row in connection.execute(statement("events_after"), values)]
