"""Whether the installation can do its work now: database, schema, gateway. Repairs nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg

from contract.checks import Check
from gateway.api.database import Connect
from storage.health import parts
from storage.migrate import MigrationError, pending

# The gateway gives a sign of life every 5 s; three may be late before it counts as gone.
FRESH = timedelta(seconds=20)


def check_readiness(connect: Connect, now: datetime) -> list[Check]:
    """Whether the installation can do its work; `now` is true time."""
    return _checks(connect, lambda connection: [_gateway(connection, now)])


def check_records(connect: Connect) -> list[Check]:
    """Whether a part that needs nothing but the records can do its work."""
    return _checks(connect, lambda _connection: [])


def _checks(connect: Connect, more: Callable[[psycopg.Connection], list[Check]]) -> list[Check]:
    """The checks in the order in which they build on one another."""
    try:
        with connect() as connection:
            schema = _schema(connection)
            reached = Check("database", ok=True, says="reachable")
            return [reached, schema, *more(connection)] if schema.ok else [reached, schema]
    except (psycopg.OperationalError, TimeoutError):
        # Why is in the log and in `waybill status`; strangers may ask this endpoint.
        return [Check("database", ok=False, says="not reachable", remedy="start the database; waybill status says why")]


def _schema(connection: psycopg.Connection) -> Check:
    try:
        missing = len(pending(connection))
    except MigrationError:
        remedy = "run the newer Waybill, or restore its backup; waybill db status says which file"
        return Check("schema", ok=False, says="the database's schema is another version's", remedy=remedy)
    if missing:
        return Check("schema", ok=False, says=f"{missing} pending", remedy="run waybill db migrate")
    return Check("schema", ok=True, says="up to date")


def _gateway(connection: psycopg.Connection, now: datetime) -> Check:
    part = next((part for part in parts(connection) if part.name == "gateway"), None)
    remedy = "start waybill gateway, or look into its log"
    if part is None:
        return Check("gateway", ok=False, says="never seen", remedy=remedy)
    silent_s = (now - part.seen_at).total_seconds()
    if silent_s > FRESH.total_seconds():
        return Check("gateway", ok=False, says=f"no sign of life for {silent_s:.0f} s", remedy=remedy)
    if -silent_s > FRESH.total_seconds():
        says = f"its last sign of life lies {-silent_s:.0f} s in the future"
        return Check("gateway", ok=False, says=says, remedy="a clock was set back, here or there: timedatectl")
    return Check("gateway", ok=True, says=f"seen {max(silent_s, 0):.0f} s ago")
