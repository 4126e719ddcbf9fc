"""Where the names of streets and parks stand on the basemap. Draws none of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

METRES_PER_DEG = 111_195.0
# A letter is so wide where names become readable (zoom 16, 1.2 m per pixel): a long name needs a long street.
LETTER_M = 7.0
PARK_LEAST_M2 = 4_000.0

Line = list[list[float]]


def street_names(basemap: dict[str, Any]) -> list[dict[str, Any]]:
    """One name per street, on its longest straight piece, turned along it; and the names of large parks."""
    streets: dict[tuple[str, str], list[Line]] = {}
    parks: list[dict[str, Any]] = []
    for feature in basemap["features"]:
        name, kind, shape = feature["properties"].get("name"), feature["properties"]["kind"], feature["geometry"]
        if name is None:
            continue
        if shape["type"] == "LineString" and kind in ("major", "minor"):
            streets.setdefault((name, kind), []).append(shape["coordinates"])
        elif kind == "park" and _area_m2(shape["coordinates"][0]) > PARK_LEAST_M2:
            parks.append({"name": name, "kind": kind, "at": _middle(shape["coordinates"][0]), "angle": 0})
    best: dict[str, tuple[float, dict[str, Any]]] = {}
    for (name, kind), lines in streets.items():
        for start, end, length_m in (piece for line in _joined(lines) for piece in _straights(line)):
            if length_m > max(best.get(name, (0.0, {}))[0], len(name) * LETTER_M):
                best[name] = (length_m, _label(name, kind, start, end))
    return [best[name][1] for name in sorted(best)] + parks


def _joined(lines: list[Line]) -> Iterator[Line]:
    """Lines that go on where another ends become one: map data cuts a street at every crossing."""
    left = list(lines)
    while left:
        line = list(left.pop())
        while True:
            following = next((other for other in left if other[0] == line[-1]), None)
            before = next((other for other in left if other[-1] == line[0]), None)
            if following is not None:
                left.remove(following)
                line = line + following[1:]
            elif before is not None:
                left.remove(before)
                line = before[:-1] + line
            else:
                break
        yield line


def _straights(line: Line) -> Iterator[tuple[list[float], list[float], float]]:
    """Pieces of a line that do not turn by more than 8 degrees."""
    start, heading = line[0], None
    for before, after in pairwise(line):
        course = math.atan2(*reversed(_offset_m(before, after)))
        if heading is not None and abs(math.remainder(course - heading, math.tau)) > math.radians(8):
            yield start, before, math.hypot(*_offset_m(start, before))
            start, heading = before, course
        heading = course if heading is None else heading
    yield start, line[-1], math.hypot(*_offset_m(start, line[-1]))


def _label(name: str, kind: str, start: list[float], end: list[float]) -> dict[str, Any]:
    east, north = _offset_m(start, end)
    angle = math.degrees(math.atan2(north, east))
    upright = angle - 180 if angle > 90 else angle + 180 if angle < -90 else angle
    middle = [round((start[0] + end[0]) / 2, 6), round((start[1] + end[1]) / 2, 6)]
    return {"name": name, "kind": kind, "at": middle, "angle": round(upright, 1)}


def _offset_m(a: list[float], b: list[float]) -> tuple[float, float]:
    return (b[0] - a[0]) * METRES_PER_DEG * math.cos(math.radians(a[1])), (b[1] - a[1]) * METRES_PER_DEG


def _area_m2(ring: Line) -> float:
    points = [_offset_m(ring[0], point) for point in ring]
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairwise(points))) / 2


def _middle(ring: Line) -> list[float]:
    lons, lats = [point[0] for point in ring], [point[1] for point in ring]
    return [round((min(lons) + max(lons)) / 2, 6), round((min(lats) + max(lats)) / 2, 6)]
