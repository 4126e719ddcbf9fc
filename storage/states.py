"""What readers at the broker are told of vehicles and orders, and which topics hold a message. Publishes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import psycopg

from storage.sql import statement


class FleetRow(msgspec.Struct, frozen=True):
    """A vehicle as it is known now."""

    premises: str
    vehicle: str
    fixed_at: datetime | None
    lat_e7: int | None
    lon_e7: int | None
    speed_mps: float | None
    course_deg: float | None
    trip_no: str | None
    under_way: bool
    drops: int
    drops_open: int


class OrderRow(msgspec.Struct, frozen=True):
    """How far an order has come."""

    premises: str
    order_no: str
    milestone: str
    at: datetime


def fleet_states(connection: psycopg.Connection) -> list[FleetRow]:
    return [FleetRow(*row) for row in connection.execute(statement("fleet_states"))]


def open_order_states(connection: psycopg.Connection, since: datetime) -> list[OrderRow]:
    """Orders that have not ended and whose window ends after `since`."""
    return [OrderRow(*row) for row in connection.execute(statement("open_order_states"), {"since": since})]


def order_states_of(connection: psycopg.Connection, numbers: Sequence[tuple[str, str]]) -> list[OrderRow]:
    """The orders with these (premises, number)."""
    values = {"codes": [code for code, _ in numbers], "order_nos": [number for _, number in numbers]}
    return [OrderRow(*row) for row in connection.execute(statement("order_states_of"), values)]


def published_topics(connection: psycopg.Connection) -> set[str]:
    return {row[0] for row in connection.execute(statement("published_topics"))}


def note_published(connection: psycopg.Connection, topics: Sequence[str], at: datetime) -> None:
    connection.execute(statement("note_published"), {"topics": list(topics), "at": at})


def note_cleared(connection: psycopg.Connection, topics: Sequence[str]) -> None:
    connection.execute(statement("note_cleared"), {"topics": list(topics)})
