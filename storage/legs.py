"""Orders that join or leave a trip under way, as legs of their own time. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import psycopg

from storage.ids import new_id
from storage.sql import statement


def join_legs(connection: psycopg.Connection, trip_id: UUID, order_ids: Sequence[UUID], at: datetime) -> None:
    """The orders go on the trip, which is under way, from `at` on."""
    values = {"trip_id": trip_id, "ids": [new_id(at) for _ in order_ids], "order_ids": list(order_ids), "at": at}
    connection.execute(statement("join_leg"), values)


def part_legs(connection: psycopg.Connection, trip_id: UUID, order_ids: Sequence[UUID], at: datetime) -> None:
    """The orders leave the trip, which is under way; their legs stay on record."""
    connection.execute(statement("part_leg"), {"trip_id": trip_id, "order_ids": list(order_ids), "at": at})


def left_the_trip(connection: psycopg.Connection, trip_id: UUID, order_ids: Sequence[UUID]) -> set[UUID]:
    """Which of the orders were on the trip before and left it under way."""
    values = {"trip_id": trip_id, "order_ids": list(order_ids)}
    return {row[0] for row in connection.execute(statement("left_the_trip"), values)}
