"""Closures and slowdowns that hold for a while in an area or on a road. Pure: asks nobody.

Closed is not impassable for a forecast: whoever lives behind the closure still gets the van, by a way that costs dear.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from contract.geo import E7, EARTH_RADIUS_M, distance_m
from gateway.eta.network import Network

CLOSED_SHARE = 0.02  # of the usual speed: fifty times as long
_SAMPLES = 8  # of a straight line, to see how much of it lies in an area


class Condition(msgspec.Struct, frozen=True, dict=True):
    """What holds where, from-to, and what share of the usual speed is left; 0: closed."""

    id: UUID
    from_at: datetime
    to_at: datetime | None
    speed_share: float
    road: str | None = None
    geometry: Mapping[str, Any] | None = None  # GeoJSON: Point with radius_m, Polygon, MultiPolygon
    radius_m: float | None = None

    @property
    def share(self) -> float:
        return max(self.speed_share, CLOSED_SHARE)

    def holds_at(self, at: datetime) -> bool:
        return self.from_at <= at and (self.to_at is None or at < self.to_at)

    @cached_property
    def shape(self) -> Any:
        """The area, prepared for many questions; None for a circle or a road."""
        if self.geometry is None or self.geometry["type"] == "Point":
            return None
        shape = shapely.geometry.shape(self.geometry)
        shapely.prepare(shape)
        return shape

    def covers(self, lat_e7: int, lon_e7: int) -> bool:
        """Whether a place lies in the area; a road covers no place by itself."""
        if self.geometry is None:
            return False
        if self.shape is not None:
            return bool(shapely.contains_xy(self.shape, lon_e7 / 1e7, lat_e7 / 1e7))
        lon, lat = self.geometry["coordinates"]
        return distance_m(lat_e7, lon_e7, round(lat * 1e7), round(lon * 1e7)) <= (self.radius_m or 0.0)


class ByTime:
    """Conditions as they are asked for again and again: which of them hold changes only where one begins or ends."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self._conditions = conditions
        edges = {edge for one in conditions for edge in (one.from_at, one.to_at) if edge is not None}
        self._edges = sorted(edges)
        self._held: dict[int, tuple[Condition, ...]] = {}

    def at(self, at: datetime) -> tuple[Condition, ...]:
        """Those that hold at that time."""
        place = bisect_right(self._edges, at)
        if place not in self._held:
            self._held[place] = tuple(one for one in self._conditions if one.holds_at(at))
        return self._held[place]


def slowed_arcs(network: Network, held: Sequence[Condition]) -> NDArray[np.float64]:
    """How many times as long every arc takes; of several conditions the worst counts."""
    factor = np.ones(len(network.tail))
    lat_e7, lon_e7 = network.middles_e7()
    for one in held:
        if one.road is not None:
            inside = network.streets_named(one.road)
        elif one.shape is not None:
            inside = np.asarray(shapely.contains_xy(one.shape, lon_e7 / 1e7, lat_e7 / 1e7))
        else:
            inside = _in_circle(one, lat_e7, lon_e7)
        factor[inside] = np.maximum(factor[inside], 1 / one.share)
    return factor


def slowed_line(here: tuple[int, int], there: tuple[int, int], held: Sequence[Condition]) -> float:
    """How many times as long a straight line takes, by the parts of it that lie in areas; roads are not known there."""
    if not held:
        return 1.0
    total = 0.0
    for step in range(_SAMPLES):
        share = (step + 0.5) / _SAMPLES
        lat = round(here[0] + share * (there[0] - here[0]))
        lon = round(here[1] + share * (there[1] - here[1]))
        total += max((1 / one.share for one in held if one.covers(lat, lon)), default=1.0)
    return total / _SAMPLES


def _in_circle(one: Condition, lat_e7: NDArray[np.int64], lon_e7: NDArray[np.int64]) -> NDArray[np.bool_]:
    """What `covers` says, of many places at once: contract.geo.distance_m in arrays."""
    if one.geometry is None:
        return np.zeros(len(lat_e7), dtype=bool)
    lon, lat = (math.radians(value) for value in one.geometry["coordinates"])
    lats, lons = np.radians(lat_e7 / E7), np.radians(lon_e7 / E7)
    a = np.sin((lats - lat) / 2) ** 2 + math.cos(lat) * np.cos(lats) * np.sin((lons - lon) / 2) ** 2
    away_m = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(a)))
    inside: NDArray[np.bool_] = away_m <= (one.radius_m or 0.0)
    return inside
