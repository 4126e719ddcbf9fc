"""Zones from GeoJSON as people draw and exchange them. Reads no file."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from contract.geo import to_e7
from contract.places import ZoneKind
from gateway.tracking.shapes import Area, Circle, Corridor, Ring, Shape, Zone


class ZoneError(ValueError):
    """A feature is no zone; the text names it, what is wrong and what is allowed."""


def zones_of(document: object) -> tuple[Zone, ...]:
    """The zones of a Feature or FeatureCollection (RFC 7946: longitude first).

    Polygon and MultiPolygon are areas; a Point with `radius_m` is a circle, a LineString with `half_width_m` a
    corridor. Properties: `zone_id` (else the feature's id, else its name), `name`, `kind` (else other).
    """
    if not isinstance(document, dict):
        raise ZoneError("GeoJSON is an object with a type, FeatureCollection or Feature")
    features = document.get("features") if document.get("type") == "FeatureCollection" else [document]
    if not isinstance(features, list):
        raise ZoneError("a FeatureCollection has a list named features")
    zones = tuple(_zone(feature, number) for number, feature in enumerate(features, 1))
    seen: set[str] = set()
    for zone in zones:
        if zone.zone_id in seen:
            raise ZoneError(f"zone {zone.zone_id!r} stands twice; give each feature an id of its own")
        seen.add(zone.zone_id)
    return zones


def _zone(feature: object, number: int) -> Zone:
    what = f"feature {number}"
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise ZoneError(f"{what} is no GeoJSON Feature")
    properties = feature.get("properties") or {}
    geometry = feature.get("geometry")
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        raise ZoneError(f"{what} needs properties and a geometry")
    name = str(properties.get("name") or "")
    zone_id = str(properties.get("zone_id") or feature.get("id") or name or number)
    kind = str(properties.get("kind") or ZoneKind.OTHER.value)
    if kind not in list(ZoneKind):
        raise ZoneError(f"{what} ({zone_id}): kind {kind!r} is none of {', '.join(ZoneKind)}")
    try:
        shape = _shape(geometry, properties)
    except (ValueError, TypeError) as error:
        raise ZoneError(f"{what} ({zone_id}): {error}") from error
    return Zone(zone_id=zone_id, kind=ZoneKind(kind), shape=shape, name=name)


def _shape(geometry: dict[str, object], properties: dict[str, object]) -> Shape:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Polygon":
        return Area(polygons=(_rings(coordinates),))
    if kind == "MultiPolygon":
        return Area(polygons=tuple(_rings(polygon) for polygon in _list(coordinates)))
    if kind == "Point":
        lat_e7, lon_e7 = _position(coordinates)
        return Circle(lat_e7=lat_e7, lon_e7=lon_e7, radius_m=_metres(properties, "radius_m", "a Point"))
    if kind == "LineString":
        width_m = _metres(properties, "half_width_m", "a LineString")
        return Corridor(line=_line(coordinates), half_width_m=width_m)
    raise ValueError(f"geometry {kind!r} is none of Polygon, MultiPolygon, Point, LineString")


def _rings(coordinates: object) -> tuple[Ring, ...]:
    rings = tuple(_line(ring) for ring in _list(coordinates))
    if not rings:
        raise ValueError("a polygon needs a ring")
    return rings


def _line(coordinates: object) -> Ring:
    return tuple(_position(position) for position in _list(coordinates))


def _position(position: object) -> tuple[int, int]:
    try:
        lon, lat, *_ = msgspec.convert(position, list[float])
    except (msgspec.ValidationError, ValueError) as error:
        raise ValueError(f"{position!r} is no position [longitude, latitude]") from error
    if not (math.isfinite(lon) and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"[{lon}, {lat}] is no position [longitude, latitude] in degrees")
    return to_e7(lat), to_e7(lon)


def _list(value: object) -> Iterable[object]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no list of coordinates")  # noqa: TRY004 - bad input, told as such
    return value


def _metres(properties: dict[str, object], name: str, what: str) -> float:
    value = properties.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{what} needs the property {name}, a number of metres above 0, not {value!r}")
    return float(value)
