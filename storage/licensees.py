"""Licensees as rows, in the caller's transaction. Knows no vehicle."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.master import Selection, selected
from storage.sql import statement


class Licensee(msgspec.Struct, frozen=True):
    """Who holds the licence that premises work under; `name` is short and for URLs and files."""

    id: UUID
    name: str
    legal_name: str
    licence_no: str | None
    licence_type: str | None
    created_at: datetime
    retired_at: datetime | None = None


def put_licensee(connection: psycopg.Connection, licensee: Licensee) -> None:
    connection.execute(statement("put_licensee"), msgspec.structs.asdict(licensee))


def change_licensee(connection: psycopg.Connection, licensee: Licensee) -> None:
    """All but the name as they are in `licensee`; the caller records it."""
    connection.execute(statement("change_licensee"), msgspec.structs.asdict(licensee))


def select_licensees(connection: psycopg.Connection, wanted: Selection) -> list[Licensee]:
    """Licensees by name; with premises_ids those that these premises work under."""
    return [Licensee(*row) for row in connection.execute(statement("licensees"), selected(wanted))]
