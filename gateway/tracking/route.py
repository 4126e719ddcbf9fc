"""How far from the planned way a vehicle is: by the line's segments, not its corners. Knows no trips."""

from __future__ import annotations

import shapely

from gateway.tracking.plane import METRES_PER_E7, metres_per_e7_east

Line = tuple[tuple[int, int], ...]  # (lat_e7, lon_e7) in order of driving


class Route:
    """A planned way made ready once for many fixes; of two points at least."""

    def __init__(self, line: Line) -> None:
        if len(line) < 2:
            raise ValueError(f"a route needs two points at least, this one has {len(line)}")
        self.line = line
        self._lat_e7, self._lon_e7 = line[len(line) // 2]
        self._east = metres_per_e7_east(self._lat_e7)
        self._metres = shapely.LineString([self._xy(*point) for point in line])

    def away_m(self, lat_e7: int, lon_e7: int) -> float:
        """Metres from a point to the nearest segment."""
        return float(self._metres.distance(shapely.Point(self._xy(lat_e7, lon_e7))))

    def _xy(self, lat_e7: int, lon_e7: int) -> tuple[float, float]:
        return (lon_e7 - self._lon_e7) * self._east, (lat_e7 - self._lat_e7) * METRES_PER_E7
