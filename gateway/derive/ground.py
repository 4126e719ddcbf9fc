"""Zones, known places and thresholds of premises as they were at a time, ready for the engine. Follows no vehicle."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg

from contract.geo import to_e7
from contract.places import PlaceKind, ZoneKind
from gateway.tracking.plan import Place
from gateway.tracking.policy import Policy, overridden
from gateway.tracking.zones import Area, Circle, Corridor, Ring, Shape, Zone, ZoneSet
from storage import zones as rows
from storage.policy import PolicyRow, ground_versions, policies

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Ground(msgspec.Struct, frozen=True):
    """What holds for a stretch of time."""

    zones: ZoneSet | None
    premises_zone_id: str | None
    places: tuple[Place, ...]
    policy: Policy
    policy_version: str


class GroundHistory:
    """All that ever held for one premises; `at` gives what held when a fix was taken."""

    def __init__(
        self,
        premises_id: str,
        zones: Iterable[rows.Zone],
        places: Iterable[rows.Place],
        chosen: Iterable[PolicyRow],
        base: Policy,
    ) -> None:
        self.premises_id = premises_id
        self.noted: set[str] = set()  # versions of the policy that storage is known to keep
        self._zones, self._places, self._chosen, self._base = list(zones), list(places), list(chosen), base
        spans = [(zone.from_at, zone.to_at) for zone in self._zones]
        spans += [(place.from_at, place.to_at) for place in self._places]
        times = {at for span in spans for at in span if at is not None}
        self._changes = sorted(times | {choice.from_at for choice in self._chosen})
        self._known: dict[int, Ground] = {}
        self._shapes: dict[str, Zone] = {}

    def at(self, instant: datetime) -> Ground:
        """The zones, places and thresholds that held at `instant`."""
        place = bisect_right(self._changes, instant)
        if place not in self._known:
            self._known[place] = self._build(self._changes[place - 1] if place else _LONG_AGO)
        return self._known[place]

    def next_change(self, instant: datetime) -> datetime | None:
        """When what holds at `instant` holds no more; None: for ever."""
        place = bisect_right(self._changes, instant)
        return self._changes[place] if place < len(self._changes) else None

    def _build(self, instant: datetime) -> Ground:
        zones = tuple(self._zone(row) for row in self._zones if _holds(row, instant))
        yard = next((zone.zone_id for zone in zones if zone.kind is ZoneKind.PREMISES), None)
        places = tuple(_place(row) for row in self._places if _holds(row, instant))
        chosen = [row for row in self._chosen if row.from_at <= instant]
        policy = overridden(self._base, chosen[-1].overrides) if chosen else self._base
        return Ground(ZoneSet(zones) if zones else None, yard, places, policy, policy.version)

    def _zone(self, row: rows.Zone) -> Zone:
        key = str(row.id)
        if key not in self._shapes:
            self._shapes[key] = Zone(
                zone_id=key, kind=ZoneKind(row.kind), shape=shape_of(row.geometry, row.radius_m), name=row.name
            )
        return self._shapes[key]


class Grounds:
    """The ground of every premises in memory, read again when it has changed."""

    def __init__(self, base: Policy) -> None:
        self.base = base
        self._known: dict[str, tuple[int, GroundHistory]] = {}

    def of(self, connection: psycopg.Connection, premises_ids: set[str]) -> dict[str, GroundHistory]:
        """Per premises what holds there, by one short statement when nothing changed."""
        for premises_id, version in ground_versions(connection, premises_ids).items():
            known = self._known.get(premises_id)
            if known is None or known[0] != version:
                self._known[premises_id] = (version, read_ground(connection, premises_id, self.base))
        return {premises_id: self._known[premises_id][1] for premises_id in premises_ids}

    def forget(self) -> None:
        """Read everything again."""
        self._known.clear()


def read_ground(connection: psycopg.Connection, premises_id: str, base: Policy) -> GroundHistory:
    """All zones, places and chosen thresholds of the premises; thresholds that nobody chose are those of `base`."""
    return GroundHistory(
        premises_id, rows.zones(connection, premises_id), rows.places(connection, premises_id),
        policies(connection, premises_id), base,
    )  # fmt: skip


def shape_of(geometry: Mapping[str, Any], radius_m: float | None) -> Shape:
    """GeoJSON geometry as the engine's shape; it was checked when it was stored."""
    coordinates = geometry["coordinates"]
    if geometry["type"] == "Point":
        assert radius_m is not None, "the table requires it"
        return Circle(lat_e7=to_e7(coordinates[1]), lon_e7=to_e7(coordinates[0]), radius_m=radius_m)
    if geometry["type"] == "LineString":
        assert radius_m is not None, "the table requires it"
        return Corridor(line=_ring(coordinates), half_width_m=radius_m)
    polygons = [coordinates] if geometry["type"] == "Polygon" else coordinates
    return Area(polygons=tuple(tuple(_ring(ring) for ring in rings) for rings in polygons))


def _ring(positions: Iterable[tuple[float, float]]) -> Ring:
    return tuple((to_e7(lat), to_e7(lon)) for lon, lat in positions)


def _place(row: rows.Place) -> Place:
    return Place(
        place_id=str(row.id), kind=PlaceKind(row.kind), lat_e7=row.lat_e7, lon_e7=row.lon_e7, radius_m=row.radius_m,
        name=row.name,
    )  # fmt: skip


def _holds(row: rows.Zone | rows.Place, instant: datetime) -> bool:
    return (row.from_at is None or row.from_at <= instant) and (row.to_at is None or instant < row.to_at)
