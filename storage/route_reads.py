"""A vehicle's way with what was found on it, and who was near a place, as the reader. Judges nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from contract.geo import E7, EARTH_RADIUS_M, to_e7
from storage.reads import reading
from storage.sql import statement

METRES_PER_DEG = math.radians(1) * EARTH_RADIUS_M


class RouteEvent(msgspec.Struct, frozen=True):
    """A stop, gap, visit to a zone or deviation; `ended_at` None: not over, or nobody knows when."""

    kind: str
    id: UUID
    trip_no: str
    began_at: datetime
    ended_at: datetime | None
    lat_e7: int | None
    lon_e7: int | None
    what: str
    why: str


class NearRow(msgspec.Struct, frozen=True):
    """A vehicle that was near a place; `trip_no` None: it was on no trip then."""

    vehicle_name: str
    trip_no: str | None
    crew: str | None
    first_at: datetime
    last_at: datetime
    fixes: int
    nearest_m: float
    nearest_at: datetime


def route_events(
    connection: psycopg.Connection, premises: Sequence[UUID], vehicle_id: UUID, *, from_at: datetime, to_at: datetime
) -> list[RouteEvent]:
    """What the versions that count show of the vehicle from-to, in order of time."""
    values = {"vehicle_id": vehicle_id, "from_at": from_at, "to_at": to_at}
    with reading(connection, premises):
        return [RouteEvent(*row) for row in connection.execute(statement("read_route_events"), values)]


def who_was_near(
    connection: psycopg.Connection,
    premises: Sequence[UUID],
    lat_deg: float,
    lon_deg: float,
    *,
    radius_m: float,
    from_at: datetime,
    to_at: datetime,
) -> list[NearRow]:
    """The vehicles with a valid fix within `radius_m` (metres) of the place from-to, the nearest first."""
    high_deg = radius_m / METRES_PER_DEG
    wide_deg = high_deg / max(0.01, math.cos(math.radians(lat_deg)))
    values = {
        "m_per_e7": METRES_PER_DEG / E7, "lat_e7": to_e7(lat_deg), "lon_e7": to_e7(lon_deg),
        "radius_m": radius_m, "from_at": from_at, "to_at": to_at,
        "south_e7": to_e7(lat_deg - high_deg), "north_e7": to_e7(lat_deg + high_deg),
        "west_e7": to_e7(lon_deg - wide_deg), "east_e7": to_e7(lon_deg + wide_deg),
    }  # fmt: skip
    with reading(connection, premises):
        return [NearRow(*row) for row in connection.execute(statement("read_who_was_near"), values)]
