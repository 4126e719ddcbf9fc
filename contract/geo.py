"""Distances and bearings on the WGS 84 sphere, degrees in and out. Does no projection and knows no roads."""

from __future__ import annotations

import math

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1 of WGS 84 (Moritz 2000)
E7 = 10_000_000


def to_e7(degrees: float) -> int:
    """Degrees to whole 1e-7 degrees."""
    return round(degrees * E7)


def from_e7(value_e7: int) -> float:
    """Whole 1e-7 degrees to degrees; only for the edges (maps, exports)."""
    return value_e7 / E7


def degrees_text(value_e7: int) -> str:
    """Degrees with exactly 7 decimals, without a detour over floating point."""
    whole, part = divmod(abs(value_e7), E7)
    return f"{'-' if value_e7 < 0 else ''}{whole}.{part:07d}"


def distance_m(lat1_e7: int, lon1_e7: int, lat2_e7: int, lon2_e7: int) -> float:
    """Great-circle distance in metres (haversine; error of the sphere below 0.6 %)."""
    lat1, lat2 = math.radians(lat1_e7 / E7), math.radians(lat2_e7 / E7)
    half_dlat = (lat2 - lat1) / 2
    half_dlon = math.radians((lon2_e7 - lon1_e7) / E7) / 2
    a = math.sin(half_dlat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_dlon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(a)))


def bearing_deg(lat1_e7: int, lon1_e7: int, lat2_e7: int, lon2_e7: int) -> float:
    """Initial bearing from the first point to the second, degrees true in [0, 360)."""
    lat1, lat2 = math.radians(lat1_e7 / E7), math.radians(lat2_e7 / E7)
    dlon = math.radians((lon2_e7 - lon1_e7) / E7)
    y = math.sin(dlon) * math.cos(lat2)
    x = math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(dlon)
    return math.degrees(math.atan2(y, x)) % 360
