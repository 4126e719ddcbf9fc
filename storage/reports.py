"""What reports are made of, read row by row as a server-side cursor gives it. Words nothing and makes no file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from storage.sql import statement

BATCH_ROWS = 5000  # one round trip per 5,000 rows: about 1 MB, whatever the length of the report


class Named(msgspec.Struct, frozen=True):
    """A vehicle, trip or order that a report is about."""

    id: UUID
    name: str


def report_rows(connection: psycopg.Connection, name: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of the statement report_`name`, streamed: memory does not grow with their number."""
    with connection.cursor(name=f"report_{name}") as cursor:
        cursor.itersize = BATCH_ROWS
        cursor.execute(statement(f"report_{name}"), values)
        yield from cursor


def whose(connection: psycopg.Connection, premises_id: UUID) -> tuple[Any, ...]:
    """The premises with their licensee and profile, in the order of the statement."""
    row = connection.execute(statement("report_whose"), {"premises_id": premises_id}).fetchone()
    assert row is not None, "the caller has the id from the premises' row, and premises are never deleted"
    return row


def named(connection: psycopg.Connection, kind: str, premises_id: UUID, name: str) -> Named | None:
    """The vehicle, trip or order (`kind`) of this name at the premises."""
    values = {"premises_id": premises_id, kind: name}
    row = connection.execute(statement(f"report_{kind}"), values).fetchone()
    return None if row is None else Named(row[0], row[1])


def names_there_are(connection: psycopg.Connection, kind: str, premises_id: UUID) -> list[str]:
    """What there is instead of the vehicle or trip that was asked for."""
    name = {"vehicle": "report_vehicle_names", "trip": "report_newest_trips"}[kind]
    return [one for (one,) in connection.execute(statement(name), {"premises_id": premises_id})]
