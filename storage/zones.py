"""Zones and known places as rows, in the caller's transaction. Judges no geometry."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.master import Selection, selected
from storage.sql import statement


class Zone(msgspec.Struct, frozen=True):
    """An area from-to (to None = still): GeoJSON geometry in degrees; radius_m makes a circle or a corridor of it."""

    id: UUID
    premises_id: UUID
    premises_code: str
    name: str
    kind: str
    geometry: dict[str, Any]
    radius_m: float | None
    from_at: datetime | None
    to_at: datetime | None
    source: str
    created_at: datetime


class Place(msgspec.Struct, frozen=True):
    """A circle from-to in which a stop explains itself."""

    id: UUID
    premises_id: UUID
    premises_code: str
    name: str
    kind: str
    lat_e7: int
    lon_e7: int
    radius_m: float
    from_at: datetime | None
    to_at: datetime | None
    created_at: datetime


def put_zone(connection: psycopg.Connection, zone: Zone) -> None:
    values = msgspec.structs.asdict(zone)
    connection.execute(statement("put_zone"), {**values, "geometry": Jsonb(zone.geometry)})


def zones(
    connection: psycopg.Connection, premises_id: UUID | str | None = None, at: datetime | None = None
) -> list[Zone]:
    """Zones of the premises (None: of all), valid at `at` (None: whenever)."""
    return [
        Zone(*row) for row in connection.execute(statement("zones_of_premises"), {"premises_id": premises_id, "at": at})
    ]


def end_zone(connection: psycopg.Connection, zone_id: UUID, at: datetime) -> bool:
    """Whether the zone was valid at `at` and ends there now."""
    return connection.execute(statement("end_zone"), {"id": zone_id, "at": at}).rowcount > 0


def put_place(connection: psycopg.Connection, place: Place) -> None:
    connection.execute(statement("put_place"), msgspec.structs.asdict(place))


def places(
    connection: psycopg.Connection, premises_id: UUID | str | None = None, at: datetime | None = None
) -> list[Place]:
    """Known places of the premises (None: of all), valid at `at` (None: whenever)."""
    return [
        Place(*row)
        for row in connection.execute(statement("places_of_premises"), {"premises_id": premises_id, "at": at})
    ]


def select_places(connection: psycopg.Connection, wanted: Selection, at: datetime) -> list[Place]:
    """Known places valid at `at`, in pages; ended ones too when `wanted` says so."""
    return [Place(*row) for row in connection.execute(statement("select_places"), {**selected(wanted), "at": at})]


def end_place(connection: psycopg.Connection, place_id: UUID, at: datetime) -> bool:
    """Whether the place was valid at `at` and ends there now."""
    return connection.execute(statement("end_place"), {"id": place_id, "at": at}).rowcount > 0
