"""Deletes what is too old, as the role that may do nothing else. Chooses no period."""

from __future__ import annotations

from uuid import UUID

import psycopg

from storage.sql import statement


def drop_old_fixes(connection: psycopg.Connection, keep_days: int, event_id: UUID) -> int:
    """How many days' chunks went. The database refuses fewer than 90 days and records what it dropped."""
    row = connection.execute(statement("drop_old_fixes"), {"keep_days": keep_days, "event_id": event_id}).fetchone()
    assert row is not None, "a function's result is a row"
    return int(row[0])
