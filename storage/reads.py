"""What people look at, read through the views of schema `reading` as the reader role. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg.pq import TransactionStatus

from storage.reading_rows import (
    DropRow,
    FleetRow,
    ForecastRow,
    HistoryRow,
    LegRow,
    LineRow,
    MessageRow,
    MilestoneRow,
    OrderDetailRow,
    OrderRow,
    PremisesRow,
    TrailRow,
    TripRow,
)
from storage.sql import statement, words_in_order

Row = TypeVar("Row", bound=msgspec.Struct)
HISTORY_BATCH_ROWS = 5000  # one round trip per 5,000 rows: about 1 MB, whatever the length of the history


class ReadError(Exception):
    """Reading needs a connection without an open transaction: the premises it may see are set for one transaction."""


@contextmanager
def reading(connection: psycopg.Connection, premises: Sequence[UUID]) -> Iterator[psycopg.Connection]:
    """A read-only transaction that sees the rows of `premises` and no others; all its statements see one moment.

    The only door to the views: outside of it the setting waybill.premises is empty, and so is every view.
    """
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ReadError(ReadError.__doc__)
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with connection.transaction():
        connection.execute(statement("see_premises"), {"premises": ",".join(map(str, premises))})
        yield connection


def _rows(connection: psycopg.Connection, name: str, kind: type[Row], **values: object) -> list[Row]:
    return [kind(*row) for row in connection.execute(statement(name), values)]


def all_premises_ids(connection: psycopg.Connection) -> list[UUID]:
    """The ids of all premises, for a process that shows them all."""
    with reading(connection, ()):
        return [premises_id for (premises_id,) in connection.execute(statement("all_premises_ids"))]


def premises_list(connection: psycopg.Connection, premises: Sequence[UUID]) -> list[PremisesRow]:
    """The premises by name."""
    with reading(connection, premises):
        return _rows(connection, "read_premises", PremisesRow)


def fleet(connection: psycopg.Connection, premises: Sequence[UUID]) -> list[FleetRow]:
    """One row per vehicle in service, always in the same order (van-2 before van-10)."""
    with reading(connection, premises):
        return _rows(connection, "read_fleet", FleetRow)


def newest_fix_at(connection: psycopg.Connection, premises: Sequence[UUID]) -> datetime | None:
    """When the newest fix of the whole fleet was taken; None when there is none."""
    with reading(connection, premises):
        row = connection.execute(statement("read_newest_fix")).fetchone()
        return row[0] if row else None


def trip(
    connection: psycopg.Connection, premises: Sequence[UUID], trip_id: UUID
) -> tuple[TripRow, list[DropRow]] | None:
    """A trip with its drops in the planned order."""
    with reading(connection, premises):
        trips = _rows(connection, "read_trip", TripRow, trip_id=trip_id)
        return (trips[0], _rows(connection, "read_drops", DropRow, trip_id=trip_id)) if trips else None


def trail(
    connection: psycopg.Connection,
    premises: Sequence[UUID],
    vehicle_id: UUID,
    *,
    from_at: datetime,
    to_at: datetime,
    most_points: int,
) -> list[TrailRow]:
    """Where a vehicle went, thinned evenly in time to about `most_points`."""
    step_s = max(1.0, (to_at - from_at).total_seconds() / most_points)
    with reading(connection, premises):
        return _rows(
            connection, "read_trail", TrailRow, vehicle_id=vehicle_id, from_at=from_at, to_at=to_at, step_s=step_s
        )


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders: None and empty let everything through. from_at/to_at bound the start of the window."""

    text: str = ""
    milestones: tuple[str, ...] = ()
    from_at: datetime | None = None
    to_at: datetime | None = None
    late_only: bool = False


def orders(
    connection: psycopg.Connection,
    premises: Sequence[UUID],
    wanted: OrderFilter,
    *,
    now: datetime,
    limit: int,
    offset: int = 0,
) -> tuple[list[OrderRow], int]:
    """One page of matching orders by window, and how many match in all; `now` decides what is late."""
    values = {
        "pattern": words_in_order(wanted.text),
        "milestones": list(wanted.milestones) or None,
        "from_at": wanted.from_at,
        "to_at": wanted.to_at,
        "late_only": wanted.late_only,
        "now": now,
    }
    with reading(connection, premises):
        total = connection.execute(statement("count_orders"), values).fetchone()
        page = _rows(connection, "read_orders", OrderRow, **values, limit=limit, offset=offset)
        return page, total[0] if total else 0


class OrderStory(msgspec.Struct, frozen=True):
    """One order with all that happened to it."""

    order: OrderDetailRow
    milestones: list[MilestoneRow]
    lines: list[LineRow]
    legs: list[LegRow]
    routes: list[list[TrailRow]]  # one per leg, in the same order
    forecast: ForecastRow | None  # None: nothing is said, or the van has been there
    messages: list[MessageRow]


def order_story(
    connection: psycopg.Connection, premises: Sequence[UUID], order: str, *, now: datetime, most_points: int
) -> OrderStory | None:
    """The order with this number or id; each leg's route is thinned to about `most_points`."""
    with reading(connection, premises):
        found = _rows(connection, "read_order", OrderDetailRow, order=order, now=now)
        if not found:
            return None
        order_id = found[0].id
        legs = _rows(connection, "read_legs", LegRow, order_id=order_id)
        forecasts = _rows(connection, "read_forecast", ForecastRow, order_id=order_id)
        return OrderStory(
            order=found[0],
            milestones=_rows(connection, "read_milestones", MilestoneRow, order_id=order_id),
            lines=_rows(connection, "read_lines", LineRow, order_id=order_id),
            legs=legs,
            routes=[_leg_route(connection, leg, now, most_points) for leg in legs],
            forecast=forecasts[0] if forecasts else None,
            messages=_rows(connection, "read_messages", MessageRow, order_id=order_id),
        )


def _leg_route(connection: psycopg.Connection, leg: LegRow, now: datetime, most_points: int) -> list[TrailRow]:
    to_at = leg.to_at or now
    step_s = max(1.0, (to_at - leg.from_at).total_seconds() / most_points)
    return _rows(
        connection, "read_trail", TrailRow, vehicle_id=leg.vehicle_id, from_at=leg.from_at, to_at=to_at, step_s=step_s
    )


def vehicle_names(connection: psycopg.Connection, premises: Sequence[UUID]) -> list[str]:
    """The names of all vehicles."""
    with reading(connection, premises):
        return [name for (name,) in connection.execute(statement("read_vehicle_names"))]


def history(
    connection: psycopg.Connection,
    premises: Sequence[UUID],
    vehicle: str,
    *,
    from_at: datetime,
    to_at: datetime,
    refused: bool = False,
    phones: bool = False,
) -> Iterator[HistoryRow]:
    """Every fix of a vehicle from-to in order of time, streamed: memory does not grow with the length.

    With `phones` those of phones in the vehicle instead, which are not its record.
    """
    values = {"vehicle": vehicle, "from_at": from_at, "to_at": to_at, "refused": refused}
    with reading(connection, premises), connection.cursor(name="history") as cursor:
        cursor.itersize = HISTORY_BATCH_ROWS
        cursor.execute(statement("read_phone_history" if phones else "read_history"), values)
        for row in cursor:
            yield HistoryRow(*row)
