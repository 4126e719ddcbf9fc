"""Forecasts beside what came of them, and trips beside what was planned of them. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
import psycopg

from storage.reads import reading
from storage.sql import statement

By = Literal["horizon", "hour", "area"]


class GradeRow(msgspec.Struct, frozen=True):
    """How good the forecasts of one part were: a horizon, an hour of the day, an area."""

    part: str
    drops: int
    samples: int
    mae_s: float
    bias_s: float  # positive: vans came later than was said
    median_s: float  # of the absolute error
    p90_share: float  # that came by the p90
    said_late: float  # mean late risk
    were_late: float  # share that really missed its window


class StandRow(msgspec.Struct, frozen=True):
    """A door of a trip, as first planned and as it came."""

    seq: int
    order_id: UUID
    order_no: str
    window_to: datetime
    planned_arrival_at: datetime | None
    ready_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    handed_at: datetime | None


def forecast_grades(
    connection: psycopg.Connection, premises: Sequence[UUID], by: By, since: datetime, horizons_s: Sequence[float]
) -> list[GradeRow]:
    """As the reader: the parts with most samples first."""
    values = {"by": by, "since": since, "horizons": list(horizons_s)}
    with reading(connection, premises):
        return [GradeRow(*row) for row in connection.execute(statement("forecast_grades"), values)]


def stands_of_trip(connection: psycopg.Connection, trip_id: UUID) -> list[StandRow]:
    rows = connection.execute(statement("stands_of_trip"), {"trip_id": trip_id})
    return [StandRow(*row) for row in rows]


def unplanned_stops_of_trip(connection: psycopg.Connection, trip_id: UUID) -> list[tuple[datetime, datetime]]:
    """From-to."""
    return connection.execute(statement("unplanned_stops_of_trip"), {"trip_id": trip_id}).fetchall()
