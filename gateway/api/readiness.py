"""Whether the installation can do its work now: database, schema, gateway. Repairs nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import psycopg

from gateway.api.database import Connect
from storage.health import parts
from storage.migrate import MigrationError, pending

# The gateway gives a sign of life every 5 s; three may be late before it counts as gone.
FRESH = timedelta(seconds=20)


class Check(msgspec.Struct, frozen=True):
    """One thing that must be so, whether it is, and in words what is."""

    name: str
    ok: bool
    says: str


def check_readiness(connect: Connect, now: datetime) -> list[Check]:
    """The checks in the order in which they build on one another; `now` is true time."""
    try:
        with connect() as connection:
            schema = _schema(connection)
            reached = Check("database", ok=True, says="reachable")
            return [reached, schema, _gateway(connection, now)] if schema.ok else [reached, schema]
    except (psycopg.OperationalError, TimeoutError):
        # Why is in the log and in `waybill status`; strangers may ask this endpoint.
        return [Check("database", ok=False, says="not reachable")]


def _schema(connection: psycopg.Connection) -> Check:
    try:
        missing = len(pending(connection))
    except MigrationError:
        return Check("schema", ok=False, says="the database's schema is another version's")
    says = "up to date" if not missing else f"{missing} migrations pending: waybill db migrate"
    return Check("schema", ok=not missing, says=says)


def _gateway(connection: psycopg.Connection, now: datetime) -> Check:
    part = next((part for part in parts(connection) if part.name == "gateway"), None)
    if part is None:
        return Check("gateway", ok=False, says="never seen")
    silent_s = (now - part.seen_at).total_seconds()
    if now - part.seen_at > FRESH:
        return Check("gateway", ok=False, says=f"no sign of life for {silent_s:.0f} s")
    return Check("gateway", ok=True, says=f"seen {max(silent_s, 0):.0f} s ago")
