"""Reads what was refused, rejects and refused fixes, and marks rejects that are put in again. Ingest writes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import psycopg

from contract.times import parse_instant
from storage.sql import statement


class KeptRow(msgspec.Struct, frozen=True):
    """Something refused and where it stands: 'reject', by its id, or 'fix', by DEVICE/TIME/NUMBER."""

    place: str
    ref: str
    at: datetime  # a reject's: when it came; a refused fix's: its own
    device: str
    reason: str
    field: str | None
    value: str | None
    detail: str
    replayed: bool


class RejectRow(msgspec.Struct, frozen=True):
    """One message, or entry of one, that became no fix; `raw` are its bytes."""

    id: int
    received_at: datetime
    device: str
    topic: str
    reason: str
    field: str | None
    value: str | None
    detail: str
    spool: str | None
    seq: int | None
    raw: bytes
    replayed_at: datetime | None


class RefusedFix(msgspec.Struct, frozen=True):
    """One fix that is stored and does not count; `fields` is all that is stored of it."""

    refused_by: str
    fixed_at: datetime
    received_at: datetime
    fields: dict[str, Any]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which of what was refused; None lets everything through."""

    reason: str | None = None
    device: str | None = None
    place: str | None = None
    from_at: datetime
    to_at: datetime


def kept(connection: psycopg.Connection, wanted: Wanted, *, limit: int, before: str | None = None) -> list[KeptRow]:
    """At most `limit`, newest first, those after the one of `before` (a ref). Raises ValueError when it is no ref."""
    values = {**msgspec.structs.asdict(wanted), "limit": limit, "before_ref": before, "before_at": None}
    if before is not None:
        values["before_at"] = _when(connection, before)
        values["before_ref"] = before.zfill(19) if "/" not in before else before  # ids in order, whatever their length
    return [KeptRow(*row) for row in connection.execute(statement("kept"), values)]


def parse_ref(ref: str) -> int | tuple[str, datetime, int]:
    """A reject's id, or a fix's device, time and number. Raises ValueError."""
    if ref.isascii() and ref.isdigit() and len(ref) <= 18:
        return int(ref)
    device, time, seq = (*ref.split("/"), "", "")[:3] if ref.count("/") == 2 else ("", "", "")
    if not (seq.isascii() and seq.isdigit() and len(seq) <= 19):
        raise ValueError(f"{ref!r} is neither a reject's id nor DEVICE/TIME/NUMBER of a fix: waybill rejects list")
    return device, parse_instant(time), int(seq)


def _when(connection: psycopg.Connection, ref: str) -> datetime:
    named = parse_ref(ref)
    if not isinstance(named, int):
        return named[1]
    row = connection.execute(statement("when_rejected"), {"id": named}).fetchone()
    if row is None:
        raise ValueError(f"there is no reject {ref}: waybill rejects list")
    found: datetime = row[0]
    return found


def rejects_in_full(connection: psycopg.Connection, ids: list[int]) -> list[RejectRow]:
    return [RejectRow(*row) for row in connection.execute(statement("rejects_in_full"), {"ids": ids})]


def refused_fix(connection: psycopg.Connection, device: str, fixed_at: datetime, seq: int) -> RefusedFix | None:
    values = {"device": device, "fixed_at": fixed_at, "seq": seq}
    row = connection.execute(statement("refused_fix"), values).fetchone()
    return None if row is None else RefusedFix(*row)


def rejects_to_replay(
    connection: psycopg.Connection, *, device: str | None, reason: str | None, limit: int
) -> list[int]:
    """Ids of rejects that were not put in again yet, oldest first."""
    values = {"device": device, "reason": reason, "limit": limit}
    return [reject_id for (reject_id,) in connection.execute(statement("rejects_to_replay"), values)]


def mark_replayed(connection: psycopg.Connection, ids: list[int], at: datetime) -> list[int]:
    """Those of `ids` that were not put in again before, and are from the caller's commit on."""
    rows = connection.execute(statement("mark_replayed"), {"ids": ids, "at": at}).fetchall()
    return sorted(reject_id for (reject_id,) in rows)
