"""What a driver's page reads: the own trips, and the customers at their doors. Changes nothing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.sql import statement


class DoorCustomer(msgspec.Struct, frozen=True):
    """Who waits at a door, and what the driver should know."""

    order_id: UUID
    name: str
    phone: str | None
    type: str | None
    language: str | None
    note: str | None
    customer_note: str | None
    payment: str | None
    lines: int


class StopToExplain(msgspec.Struct, frozen=True):
    """A stop that nobody has given a reason for; `ended_at` None: it still stands."""

    id: UUID
    began_at: datetime
    ended_at: datetime | None


def trips_of_driver(
    connection: psycopg.Connection, driver_id: UUID, from_at: datetime, to_at: datetime, most: int
) -> list[UUID]:
    """Trips that are planned to leave in these hours, and those under way, which come first."""
    values = {"driver_id": driver_id, "from_at": from_at, "to_at": to_at, "most": most}
    return [row[0] for row in connection.execute(statement("trips_of_driver"), values)]


def customers_of_trip(connection: psycopg.Connection, trip_id: UUID) -> dict[UUID, DoorCustomer]:
    """By order."""
    rows = connection.execute(statement("customers_of_trip"), {"trip_id": trip_id})
    return {row[0]: DoorCustomer(*row) for row in rows}


def phone_of_premises(connection: psycopg.Connection, premises_id: UUID) -> tuple[str, str | None]:
    """Name of the premises, and the number to call, when one is known."""
    row = connection.execute(statement("phone_of_premises"), {"premises_id": premises_id}).fetchone()
    assert row is not None, "a foreign key keeps premises"
    return row[0], row[1]


def stops_to_explain(connection: psycopg.Connection, trip_id: UUID) -> list[StopToExplain]:
    """In the order in which they were made."""
    rows = connection.execute(statement("stops_to_explain"), {"trip_id": trip_id})
    return [StopToExplain(*row) for row in rows]
