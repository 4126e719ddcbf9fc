"""What handoffs teach about a door: the middle of where vehicles stood, and whether it can be relied on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec

from contract.geo import distance_m

Point = tuple[int, int]  # lat, lon in 1e-7 degree

# One van may have parked round the corner; that two of them stood at one place is no chance.
ENOUGH_VISITS = 2
# Half of the visits must lie within this: 60 m is two houses or a row of parked cars (and what a known place covers by
# default). More than that and the address is a large site with several doors, of which no middle is one.
MOST_SPREAD_M = 60.0
# Fixes of a standstill: fewer say nothing, one of them may be the way there.
ENOUGH_FIXES = 3
NEWEST_VISITS = 20  # a door that was moved (building site, new entrance) is learned again after ten


class Middle(msgspec.Struct, frozen=True):
    """The middle of some points, and how far half of them lie from it."""

    lat_e7: int
    lon_e7: int
    spread_m: float
    n: int

    @property
    def is_reliable(self) -> bool:
        return self.n >= ENOUGH_VISITS and self.spread_m <= MOST_SPREAD_M


def middle_of(points: Sequence[Point]) -> Middle | None:
    """The median of latitude and longitude: one wild point does not move it. None of no points.

    Longitudes are compared with the first point's, so that a place on the 180th meridian is not moved round the world.
    """
    if not points:
        return None
    zero = points[0][1]
    turned = [zero + (lon - zero + _HALF_TURN) % (2 * _HALF_TURN) - _HALF_TURN for _, lon in points]
    lat_e7, lon_e7 = round(median(lat for lat, _ in points)), round(median(turned))
    lon_e7 = (lon_e7 + _HALF_TURN) % (2 * _HALF_TURN) - _HALF_TURN
    away_m = [distance_m(lat_e7, lon_e7, lat, lon) for lat, lon in points]
    return Middle(lat_e7, lon_e7, median(away_m), len(points))


_HALF_TURN = 1_800_000_000
