"""What ingest asks of the database beside storing fixes: devices, spools, progress, newest fixes, rejects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from contract.codec import PLAIN_SPOOL, Claim, Reject
from contract.foreign import PROTOCOLS
from contract.messages import Receipt, Status
from storage.fixes import FixRow
from storage.sql import as_rows, statement

_NO_SPOOL = "0" * 16  # nobody's: what names it confirms nothing to anybody
MAX_RECEIPT_RANGES = 200  # a receipt stays below a few kB; the ranges beyond it come with later receipts


def ensure_spools(connection: psycopg.Connection, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Ids of the spools, given as (device_id, name); new ones are made.

    Left out are those whose name is another device's: a spool belongs to one device for ever.
    """
    pairs = set(wanted)
    found = _spools(connection, "spools_of_devices", pairs)
    if len(found) < len(pairs):
        found |= _spools(connection, "make_spools", pairs - found.keys(), shared=[PLAIN_SPOOL, *PROTOCOLS])
    return found


def _spools(
    connection: psycopg.Connection, name: str, pairs: Iterable[tuple[int, str]], **more: object
) -> dict[tuple[int, str], int]:
    listed = sorted(pairs)
    values = {"device_ids": [device_id for device_id, _ in listed], "names": [spool for _, spool in listed]}
    return {
        (device_id, spool): spool_id
        for device_id, spool, spool_id in connection.execute(statement(name), {**values, **more})
    }


class TrackingState(msgspec.Struct, frozen=True):
    """The engine's memory of a device as JSON text, its watermark, and why step failed."""

    device_id: int
    state: str
    watermark: datetime
    failed: str | None


class _LastFix(msgspec.Struct, frozen=True):
    device_id: int
    fixed_at: datetime
    received_at: datetime
    seq: int
    lat_e7: int
    lon_e7: int
    speed_mps: float | None
    course_deg: float | None
    satellites: int | None
    quality: str | None
    replayed: bool


class _Progress(msgspec.Struct, frozen=True):
    spool_id: int
    device_id: int
    seqs: str


def put_outcome(
    connection: psycopg.Connection,
    newest: list[FixRow],
    states: list[TrackingState],
    claims: list[tuple[int, int, Claim]],
    now: datetime,
) -> dict[int, Receipt]:
    """What a batch leaves of every device; per spool id the receipt that says all that is stored now.

    `newest` holds the newest counting fix, at most one a device; claims are (device_id, spool_id, numbers to mark as
    stored). One statement: the way to the database and back costs more than any of its three parts.
    """
    if not newest and not states and not claims:
        return {}
    spools = {spool_id: claim.spool for _, spool_id, claim in claims}
    values = {
        "newest": as_rows([_last_fix(row) for row in newest]),
        "device_ids": [one.device_id for one in states],
        "states": [one.state for one in states],
        "watermarks": [one.watermark for one in states],
        "failed": [one.failed for one in states],
        "progress": as_rows(_progress(claims)),
        "now": now,
    }
    stored = connection.execute(statement("put_outcome"), values).fetchall()
    return {spool_id: receipt_of(spools[spool_id], seqs) for spool_id, seqs in stored}


def _last_fix(row: FixRow) -> _LastFix:
    fix = row.fix
    return _LastFix(
        row.device_id, fix.fixed_at, row.received_at, fix.seq, fix.lat_e7, fix.lon_e7, fix.speed_mps, fix.course_deg,
        fix.satellites, fix.quality, fix.replayed,
    )  # fmt: skip


def _progress(claims: list[tuple[int, int, Claim]]) -> list[_Progress]:
    ranges: dict[tuple[int, int], list[list[int]]] = {}
    for device_id, spool_id, claim in claims:
        known = ranges.setdefault((spool_id, device_id), [])
        if known and known[-1][1] + 1 == claim.first:  # the next pack of the same spool, as nearly always
            known[-1][1] = claim.last
        else:
            known.append([claim.first, claim.last])
    return [
        _Progress(spool_id, device_id, "{" + ",".join(f"[{first},{last}]" for first, last in known) + "}")
        for (spool_id, device_id), known in sorted(ranges.items())
    ]


def receipt_of(spool: str, seqs: str) -> Receipt:
    """The receipt for stored numbers: `through` counts from 1 without a hole, `also` are closed ranges above it.

    `seqs` is an int8multirange as PostgreSQL writes it: half-open ranges, never unbounded here.
    """
    ranges = [
        (int(low), int(high) - 1) for low, _, high in (part.partition(",") for part in seqs[2:-2].split("),[")) if low
    ]
    through = ranges.pop(0)[1] if ranges and ranges[0][0] == 1 else 0
    return Receipt(spool=spool, through=through, also=ranges[:MAX_RECEIPT_RANGES])


def newest_receipts(connection: psycopg.Connection) -> dict[str, Receipt]:
    """Per device the receipt of the spool it used last, or one that confirms nothing.

    Of every device, because the broker may keep one from before the database was restored to an older state: a device
    that hears it deletes what is stored nowhere.
    """
    found: dict[str, Receipt] = {}
    for device, spool, seqs in connection.execute(statement("progress_of_devices")):
        if device not in found:
            found[device] = Receipt(spool=_NO_SPOOL, through=0) if spool is None else receipt_of(spool, seqs)
    return found


def put_rejects(connection: psycopg.Connection, rejects: list[tuple[Reject, str]], received_at: datetime) -> None:
    """Keeps (reject, topic) with bytes and reason."""
    if not rejects:
        return
    rows = [
        {
            "received_at": received_at,
            "device_name": reject.device[:64],
            "topic": topic,
            "reason": reject.reason.value,
            "detail": reject.detail,
            "field": reject.field,
            # PostgreSQL's text holds no NUL; the raw bytes keep it
            "value": None if reject.value is None else reject.value.replace("\x00", "\\0"),
            "spool": reject.spool,
            "seq": reject.seq,
            "raw": reject.raw,
        }
        for reject, topic in rejects
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement("put_reject"), rows)


def put_statuses(connection: psycopg.Connection, statuses: list[tuple[int, Status, datetime]]) -> None:
    """Keeps what devices announced about themselves, given as (device_id, word, received_at) in order of arrival."""
    if not statuses:
        return
    rows = [
        {
            "device_id": device_id,
            "received_at": received_at,
            "state": status.state,
            "body": Jsonb(msgspec.to_builtins(status)),
        }
        for device_id, status, received_at in statuses
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement("put_status"), rows)


def lock_gateway(connection: psycopg.Connection, client_id: str) -> bool:
    """Whether this connection now holds the lock of the gateway `client_id`."""
    row = connection.execute(statement("lock_gateway"), {"client_id": client_id}).fetchone()
    return row is not None and bool(row[0])
