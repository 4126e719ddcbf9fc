"""Promised windows of a period beside what came of them, as the reader. Judges nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.reads import reading
from storage.sql import statement


class PromiseRow(msgspec.Struct, frozen=True):
    """One order whose window is over; None where nothing of the kind happened or was planned."""

    order_no: str
    premises_id: UUID
    window_from: datetime
    window_to: datetime
    milestone: str
    vehicle_name: str | None
    crew: str | None
    ready_at: datetime | None
    planned_departure_at: datetime | None
    departed_at: datetime | None
    planned_arrival_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    late_s: float | None  # past the window's end; None: the van was there in time
    reason_code: str | None  # of the last failed attempt


def promises(
    connection: psycopg.Connection, premises: Sequence[UUID], *, from_at: datetime, to_at: datetime, now: datetime
) -> list[PromiseRow]:
    """Orders whose window ended from-to and is over at `now`, by the window's end; cancelled ones are left out."""
    values = {"from_at": from_at, "to_at": to_at, "now": now}
    with reading(connection, premises):
        return [PromiseRow(*row) for row in connection.execute(statement("read_promises"), values)]
