"""Zones as records: circles, polygons with holes, corridors. Makes nothing ready and holds no fix against them."""

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
    """A zone must not cross the antimeridian."""

    zone_id: str
    kind: ZoneKind
    shape: Shape
    name: str = ""
