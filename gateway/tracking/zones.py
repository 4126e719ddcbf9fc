"""Zones on the ground: circles, polygons with holes, corridors; and the set of them that fixes are held against.

Geometry is in metres on a plane of its own for each zone. Remembers no vehicle.
"""

from __future__ import annotations

import msgspec

from contract.places import ZoneKind

Ring = tuple[tuple[int, int], ...]  # (lat_e7, lon_e7); closed or not


class Circle(msgspec.Struct, frozen=True, kw_only=True, tag="circle"):
    lat_e7: int
    lon_e7: int
    radius_m: float


class Area(msgspec.Struct, frozen=True, kw_only=True, tag="area"):
    """One or more polygons, each an outer ring and the rings of its holes."""

    polygons: tuple[tuple[Ring, ...], ...]


class Corridor(msgspec.Struct, frozen=True, kw_only=True, tag="corridor"):
    """All within `half_width_m` of a line."""

    line: Ring
    half_width_m: float


Shape = Circle | Area | Corridor


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    zone_id: str
    kind: ZoneKind
    shape: Shape
    name: str = ""


class ZoneSet:
    """Zones made ready once for many fixes: build one per set of zones and keep it while they do not change."""

    def __init__(self, zones: tuple[Zone, ...]) -> None:
        self.zones = zones
