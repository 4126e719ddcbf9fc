"""A zone's area and border as geometry, ready to be asked. Knows no fixes and no cells."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

from gateway.tracking.plane import METRES_PER_E7, metres_per_e7_east
from gateway.tracking.shapes import Area, Circle, Corridor, Zone

_QUARTER_CIRCLE = 32  # pieces: 0.03 % off
_QUARTER_TURN = 8  # of a corridor: 0.5 % of its width off, and a quarter of the pieces to measure to


class Outline:
    """A zone's area and border in units of 1e-7 degree, ready to be asked."""

    def __init__(self, area: BaseGeometry, circle: Circle | None = None) -> None:
        shapely.prepare(area)
        self.circle = circle  # then its border is round, not made of the area's pieces
        self._area = area
        self._border = area.boundary
        self.bounds: tuple[float, float, float, float] = area.bounds
        pieces = [
            (x1, y1, x2, y2)
            for ring in _rings(area)
            for (x1, y1), (x2, y2) in zip(ring.coords, ring.coords[1:], strict=False)
        ]
        self._pieces = pieces
        self._tree = shapely.STRtree([shapely.LineString([piece[:2], piece[2:]]) for piece in pieces])

    def holds(self, lat_e7: int, lon_e7: int) -> bool:
        """Whether a point lies inside."""
        return bool(shapely.contains_xy(self._area, lon_e7, lat_e7))

    def crossed(self, lat1_e7: int, lon1_e7: int, lat2_e7: int, lon2_e7: int) -> float:
        """Which share of the way between two points lies before its last crossing of the border; 1: all."""
        way = shapely.LineString([(lon1_e7, lat1_e7), (lon2_e7, lat2_e7)])
        met = shapely.intersection(way, self._border)
        if met.is_empty or way.length == 0:
            return 1.0
        return float(max(way.project(shapely.Point(xy), normalized=True) for xy in shapely.get_coordinates(met)))

    def pieces_within(self, box: BaseGeometry) -> list[tuple[float, float, float, float]]:
        """The straight pieces of border whose surroundings touch a box."""
        return [self._pieces[number] for number in sorted(self._tree.query(box))]


def outline_of(zone: Zone) -> Outline:
    """A zone's area. Raises ValueError that names the zone and what is wrong with its shape."""
    shape = zone.shape
    try:
        area = _area(shape) if isinstance(shape, Area) else _around(shape)
    except (ValueError, shapely.errors.GEOSException) as error:
        raise ValueError(f"zone {zone.name or zone.zone_id}: {error}") from error
    if area.is_empty or not area.is_valid:
        why = "it has no area" if area.is_empty else _why_invalid(area)
        raise ValueError(f"zone {zone.name or zone.zone_id}: {why}")
    return Outline(area, shape if isinstance(shape, Circle) else None)


def _why_invalid(area: BaseGeometry) -> str:
    return str(shapely.is_valid_reason(area)).partition("[")[0].lower() or "its shape is not valid"


def _around(shape: Circle | Corridor) -> BaseGeometry:
    """All within a distance of a point or a line: made in metres around its middle."""
    line = ((shape.lat_e7, shape.lon_e7),) if isinstance(shape, Circle) else shape.line
    width_m = shape.radius_m if isinstance(shape, Circle) else shape.half_width_m
    if width_m <= 0 or (isinstance(shape, Corridor) and len(line) < 2):
        raise ValueError("a circle needs a radius, a corridor two points and a width")
    lat_e7, lon_e7 = line[len(line) // 2]
    east = metres_per_e7_east(lat_e7)
    metres = [((lon - lon_e7) * east, (lat - lat_e7) * METRES_PER_E7) for lat, lon in line]
    core = shapely.Point(metres[0]) if len(metres) == 1 else shapely.LineString(metres)
    area = shapely.buffer(core, width_m, quad_segs=_QUARTER_CIRCLE if isinstance(shape, Circle) else _QUARTER_TURN)
    return shapely.transform(area, lambda xy: xy / (east, METRES_PER_E7) + (lon_e7, lat_e7))


def _area(shape: Area) -> BaseGeometry:
    polygons = []
    for outer, *holes in shape.polygons:
        for ring in (outer, *holes):
            if len(set(ring)) < 3:
                raise ValueError("a ring needs three corners")
        polygons.append(shapely.Polygon([_xy(p) for p in outer], [[_xy(p) for p in hole] for hole in holes]))
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _xy(point: tuple[int, int]) -> tuple[float, float]:
    return float(point[1]), float(point[0])


def _rings(area: BaseGeometry) -> list[BaseGeometry]:
    return [ring for polygon in shapely.get_parts(area) for ring in (polygon.exterior, *polygon.interiors)]
