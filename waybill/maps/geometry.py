"""Lengths, distances and simpler lines on a map's scale. Knows no OpenStreetMap."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

METRES_PER_DEG = 111_195.0
SIMPLIFY_DEG = 8e-6  # 0.9 m north-south: less than a pixel at street zoom

Point = tuple[int, int]  # lat_e7, lon_e7
LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """West, south, east, north in degrees."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        return self.west <= lon <= self.east and self.south <= lat <= self.north

    def within(self, other: Box) -> Box | None:
        """What both have; None when they do not meet."""
        both = Box(max(self.west, other.west), max(self.south, other.south), min(self.east, other.east),
                   min(self.north, other.north))  # fmt: skip
        return both if both.west < both.east and both.south < both.north else None


def box_around(lat_deg: float, lon_deg: float, km: float) -> Box:
    """The square that reaches so far in each direction."""
    north = km * 1000 / METRES_PER_DEG
    east = north / max(math.cos(math.radians(lat_deg)), 0.01)
    return Box(lon_deg - east, lat_deg - north, lon_deg + east, lat_deg + north)


def metres(a: Point, b: Point) -> tuple[float, float]:
    """East and north of b as seen from a."""
    scale = METRES_PER_DEG / 1e7
    return (b[1] - a[1]) * scale * math.cos(math.radians((a[0] + b[0]) / 2e7)), (b[0] - a[0]) * scale


def distance_m(a: Point, b: Point) -> float:
    return math.hypot(*metres(a, b))


def off_line_m(p: Point, a: Point, b: Point) -> float:
    (bx, by), (px, py) = metres(a, b), metres(a, p)
    length = bx * bx + by * by
    along = 0.0 if length == 0 else max(0.0, min(1.0, (px * bx + py * by) / length))
    return math.hypot(px - along * bx, py - along * by)


def off_line(p: LonLat, a: LonLat, b: LonLat) -> float:
    """In degrees of latitude."""
    shrink = math.cos(math.radians(a[1]))
    bx, by, px, py = (b[0] - a[0]) * shrink, b[1] - a[1], (p[0] - a[0]) * shrink, p[1] - a[1]
    length = bx * bx + by * by
    along = 0.0 if length == 0 else max(0.0, min(1.0, (px * bx + py * by) / length))
    return math.hypot(px - along * bx, py - along * by)


def simplify(line: list[LonLat]) -> list[LonLat]:
    """Without the points that lie within SIMPLIFY_DEG of the line between the others (Douglas and Peucker)."""
    keep = [False] * len(line)
    if line:
        keep[0] = keep[-1] = True
    todo = [(0, len(line) - 1)]
    while todo:
        first, last = todo.pop()
        if last - first < 2:
            continue
        worst, at = max((off_line(line[i], line[first], line[last]), i) for i in range(first + 1, last))
        if worst > SIMPLIFY_DEG:
            keep[at] = True
            todo += [(first, at), (at, last)]
    return [point for point, kept in zip(line, keep, strict=True) if kept]


def simplify_ring(ring: list[LonLat]) -> list[LonLat]:
    """A ring starts where it ends, so it is simplified in two halves."""
    half = len(ring) // 2
    return simplify(ring[: half + 1])[:-1] + simplify(ring[half:])


def flattened(line: list[Point]) -> list[Point]:
    """Without the bends that are survey noise."""
    kept = simplify([(lon / 1e7, lat / 1e7) for lat, lon in line])
    return [(round(lat * 1e7), round(lon * 1e7)) for lon, lat in kept]


def rounded(line: Iterable[LonLat]) -> list[LonLat]:
    """To 5 decimals, about a metre; points that then fall together are one."""
    out: list[LonLat] = []
    for lon, lat in line:
        point = (round(lon, 5), round(lat, 5))
        if not out or out[-1] != point:
            out.append(point)
    return out
