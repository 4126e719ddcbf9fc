"""Deletes what is too old and compresses what is old, as the role that may do nothing else. Chooses no period."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec
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


class DayDone(msgspec.Struct, frozen=True):
    """A past day that was gone through for fixes off trip."""

    day: datetime
    deleted: int


def delete_off_trip_day(
    connection: psycopg.Connection, off_trip_days: int, after: datetime, event_id: UUID
) -> DayDone | None:
    """Goes through the oldest day after `after` that is due; None when none is. Commit before the next call."""
    values = {"off_trip_days": off_trip_days, "after": after, "event_id": event_id}
    row = connection.execute(statement("delete_off_trip_day"), values).fetchone()
    return None if row is None else DayDone(*row)


def delete_old_rejects(connection: psycopg.Connection, keep_days: int, event_id: UUID) -> int:
    """How many rejects went; call again until 0. The database refuses fewer than 30 days."""
    row = connection.execute(statement("delete_old_rejects"), {"keep_days": keep_days, "event_id": event_id}).fetchone()
    assert row is not None, "a function's result is a row"
    return int(row[0])


class ClassPlan(msgspec.Struct, frozen=True):
    """What the next run would delete of one class of record; bytes are an estimate."""

    name: str
    oldest: datetime | None
    due_rows: int
    due_days: int
    due_bytes: int
    held_rows: int


class Periods(msgspec.Struct, frozen=True, kw_only=True):
    """How many days each class of record is kept."""

    on_trip_days: int
    off_trip_days: int
    reject_days: int
    business_days: int


def retention_plan(connection: psycopg.Connection, periods: Periods) -> list[ClassPlan]:
    """Reads every fix of the days that are due: seconds for a small fleet, minutes for a large one."""
    return [ClassPlan(*row) for row in connection.execute(statement("retention_plan"), msgspec.structs.asdict(periods))]


class ClassRun(msgspec.Struct, frozen=True):
    """What the last run did to one class of record; `ran_at` is true time."""

    name: str
    ran_at: datetime
    rows: int
    days: int
    bytes: int


def retention_runs(connection: psycopg.Connection) -> list[ClassRun]:
    return [ClassRun(*row) for row in connection.execute(statement("retention_runs"))]


def put_database_size(connection: psycopg.Connection, day: date, size_bytes: int) -> None:
    connection.execute(statement("put_database_size"), {"day": day, "bytes": size_bytes})


def growth_bytes_per_day(connection: psycopg.Connection, today: date) -> float | None:
    """By how much the database grew per day in the last week; None when it has been measured on one day only."""
    rows = connection.execute(statement("database_sizes"), {"from_day": today - timedelta(days=7)}).fetchall()
    if len(rows) < 2:
        return None
    (first_day, first), (last_day, last) = rows[0], rows[-1]
    return float((last - first) / (last_day - first_day).days)


def compress_oldest_fixes(connection: psycopg.Connection, event_id: UUID) -> Compression:
    """Compresses and records the oldest day that is due. Commit before the next call: till then the day is locked."""
    row = connection.execute(statement("compress_oldest_fixes"), {"event_id": event_id}).fetchone()
    assert row is not None, "a function's result is a row"
    return Compression(row[0])
