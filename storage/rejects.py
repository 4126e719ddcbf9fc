"""Reads the messages of which no fix could be made. Writes none: ingest does."""

from __future__ import annotations

from datetime import datetime

import msgspec
import psycopg

from contract.reasons import RejectReason
from storage.sql import statement


class RejectRow(msgspec.Struct, frozen=True):
    """One message, or entry of one, that became no fix; `raw` are its bytes."""

    id: int
    received_at: datetime
    device: str
    reason: str
    field: str | None
    value: str | None
    detail: str
    spool: str | None
    seq: int | None
    raw_bytes: int
    raw: bytes


def rejects(
    connection: psycopg.Connection,
    *,
    limit: int,
    reason: RejectReason | None = None,
    device: str | None = None,
    before: int | None = None,
) -> list[RejectRow]:
    """At most `limit` rejects, newest first, those with an id below `before`."""
    values = {"reason": None if reason is None else reason.value, "device": device, "before": before, "limit": limit}
    return [RejectRow(*row) for row in connection.execute(statement("rejects"), values)]
