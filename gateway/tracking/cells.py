"""Cells of ground, with the zones that hold them and the pieces of border near them. Remembers no vehicle."""

from __future__ import annotations

import math

import shapely

from gateway.tracking.outlines import Outline
from gateway.tracking.plane import METRES_PER_E7, metres_per_e7_east

CELL_E7 = 10_000  # 111 m from south to north
REACH_M = 60.0  # borders are known so far beyond a cell; hysteresis needs less


class Pieces:
    """The pieces of one zone's border around one cell, in metres from the cell's middle."""

    __slots__ = ("_middle_inside", "_pieces")

    def __init__(self, pieces: list[tuple[float, float, float, float]], *, middle_inside: bool) -> None:
        self._pieces = pieces
        self._middle_inside = middle_inside

    def holds(self, x: float, y: float) -> bool:
        """Whether a point of the cell is inside: the side of the middle, changed by each piece on the way."""
        inside = self._middle_inside
        for x1, y1, x2, y2 in self._pieces:
            # Do the way from the middle (0, 0) to (x, y) and the piece each have their ends on two sides of the other?
            if ((x1 * y - y1 * x) > 0) != ((x2 * y - y2 * x) > 0):
                dx, dy = x2 - x1, y2 - y1
                if ((x1 * dy - y1 * dx) > 0) != ((x1 - x) * dy - (y1 - y) * dx > 0):
                    inside = not inside
        return inside

    def away_m(self, x: float, y: float) -> float:
        """Metres from a point of the cell to the border, negative inside; infinite from REACH_M on."""
        nearest2 = math.inf
        for x1, y1, x2, y2 in self._pieces:
            dx, dy = x2 - x1, y2 - y1
            px, py = x - x1, y - y1
            length2 = dx * dx + dy * dy
            along = (px * dx + py * dy) / length2 if length2 else 0.0
            if along > 0.0:
                along = min(along, 1.0)
                px -= along * dx
                py -= along * dy
            away2 = px * px + py * py
            if away2 < nearest2:
                nearest2 = away2
        away = math.sqrt(nearest2) if nearest2 < REACH_M * REACH_M else math.inf
        return -away if self.holds(x, y) else away


class Rim:
    """The border of a circle, from the cell's middle."""

    __slots__ = ("_radius_m", "_x", "_y")

    def __init__(self, x: float, y: float, radius_m: float) -> None:
        self._x, self._y, self._radius_m = x, y, radius_m

    def holds(self, x: float, y: float) -> bool:
        """As of Pieces."""
        return math.hypot(x - self._x, y - self._y) <= self._radius_m

    def away_m(self, x: float, y: float) -> float:
        """As of Pieces."""
        away = math.hypot(x - self._x, y - self._y) - self._radius_m
        return away if -REACH_M < away < REACH_M else math.copysign(math.inf, away)


Border = Pieces | Rim


class Cell:
    """What is known of one cell: zones that hold it wholly, and the borders around it."""

    __slots__ = ("_east", "_lat_e7", "_lon_e7", "borders", "held_by", "zone_ids")

    def __init__(self, key: tuple[int, int], held_by: frozenset[str], borders: dict[str, Border]) -> None:
        self._lat_e7, self._lon_e7 = _middle(key)
        self._east = metres_per_e7_east(self._lat_e7)
        self.held_by = held_by
        self.borders = borders
        # In a fixed order, so that equal fixes give equal events whatever was cached before.
        self.zone_ids = tuple(sorted({*held_by, *borders}))

    def local(self, lat_e7: int, lon_e7: int) -> tuple[float, float]:
        """Metres east and north of the cell's middle."""
        return (lon_e7 - self._lon_e7) * self._east, (lat_e7 - self._lat_e7) * METRES_PER_E7

    def away_m(self, zone_id: str, lat_e7: int, lon_e7: int) -> float:
        """Metres from a point of this cell to the border of a zone, negative inside; infinite from REACH_M on."""
        border = self.borders.get(zone_id)
        if border is None:
            return -math.inf if zone_id in self.held_by else math.inf
        return border.away_m(*self.local(lat_e7, lon_e7))


def cell_of(key: tuple[int, int], outlines: dict[str, Outline]) -> Cell:
    """Works out what is known of a cell."""
    lat_e7, lon_e7 = _middle(key)
    east = metres_per_e7_east(lat_e7)
    # Near a pole, where a degree of longitude is nothing, a cell is as narrow; the reach stays finite.
    reach_x, reach_y = CELL_E7 / 2 + REACH_M / max(east, 1e-5), CELL_E7 / 2 + REACH_M / METRES_PER_E7
    box = shapely.box(lon_e7 - reach_x, lat_e7 - reach_y, lon_e7 + reach_x, lat_e7 + reach_y)
    held_by: set[str] = set()
    borders: dict[str, Border] = {}
    for zone_id, outline in outlines.items():
        west, south, far_east, far_north = outline.bounds
        if west > lon_e7 + reach_x or far_east < lon_e7 - reach_x:
            continue
        if south > lat_e7 + reach_y or far_north < lat_e7 - reach_y:
            continue
        inside = outline.holds(lat_e7, lon_e7)
        pieces = outline.pieces_within(box)
        if not pieces:
            if inside:
                held_by.add(zone_id)
        elif outline.circle is not None:
            x, y = (outline.circle.lon_e7 - lon_e7) * east, (outline.circle.lat_e7 - lat_e7) * METRES_PER_E7
            borders[zone_id] = Rim(x, y, outline.circle.radius_m)
        else:
            scale = ((x1 - lon_e7, y1 - lat_e7, x2 - lon_e7, y2 - lat_e7) for x1, y1, x2, y2 in pieces)
            local = [(a * east, b * METRES_PER_E7, c * east, d * METRES_PER_E7) for a, b, c, d in scale]
            borders[zone_id] = Pieces(local, middle_inside=inside)
    return Cell(key, frozenset(held_by), borders)


def _middle(key: tuple[int, int]) -> tuple[int, int]:
    return key[0] * CELL_E7 + CELL_E7 // 2, key[1] * CELL_E7 + CELL_E7 // 2
