"""Reads what is on record about one order, part by part. Asks nobody whether they may see it and writes nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from storage.sql import statement

PARTS = ("trips", "detections", "goods", "transfers", "plan_changes", "audit")


def order_record(connection: psycopg.Connection, order_id: UUID, premises_id: UUID) -> dict[str, Any]:
    """The premises, and a list of rows for each of PARTS."""
    with connection.cursor(row_factory=dict_row) as cursor:
        premises = cursor.execute(statement("record_premises"), {"premises_id": premises_id}).fetchone()
        parts = {part: cursor.execute(statement(f"record_{part}"), {"order_id": order_id}).fetchall() for part in PARTS}
    return {"premises": premises, **parts}
