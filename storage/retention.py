"""Deletes what is too old and compresses what is old, as the role that may do nothing else. Chooses no period."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import psycopg

from storage.sql import statement


class Compression(StrEnum):
    """What one call of compress_oldest_fixes came to."""

    COMPRESSED = "compressed"
    NOTHING = "nothing"  # no day is old enough and not compressed yet
    NOT_AVAILABLE = "not available"  # TimescaleDB's Apache edition cannot compress
    TOO_OLD = "too old"  # before 2.20.1 a backup of compressed days cannot be restored


def drop_old_fixes(connection: psycopg.Connection, keep_days: int, event_id: UUID) -> int:
    """How many days' chunks went. The database refuses fewer than 90 days and records what it dropped."""
    row = connection.execute(statement("drop_old_fixes"), {"keep_days": keep_days, "event_id": event_id}).fetchone()
    assert row is not None, "a function's result is a row"
    return int(row[0])


def compress_oldest_fixes(connection: psycopg.Connection, event_id: UUID) -> Compression:
    """Compresses and records the oldest day that is due. Commit before the next call: till then the day is locked."""
    row = connection.execute(statement("compress_oldest_fixes"), {"event_id": event_id}).fetchone()
    assert row is not None, "a function's result is a row"
    return Compression(row[0])
