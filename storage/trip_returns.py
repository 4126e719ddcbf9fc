"""What came back from trips as rows, in the caller's transaction. Counts nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from contract.clock import true_now
from storage.sql import statement


class CountedGoods(msgspec.Struct, frozen=True):
    """A line that was aboard, and how much of it was counted."""

    order_no: str
    line_no: int | None
    item: str
    unit: str
    aboard: Decimal
    counted: Decimal


class CountedCash(msgspec.Struct, frozen=True):
    """What was paid in cash, and what was handed in."""

    currency: str | None
    due_minor: int
    counted_minor: int


class NewReturn(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, to be kept."""

    trip_id: UUID
    premises_id: UUID
    driver_id: UUID
    at: datetime
    received_by: str | None
    goods: Sequence[CountedGoods]
    cash: Sequence[CountedCash]
    note: str | None
    recorded_by: str


class TripReturn(msgspec.Struct, frozen=True):
    """What came back, on record."""

    at: datetime
    employee_no: str
    received_by: str | None
    goods: tuple[CountedGoods, ...]
    cash: tuple[CountedCash, ...]
    note: str | None
    recorded_by: str
    recorded_at: datetime


def cash_of_trip(connection: psycopg.Connection, trip_id: UUID) -> list[tuple[str | None, int]]:
    """What was paid in cash at its doors, in minor units by currency."""
    return connection.execute(statement("cash_of_trip"), {"trip_id": trip_id}).fetchall()


def put_trip_return(connection: psycopg.Connection, new: NewReturn) -> bool:
    """Whether it is on record now; False: it was before."""
    values = {
        **msgspec.structs.asdict(new), "goods": Jsonb(new.goods, dumps=msgspec.json.encode),
        "cash": Jsonb(new.cash, dumps=msgspec.json.encode), "recorded_at": true_now(),
    }  # fmt: skip
    return connection.execute(statement("put_trip_return"), values).rowcount == 1


def trip_return(connection: psycopg.Connection, trip_id: UUID) -> TripReturn | None:
    row = connection.execute(statement("trip_return"), {"trip_id": trip_id}).fetchone()
    if row is None:
        return None
    at, employee_no, received_by, goods, cash, note, recorded_by, recorded_at = row
    return TripReturn(
        at, employee_no, received_by, msgspec.convert(goods, tuple[CountedGoods, ...]),
        msgspec.convert(cash, tuple[CountedCash, ...]), note, recorded_by, recorded_at,
    )  # fmt: skip
