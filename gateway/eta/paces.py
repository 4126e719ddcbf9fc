"""How much longer the fleet's own vans take than the map or a straight line says, by area and hour. Pure arithmetic.

Few observations teach little: an area at an hour is drawn to the area and to the hour, these to the whole fleet, and
the fleet to what is taken where nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

# About 550 m from south to north; twice that in longitude, which is as much at 60 degrees of latitude.
CELL_LAT_E7 = 50_000
CELL_LON_E7 = 100_000
# Limits are not driven everywhere: junctions, parked cars, pedestrians. Until the fleet says better.
UNLEARNED = 1.25
# So many seconds of driving weigh as much as what is drawn to.
_FLEET_S = 1800.0
_HOUR_S = 3600.0
_CELL_S = 1200.0
_CELL_HOUR_S = 900.0
# From so much driving on, times are said to be the fleet's own.
ENOUGH_S = 7200.0
_LEAST, _MOST = 0.5, 8.0

Cell = tuple[int, int]


class Driven(msgspec.Struct, frozen=True):
    """What vans drove in one cell at one hour of the day, and what it would have taken without traffic."""

    cell_lat: int
    cell_lon: int
    hour: int
    driven_s: float
    expected_s: float


def cell_of(lat_e7: int, lon_e7: int) -> Cell:
    return lat_e7 // CELL_LAT_E7, lon_e7 // CELL_LON_E7


class Paces:
    """Seconds driven by seconds expected, for every area and hour."""

    def __init__(self, rows: Iterable[Driven], unlearned: float = UNLEARNED) -> None:
        driven: defaultdict[object, float] = defaultdict(float)
        expected: defaultdict[object, float] = defaultdict(float)
        for row in rows:
            cell = (row.cell_lat, row.cell_lon)
            for key in ("fleet", ("hour", row.hour), ("cell", cell), (cell, row.hour)):
                driven[key] += row.driven_s
                expected[key] += row.expected_s
        self._driven, self._expected = dict(driven), dict(expected)
        self.expected_s = expected["fleet"]
        self.fleet = self._drawn("fleet", unlearned, _FLEET_S)
        self._hours = [self._drawn(("hour", hour), self.fleet, _HOUR_S) for hour in range(24)]

    @property
    def is_learned(self) -> bool:
        return self.expected_s >= ENOUGH_S

    def at(self, cell: Cell, hour: int) -> float:
        """How many times as long as expected it takes there at that hour."""
        of_cell = self._drawn(("cell", cell), self.fleet, _CELL_S)
        both = of_cell * self._hours[hour] / self.fleet
        return min(_MOST, max(_LEAST, self._drawn((cell, hour), both, _CELL_HOUR_S)))

    def _drawn(self, key: object, towards: float, weight_s: float) -> float:
        seen_s = self._expected.get(key, 0.0)
        return (self._driven.get(key, 0.0) + towards * weight_s) / (seen_s + weight_s)


NOTHING = Paces(())
