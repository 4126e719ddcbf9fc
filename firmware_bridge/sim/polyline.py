"""Lines on the ground that a vehicle follows, measured in metres. Knows nothing of streets or time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec

# One degree of latitude on the mean sphere (R = 6,371,008.8 m); within 0.3 % of the ellipsoid at every latitude.
METRES_PER_DEG = 111_195.08


class Place(msgspec.Struct, frozen=True):
    """A point on the ground."""

    lat_deg: float
    lon_deg: float


def parse_place(text: str) -> Place:
    """From `LAT,LON` in degrees. Raises ValueError that names the text."""
    try:
        lat_deg, lon_deg = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ValueError(f"{text!r} must be LAT,LON in degrees, such as 60.17,24.94") from error
    if not (-90 < lat_deg < 90 and -180 <= lon_deg <= 180):
        raise ValueError(f"{text!r} is no place on Earth: latitude -90 to 90, longitude -180 to 180")
    return Place(lat_deg, lon_deg)


def offset_m(a: Place, b: Place) -> tuple[float, float]:
    """East and north of b as seen from a, on a plane: right to a millimetre per kilometre within a city."""
    mid = math.radians((a.lat_deg + b.lat_deg) / 2)
    return (b.lon_deg - a.lon_deg) * METRES_PER_DEG * math.cos(mid), (b.lat_deg - a.lat_deg) * METRES_PER_DEG


def distance_m(a: Place, b: Place) -> float:
    return math.hypot(*offset_m(a, b))


def course_deg(a: Place, b: Place) -> float:
    east, north = offset_m(a, b)
    return math.degrees(math.atan2(east, north)) % 360.0


def between(a: Place, b: Place, share: float) -> Place:
    return Place(a.lat_deg + (b.lat_deg - a.lat_deg) * share, a.lon_deg + (b.lon_deg - a.lon_deg) * share)


def foot(p: Place, a: Place, b: Place) -> tuple[float, float]:
    """How far along a-b the nearest point to p lies (0 to 1), and how far p is from it in metres."""
    (bx, by), (px, py) = offset_m(a, b), offset_m(a, p)
    length = bx * bx + by * by
    share = 0.0 if length == 0.0 else max(0.0, min(1.0, (px * bx + py * by) / length))
    return share, math.hypot(px - share * bx, py - share * by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polyline:
    """Points with the distance along, and for each segment its speed limit and course."""

    points: tuple[Place, ...]
    along_m: tuple[float, ...]
    limits_mps: tuple[float, ...]
    courses_deg: tuple[float, ...]
    lights_m: tuple[float, ...] = ()
    junctions_m: tuple[float, ...] = ()
    # From-to without a view of the sky.
    tunnels_m: tuple[tuple[float, float], ...] = ()

    @property
    def length_m(self) -> float:
        return self.along_m[-1]

    def at(self, along_m: float) -> tuple[float, float, float]:
        """Latitude, longitude and course there. A plain tuple: this runs once per vehicle and second."""
        i = min(max(bisect_right(self.along_m, along_m) - 1, 0), len(self.courses_deg) - 1)
        start, end = self.along_m[i], self.along_m[i + 1]
        share = min(max((along_m - start) / (end - start), 0.0), 1.0)
        a, b = self.points[i], self.points[i + 1]
        return (
            a.lat_deg + (b.lat_deg - a.lat_deg) * share,
            a.lon_deg + (b.lon_deg - a.lon_deg) * share,
            self.courses_deg[i],
        )

    def distance_m(self, place: Place) -> float:
        return min(foot(place, a, b)[1] for a, b in pairwise(self.points))


def polyline(
    points: Sequence[Place],
    limits_mps: Sequence[float],
    *,
    lights: frozenset[int] = frozenset(),
    junctions: frozenset[int] = frozenset(),
    covered: frozenset[int] = frozenset(),
) -> Polyline:
    """Measures a line; lights and junctions are indexes of points, covered those of the ends of segments in a tunnel.

    Points on top of each other are merged.
    """
    kept, along, limits, courses = [points[0]], [0.0], [], []
    lights_m, junctions_m = [], []
    tunnels_m: list[tuple[float, float]] = []
    for i, b in enumerate(points[1:], 1):
        step_m = distance_m(kept[-1], b)
        if step_m > 0.01:
            courses.append(course_deg(kept[-1], b))
            kept.append(b)
            along.append(along[-1] + step_m)
            limits.append(limits_mps[i - 1])
            if i in covered:
                whole = tunnels_m.pop()[0] if tunnels_m and tunnels_m[-1][1] == along[-2] else along[-2]
                tunnels_m.append((whole, along[-1]))
        if i in lights:
            lights_m.append(along[-1])
        if i in junctions:
            junctions_m.append(along[-1])
    if len(kept) == 1:  # the way from a place to itself
        kept, along, limits, courses = [points[0], points[-1]], [0.0, 0.001], [limits_mps[0]], [0.0]
    return Polyline(
        points=tuple(kept), along_m=tuple(along), limits_mps=tuple(limits), courses_deg=tuple(courses),
        lights_m=tuple(lights_m), junctions_m=tuple(junctions_m),
        tunnels_m=tuple(tunnels_m),
    )  # fmt: skip
