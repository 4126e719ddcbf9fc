"""Reads orders as documents and as lists for whoever may see their premises. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import dict_row

from storage.sql import literally, statement
from storage.trips import as_uuid


class OrderRow(msgspec.Struct, frozen=True):
    """One order in a list."""

    id: UUID
    premises: str
    order_no: str
    source: str
    source_ref: str
    customer_name: str
    address: str
    window_from: datetime
    window_to: datetime
    milestone: str
    milestone_at: datetime
    currency: str | None
    total_minor: int | None
    tracking_token: str


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders a list is to hold; None: whichever."""

    text: str | None = None  # part of number, name, address, or the phone's digits
    premises: str | None = None
    milestones: Sequence[str] | None = None
    source: str | None = None
    window_from: datetime | None = None
    window_to: datetime | None = None


class Reader(msgspec.Struct, frozen=True):
    """Who reads: the premises they may see (None: all), and whether test orders or real ones."""

    premises_ids: list[UUID] | None
    test: bool


def find_orders(connection: psycopg.Connection, reader: Reader, key: str) -> list[UUID]:
    """Ids of the orders with this id or number; two when the premises must be named as well."""
    values = {"premises_ids": reader.premises_ids, "test": reader.test, "id": as_uuid(key), "order_no": key}
    return [row[0] for row in connection.execute(statement("find_orders"), values)]


def order_document(
    connection: psycopg.Connection, reader: Reader, *, key: str | None = None, ref: tuple[str, str] | None = None
) -> list[dict[str, Any]]:
    """Orders by id or number (`key`), or by (source, number there); two when the premises must be named as well."""
    source, source_ref = ref or (None, None)
    values = {
        "premises_ids": reader.premises_ids, "test": reader.test, "id": as_uuid(key or ""), "order_no": key,
        "source": source, "source_ref": source_ref,
    }  # fmt: skip
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("order_document"), values).fetchall()


def order_list(
    connection: psycopg.Connection, reader: Reader, wanted: OrderFilter, *, after: tuple[datetime, UUID] | None,
    most: int,
) -> list[OrderRow]:  # fmt: skip
    """At most `most` orders by window, those after the place (window_from, id)."""
    at, order_id = after or (None, None)
    values = {
        "premises_ids": reader.premises_ids, "test": reader.test, "premises": wanted.premises,
        "milestones": None if wanted.milestones is None else list(wanted.milestones), "source": wanted.source,
        "window_from": wanted.window_from, "window_to": wanted.window_to, "pattern": _pattern(wanted.text),
        "after_at": at, "after_id": order_id, "most": most,
    }  # fmt: skip
    # Not prepared: a plan for whatever filter would never use the index that the filter at hand has.
    return [OrderRow(*row) for row in connection.execute(statement("order_list"), values, prepare=False)]


def _pattern(text: str | None) -> str | None:
    return None if text is None else f"%{literally(text.lower())}%"
