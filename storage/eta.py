"""Forecasts as rows: what is to be forecast, what is said now, what was said, samples, risks. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.sql import as_rows, statement


class TripToForecast(msgspec.Struct, frozen=True):
    """An open trip with its vehicle's newest fix that counts."""

    id: UUID
    premises_id: UUID
    vehicle_id: UUID
    trip_no: str
    planned_departure_at: datetime
    departed_at: datetime | None
    premises_lat_e7: int | None
    premises_lon_e7: int | None
    tz: str
    fixed_at: datetime | None
    lat_e7: int | None
    lon_e7: int | None
    speed_mps: float | None
    course_deg: float | None


class DropToForecast(msgspec.Struct, frozen=True):
    """A drop of such a trip, over or not."""

    trip_id: UUID
    order_id: UUID
    seq: int
    order_no: str
    source: str
    source_ref: str
    lat_e7: int | None
    lon_e7: int | None
    window_from: datetime
    window_to: datetime
    milestone: str
    arrived_at: datetime | None
    left_at: datetime | None


class Forecast(msgspec.Struct, frozen=True):
    """What is said now of one order; how old the fix is: computed_at - fixed_at."""

    order_id: UUID
    premises_id: UUID
    trip_id: UUID
    p50_at: datetime
    p90_at: datetime
    late_risk: float
    source: str  # street, distance, learned
    fixed_at: datetime | None
    drops_before: int
    published_at: datetime
    computed_at: datetime
    told_p50_at: datetime


class PublishedForecast(msgspec.Struct, frozen=True):
    """What was said of an order at one time, and why it was said then."""

    published_at: datetime
    trip_id: UUID
    p50_at: datetime
    p90_at: datetime
    late_risk: float
    source: str
    fixed_at: datetime | None
    drops_before: int
    cause: str


class NewPublished(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is said now, to be kept."""

    id: UUID
    premises_id: UUID
    order_id: UUID
    trip_id: UUID
    published_at: datetime
    p50_at: datetime
    p90_at: datetime
    late_risk: float
    source: str
    fixed_at: datetime | None
    drops_before: int
    cause: str


class NewSample(msgspec.Struct, frozen=True, kw_only=True):
    """What was computed for one drop in one minute."""

    order_id: UUID
    minute_at: datetime
    premises_id: UUID
    trip_id: UUID
    made_at: datetime
    raw_at: datetime
    scale_s: float
    p50_at: datetime
    p90_at: datetime
    late_risk: float
    source: str
    fixed_at: datetime | None
    drops_before: int


class OpenEpisode(msgspec.Struct, frozen=True):
    """A risk that has not ended, with its order as it is now."""

    id: UUID
    premises_id: UUID
    order_id: UUID
    order_no: str
    source: str
    source_ref: str
    trip_id: UUID
    kind: str  # at_risk, late
    began_at: datetime
    late_risk: float
    p50_at: datetime
    window_to: datetime
    milestone: str
    arrived_at: datetime | None


class NewEpisode(msgspec.Struct, frozen=True, kw_only=True):
    """A risk that begins."""

    id: UUID
    premises_id: UUID
    order_id: UUID
    trip_id: UUID
    kind: str
    began_at: datetime
    late_risk: float
    p50_at: datetime
    window_to: datetime


class EndedEpisode(msgspec.Struct, frozen=True):
    """How a risk ended, and when."""

    id: UUID
    ended_at: datetime
    how: str  # recovered, late, arrived, over


def give_way(connection: psycopg.Connection) -> None:
    """From now on this transaction raises LockNotAvailable rather than wait for another one's rows."""
    connection.execute(statement("give_way"))


def trips_to_forecast(connection: psycopg.Connection, since: datetime, until: datetime) -> list[TripToForecast]:
    """Open trips that left or were to leave after `since`, those that wait only when they leave before `until`."""
    rows = connection.execute(statement("trips_to_forecast"), {"since": since, "until": until})
    return [TripToForecast(*row) for row in rows]


def drops_to_forecast(connection: psycopg.Connection, trip_ids: Sequence[UUID]) -> dict[UUID, list[DropToForecast]]:
    """The drops of these trips in sequence, by trip."""
    found: dict[UUID, list[DropToForecast]] = {}
    for row in connection.execute(statement("drops_to_forecast"), {"trip_ids": list(trip_ids)}):
        found.setdefault(row[0], []).append(DropToForecast(*row))
    return found


def forecasts(connection: psycopg.Connection, order_ids: Iterable[UUID] | None = None) -> dict[UUID, Forecast]:
    """What is said now, by order; None: of all of them."""
    values = {"order_ids": None if order_ids is None else list(order_ids)}
    return {row[0]: Forecast(*row) for row in connection.execute(statement("forecasts"), values)}


def published_forecasts(connection: psycopg.Connection, order_id: UUID) -> list[PublishedForecast]:
    """Everything that was said of the order, oldest first."""
    rows = connection.execute(statement("published_forecasts"), {"order_id": order_id})
    return [PublishedForecast(*row) for row in rows]


def put_forecasts(connection: psycopg.Connection, rows: Sequence[Forecast]) -> None:
    if rows:
        connection.execute(statement("put_forecasts"), {"rows": as_rows(rows)})


def put_published(connection: psycopg.Connection, rows: Sequence[NewPublished]) -> None:
    if rows:
        connection.execute(statement("put_published_forecasts"), {"rows": as_rows(rows)})


def put_samples(connection: psycopg.Connection, rows: Sequence[NewSample]) -> None:
    """Keeps the samples; of a minute that has one already nothing is kept."""
    if rows:
        connection.execute(statement("put_forecast_samples"), {"rows": as_rows(rows)})


def withdraw_forecasts(connection: psycopg.Connection, order_ids: Iterable[UUID]) -> None:
    connection.execute(statement("withdraw_forecasts"), {"order_ids": list(order_ids)})


def forget_samples(connection: psycopg.Connection, before: datetime) -> None:
    connection.execute(statement("forget_forecast_samples"), {"before": before})


def open_episodes(connection: psycopg.Connection, premises_ids: list[UUID] | None = None) -> list[OpenEpisode]:
    """Risks that have not ended, at these premises (None: at all)."""
    rows = connection.execute(statement("open_episodes"), {"premises_ids": premises_ids})
    return [OpenEpisode(*row) for row in rows]


def begin_episodes(connection: psycopg.Connection, rows: Sequence[NewEpisode]) -> None:
    if rows:
        connection.execute(statement("begin_episodes"), {"rows": as_rows(rows)})


def end_episodes(connection: psycopg.Connection, rows: Sequence[EndedEpisode]) -> None:
    if rows:
        connection.execute(statement("end_episodes"), {"rows": as_rows(rows)})
