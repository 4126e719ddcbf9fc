"""What a map looks at, and the view that shows given places. Draws nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec


class View(msgspec.Struct, frozen=True):
    """What the map looks at. Sent unchanged it leaves people's own panning and zooming alone."""

    lat_deg: float
    lon_deg: float
    zoom: float


def fit(places_deg: Iterable[tuple[float, float]], width_px: int = 760, height_px: int = 560) -> View | None:
    """The view that shows all places (longitude, latitude); None without any."""
    places = list(places_deg)
    if not places:
        return None
    lons, lats = [lon for lon, _ in places], [lat for _, lat in places]
    lat, lon = (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2
    # Web Mercator shows 360 degrees of longitude on 512 pixels at zoom 0; latitudes are stretched by 1 / cos.
    across = max((max(lons) - min(lons)) / width_px, (max(lats) - min(lats)) / math.cos(math.radians(lat)) / height_px)
    zoom = 16.0 if across <= 0 else min(16.0, math.log2(360 / 512 / across))
    return View(lat, lon, round(zoom - 0.15, 2))
