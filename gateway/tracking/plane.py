"""Distances on a plane laid at the place itself: cheaper than the haversine, 0.1 % off at 10 km. Knows no fixes."""

from __future__ import annotations

import math

from contract.geo import EARTH_RADIUS_M

METRES_PER_E7 = math.radians(1e-7) * EARTH_RADIUS_M  # of latitude
_HALF_TURN_E7 = 1_800_000_000
_RADIANS_PER_TWO_E7 = math.radians(1e-7) / 2


def flat_m(lat1_e7: int, lon1_e7: int, lat2_e7: int, lon2_e7: int) -> float:
    """Metres between two points that are not far from one another; over the antimeridian the short way."""
    east_e7 = lon2_e7 - lon1_e7
    if not -_HALF_TURN_E7 <= east_e7 <= _HALF_TURN_E7:
        east_e7 = (east_e7 + _HALF_TURN_E7) % (2 * _HALF_TURN_E7) - _HALF_TURN_E7
    return METRES_PER_E7 * math.hypot(east_e7 * math.cos((lat1_e7 + lat2_e7) * _RADIANS_PER_TWO_E7), lat2_e7 - lat1_e7)


def metres_per_e7_east(lat_e7: int) -> float:
    """How many metres a step of 1e-7 degree of longitude is at this latitude."""
    return METRES_PER_E7 * math.cos(lat_e7 * 2 * _RADIANS_PER_TWO_E7)
