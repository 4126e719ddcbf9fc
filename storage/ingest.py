"""What ingest asks of the database beside storing fixes: devices, spools, progress, newest fixes, rejects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
import psycopg
from psycopg.types.json import Jsonb
from psycopg.types.multirange import Int8Multirange

from contract.codec import PLAIN_SPOOL, Claim, Reject
from contract.foreign import PROTOCOLS
from contract.messages import Receipt, Status
from storage.fixes import FixRow
from storage.sql import statement

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


def add_progress(
    connection: psycopg.Connection, claims: list[tuple[int, int, Claim]], now: datetime
) -> dict[int, Receipt]:
    """Marks (device_id, spool_id, claim) as stored; per spool id the receipt that says all that is stored now."""
    if not claims:
        return {}
    spools = {spool_id: claim.spool for _, spool_id, claim in claims}
    rows = connection.execute(
        statement("add_progress"),
        {
            "device_ids": [device_id for device_id, _, _ in claims],
            "spool_ids": [spool_id for _, spool_id, _ in claims],
            "firsts": [claim.first for _, _, claim in claims],
            "lasts": [claim.last for _, _, claim in claims],
            "now": now,
        },
    ).fetchall()
    return {spool_id: receipt_of(spools[spool_id], seqs) for spool_id, _device_id, seqs in rows}


def receipt_of(spool: str, seqs: Int8Multirange) -> Receipt:
    """The receipt for stored numbers: `through` counts from 1 without a hole, `also` are closed ranges above it."""
    # int8range is stored half-open and never unbounded here
    ranges = [(part.lower or 0, (part.upper or 0) - 1) for part in seqs]
    through = ranges.pop(0)[1] if ranges and ranges[0][0] == 1 else 0
    return Receipt(spool=spool, through=through, also=ranges[:MAX_RECEIPT_RANGES])


def newest_receipts(connection: psycopg.Connection) -> dict[str, Receipt]:
    """Per device the receipt of the spool it used last."""
    found: dict[str, Receipt] = {}
    for device, spool, _spool_id, seqs in connection.execute(statement("progress_of_devices")):
        found.setdefault(device, receipt_of(spool, seqs))
    return found


def put_last_fixes(connection: psycopg.Connection, rows: list[FixRow]) -> None:
    """Keeps the newest counting fix per device; `rows` holds one row a device at the most."""
    if not rows:
        return
    fixes = [row.fix for row in rows]
    connection.execute(
        statement("put_last_fixes"),
        {
            "device_ids": [row.device_id for row in rows],
            "fixed_at": [fix.fixed_at for fix in fixes],
            "received_at": [row.received_at for row in rows],
            "seqs": [fix.seq for fix in fixes],
            "lat_e7": [fix.lat_e7 for fix in fixes],
            "lon_e7": [fix.lon_e7 for fix in fixes],
            "speed_mps": [fix.speed_mps for fix in fixes],
            "course_deg": [fix.course_deg for fix in fixes],
            "satellites": [fix.satellites for fix in fixes],
            "quality": [None if fix.quality is None else fix.quality.value for fix in fixes],
            "replayed": [fix.replayed for fix in fixes],
        },
    )


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


def put_status(connection: psycopg.Connection, device_id: int, status: Status, received_at: datetime) -> None:
    """Keeps what a device announced about itself."""
    connection.execute(
        statement("put_status"),
        {
            "device_id": device_id,
            "received_at": received_at,
            "state": status.state,
            "body": Jsonb(msgspec.to_builtins(status)),
        },
    )


def lock_gateway(connection: psycopg.Connection, client_id: str) -> bool:
    """Whether this connection now holds the lock of the gateway `client_id`."""
    row = connection.execute(statement("lock_gateway"), {"client_id": client_id}).fetchone()
    return row is not None and bool(row[0])
