"""The square of ground that a customer's map shows, the own door in its middle. Draws nothing."""

from __future__ import annotations

import msgspec

from gateway.tracking.plane import METRES_PER_E7, metres_per_e7_east

SIZE = 1000  # units of a map's side
# Half of the side in metres. The smallest is a few blocks; farther than the largest no van is shown.
HALVES_M = (400, 800, 1600, 3200, 6400, 12_800, 25_600)
# A sign at the very edge would be cut off.
_WITHIN = 0.8


class Frame(msgspec.Struct, frozen=True):
    """A square around a door; `level` is its place in HALVES_M."""

    lat_e7: int
    lon_e7: int
    level: int

    @property
    def half_m(self) -> int:
        return HALVES_M[self.level]

    @property
    def units_per_m(self) -> float:
        return SIZE / 2 / self.half_m

    def place(self, lat_e7: int, lon_e7: int) -> tuple[int, int]:
        """Where a point lies, in units from the left upper corner."""
        east_m, north_m = _away_m(self.lat_e7, self.lon_e7, lat_e7, lon_e7)
        return round(SIZE / 2 + east_m * self.units_per_m), round(SIZE / 2 - north_m * self.units_per_m)


def frame_with(door: tuple[int, int], point: tuple[int, int]) -> Frame | None:
    """The smallest square around the door with the point in it; None when it is too far away."""
    farthest_m = max(map(abs, _away_m(*door, *point)))
    for level, half_m in enumerate(HALVES_M):
        if farthest_m <= half_m * _WITHIN:
            return Frame(*door, level)
    return None


def _away_m(lat_e7: int, lon_e7: int, other_lat_e7: int, other_lon_e7: int) -> tuple[float, float]:
    """Metres to the east and to the north."""
    return (other_lon_e7 - lon_e7) * metres_per_e7_east(lat_e7), (other_lat_e7 - lat_e7) * METRES_PER_E7
