"""What `waybill status` and readiness ask: versions, signs of life, devices, counts of a day. Judges nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import psycopg

from storage.sql import statement


class ServerVersions(msgspec.Struct, frozen=True):
    """What the database is; `edition` is TimescaleDB's licence, apache or timescale (the Community edition)."""

    postgresql: str
    timescaledb: str | None
    edition: str | None


class Part(msgspec.Struct, frozen=True):
    """The last sign of life of a process; times are true time."""

    name: str
    version: str
    pid: int
    host: str
    started_at: datetime
    seen_at: datetime
    counters: dict[str, Any]


class DeviceHealth(msgspec.Struct, frozen=True):
    """One device: its newest counting fix, its newest receipt, what it announced about itself."""

    device: str
    vehicle: str | None
    fixed_at: datetime | None
    received_at: datetime | None
    spool: str | None
    through: int | None
    receipt_at: datetime | None
    state: str | None
    status_at: datetime | None
    backlog: int | None


def server_versions(connection: psycopg.Connection) -> ServerVersions:
    row = connection.execute(statement("server_versions")).fetchone()
    assert row is not None, "a SELECT without FROM gives a row"
    return ServerVersions(row[0].split()[0], row[1], row[2])


def parts(connection: psycopg.Connection) -> list[Part]:
    """Every process that ever gave a sign of life, newest first."""
    return [Part(*row) for row in connection.execute(statement("parts"))]


def device_health(connection: psycopg.Connection) -> list[DeviceHealth]:
    return [DeviceHealth(*row) for row in connection.execute(statement("device_health"))]


class DatabaseFigures(msgspec.Struct, frozen=True):
    """How large the database is and what it holds."""

    bytes: int
    oldest_day: datetime | None
    days: int
    compressed_days: int
    tracking_failed: int  # devices whose tracking raised and whose records are to be derived again
    clock: datetime  # the database's own, by which retention judges

    def unreadable(self, edition: str | None) -> bool:
        """Whether days are compressed that this edition reads as empty, without an error."""
        return self.compressed_days > 0 and edition != "timescale"


def database_figures(connection: psycopg.Connection) -> DatabaseFigures:
    row = connection.execute(statement("database_figures")).fetchone()
    assert row is not None, "a SELECT without FROM gives a row"
    return DatabaseFigures(*row)


def devices_from_future(connection: psycopg.Connection, since: datetime) -> int:
    """How many device names had fixes rejected since then because their time lay in the future."""
    row = connection.execute(statement("devices_from_future"), {"since": since}).fetchone()
    assert row is not None, "a count is a row"
    return int(row[0])


def zones(connection: psycopg.Connection) -> list[str]:
    """The time zones that premises have."""
    return [tz for (tz,) in connection.execute(statement("zones"))]


def holds_real_fixes(connection: psycopg.Connection) -> bool:
    """Whether somebody's vehicle reports here, not only simulators and captures."""
    row = connection.execute(statement("holds_real_fixes")).fetchone()
    return row is not None and bool(row[0])


def fix_counts(connection: psycopg.Connection, from_at: datetime, to_at: datetime) -> dict[str | None, int]:
    """Fixes taken from-to by the rule that refused them; None are those that count."""
    return _counts(connection, "fix_counts", from_at, to_at)


def reject_counts(connection: psycopg.Connection, from_at: datetime, to_at: datetime) -> dict[str | None, int]:
    """Rejects received from-to by reason."""
    return _counts(connection, "reject_counts", from_at, to_at)


def _counts(connection: psycopg.Connection, name: str, from_at: datetime, to_at: datetime) -> dict[str | None, int]:
    return dict(connection.execute(statement(name), {"from_at": from_at, "to_at": to_at}).fetchall())
