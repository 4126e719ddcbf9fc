"""Checks GeoJSON geometry that is to become a zone: types, ranges, closed rings. Draws and stores nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import shapely

DECIMALS = 7  # of a degree: the resolution of a fix
MOST_POINTS = 20_000  # a country's border in full has more; it is to be simplified first
RADIUS_M = (1.0, 500_000.0)
_DEPTH = {"Point": 0, "LineString": 1, "Polygon": 2, "MultiPolygon": 3}
_Point = list[float]


class ShapeError(ValueError):
    """No zone can be made of this geometry; the text says of which part and why."""


def checked_geometry(geometry: object, radius_m: float | None) -> dict[str, Any]:
    """The geometry with coordinates of 7 decimals, longitude first. Raises ShapeError."""
    if not isinstance(geometry, dict) or geometry.get("type") not in _DEPTH:
        named = geometry.get("type") if isinstance(geometry, dict) else geometry
        raise ShapeError(f"geometry {named!r} cannot be a zone; {', '.join(_DEPTH)} can")
    kind = str(geometry["type"])
    coordinates = _rounded(geometry.get("coordinates"), _DEPTH[kind], "coordinates")
    _check_radius(kind, radius_m)
    if kind == "LineString" and len(coordinates) < 2:
        raise ShapeError(f"a corridor needs at least 2 points, not {len(coordinates)}")
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(kind, [])
    for rings in polygons:
        _check_rings(rings)
        _check_area(rings)
    if polygons == [] and kind == "MultiPolygon":
        raise ShapeError("the MultiPolygon holds no polygon")
    if (points := sum(1 for _ in _points(coordinates))) > MOST_POINTS:
        raise ShapeError(f"{points} points; at most {MOST_POINTS}: simplify it first")
    return {"type": kind, "coordinates": coordinates}


def _check_radius(kind: str, radius_m: float | None) -> None:
    wants = kind in ("Point", "LineString")
    if wants and radius_m is None:
        name, what = ("radius_m", "circle") if kind == "Point" else ("half_width_m", "corridor")
        raise ShapeError(f"{kind} needs {name} in its properties: it makes a {what} of it")
    if not wants and radius_m is not None:
        raise ShapeError(f"radius_m {radius_m:g} does not belong to a {kind}")
    if radius_m is not None and not RADIUS_M[0] <= radius_m <= RADIUS_M[1]:
        raise ShapeError(f"radius_m {radius_m:g} must be {RADIUS_M[0]:g} to {RADIUS_M[1]:g} m")


def _check_rings(rings: list[list[_Point]]) -> None:
    if not rings:
        raise ShapeError("the polygon has no ring")
    for place, ring in enumerate(rings):
        name = "the outer ring" if place == 0 else f"hole {place}"
        if len(ring) < 4:
            raise ShapeError(f"{name} has {len(ring)} points; a ring has at least 4, the last like the first")
        if ring[0] != ring[-1]:
            raise ShapeError(f"{name} is not closed: it starts at {ring[0]} and ends at {ring[-1]}")


def _check_area(rings: list[list[_Point]]) -> None:
    polygon = shapely.Polygon(rings[0], rings[1:])
    if not polygon.is_valid:
        why = shapely.is_valid_reason(polygon)
        says = why.replace("Self-intersection", "the border crosses itself at ")
        raise ShapeError(f"no area: {says}")
    if polygon.area == 0:
        raise ShapeError("no area: its points lie on one line")


def _rounded(value: object, depth: int, where: str) -> Any:
    if not isinstance(value, list):
        raise ShapeError(f"{where}: {value!r} is no list")
    if depth == 0:
        return _position(value, where)
    return [_rounded(part, depth - 1, f"{where}[{place}]") for place, part in enumerate(value)]


def _position(value: list[object], where: str) -> _Point:
    numbers = [part for part in value if isinstance(part, int | float) and not isinstance(part, bool)]
    if len(numbers) != len(value) or len(value) not in (2, 3):
        raise ShapeError(f"{where}: {value!r} is no position [longitude, latitude]")
    lon, lat = numbers[0], numbers[1]
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        swapped = "; longitude stands first in GeoJSON" if -180 <= lat <= 180 and -90 <= lon <= 90 else ""
        raise ShapeError(f"{where}: longitude {lon:g}, latitude {lat:g} lie outside ±180, ±90{swapped}")
    return [round(float(lon), DECIMALS), round(float(lat), DECIMALS)]


def _points(value: Any) -> Iterable[_Point]:
    if value and not isinstance(value[0], list):
        yield value
        return
    for part in value:
        yield from _points(part)
