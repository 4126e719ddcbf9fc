"""The zones that fixes are held against, made ready once. Remembers no vehicle and decides nothing."""

from __future__ import annotations

from gateway.tracking.cells import CELL_E7, Cell, cell_of
from gateway.tracking.outlines import Outline, outline_of
from gateway.tracking.shapes import Area, Circle, Corridor, Ring, Shape, Zone

__all__ = ["Area", "Circle", "Corridor", "Ring", "Shape", "Zone", "ZoneSet"]

_MOST_CELLS = 20_000  # kept ready: 1,500 km of streets; a few kilobytes each at most


class ZoneSet:
    """Zones made ready once for many fixes: build one per set of zones and keep it while they do not change.

    The ground is divided into cells of a hundred metres. What is known of a cell is worked out when the first fix
    falls into it: the zones that hold it wholly, and those whose border is near, with the pieces of border.
    Raises ValueError for a shape that is none (fewer than three corners, a border that crosses itself).
    """

    def __init__(self, zones: tuple[Zone, ...]) -> None:
        self.zones = zones
        self.by_id = {zone.zone_id: zone for zone in zones}
        self._outlines: dict[str, Outline] = {zone.zone_id: outline_of(zone) for zone in zones}
        self._cells: dict[tuple[int, int], Cell] = {}

    def cell(self, lat_e7: int, lon_e7: int) -> Cell:
        """What is known of the cell around a point."""
        key = (lat_e7 // CELL_E7, lon_e7 // CELL_E7)
        known = self._cells.get(key)
        if known is None:
            if len(self._cells) >= _MOST_CELLS:
                self._cells.clear()
            known = self._cells[key] = cell_of(key, self._outlines)
        return known

    def away_m(self, zone_id: str, lat_e7: int, lon_e7: int) -> float | None:
        """Metres from a point to a zone's border, negative inside, infinite far from it; None: no such zone."""
        if zone_id not in self.by_id:
            return None
        return self.cell(lat_e7, lon_e7).away_m(zone_id, lat_e7, lon_e7)

    def crossed(self, zone_id: str, start: tuple[int, int], end: tuple[int, int]) -> float:
        """Which share of the way between two points lies before its last crossing of the zone's border."""
        return self._outlines[zone_id].crossed(*start, *end)
