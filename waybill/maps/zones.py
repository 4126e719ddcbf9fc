"""Places of an extract that may become zones: schools, day care, borders. Offers them; nobody's zones yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waybill.maps.geometry import simplify_ring
from waybill.maps.ground import Feature, feature

# Where goods may not be delivered (4 CCR 15416(c)), as OpenStreetMap tags them.
PROHIBITED = {"school": "school", "kindergarten": "day care", "childcare": "day care"}
# ISO 3166-2 is on the borders of states and provinces; countries have none, or two letters.
STATE_LEVELS = {"2", "3", "4"}
POINT_RADIUS_M = 60.0  # a school that is mapped as a point: its yard, about


def zone_candidates(entity: Any) -> Iterator[Feature]:
    """The zones that a node or an area may become, with name and kind as `waybill zone import` takes them."""
    tags = entity.tags
    amenity = tags.get("amenity")
    if amenity in PROHIBITED:
        name = tags.get("name") or f"{PROHIBITED[amenity]} {_number(entity)}"
        yield from _prohibited(entity, name)
    elif entity.is_area() and tags.get("boundary") == "administrative" and tags.get("admin_level") in STATE_LEVELS:
        polygons = _polygons(entity)
        if polygons and tags.get("name"):
            yield feature("MultiPolygon", polygons, name=tags["name"], kind="state", osm=_number(entity))


def with_own_names(found: list[Feature]) -> list[Feature]:
    """Sorted by kind and name; where two share a name the second has its number beside it."""
    taken: set[str] = set()
    ordered = sorted(found, key=lambda one: (one["properties"]["kind"], one["properties"]["name"], str(one)))
    for one in ordered:
        said = one["properties"]
        if said["name"] in taken:
            said["name"] = f"{said['name']} ({said['osm']})"
        taken.add(said["name"])
    return ordered


def _prohibited(entity: Any, name: str) -> Iterator[Feature]:
    said = {"name": name, "kind": "prohibited", "osm": _number(entity)}
    if entity.is_node():
        place = [round(entity.lon, 7), round(entity.lat, 7)]
        yield feature("Point", place, **said, radius_m=POINT_RADIUS_M)
    elif entity.is_area():
        polygons = _polygons(entity)
        if polygons:
            yield feature("MultiPolygon", polygons, **said)


def _polygons(area: Any) -> list[list[list[tuple[float, float]]]]:
    found = []
    for outer in area.outer_rings():
        rings = [_ring(ring) for ring in (outer, *area.inner_rings(outer))]
        if len(rings[0]) > 3:
            found.append([ring for ring in rings if len(ring) > 3])
    return found


def _ring(nodes: Any) -> list[tuple[float, float]]:
    line = simplify_ring([(node.lon, node.lat) for node in nodes])
    return [(round(lon, 7), round(lat, 7)) for lon, lat in line]


def _number(entity: Any) -> str:
    """How OpenStreetMap names it: way/123, relation/45, node/6."""
    if not entity.is_area():
        return f"node/{entity.id}"
    return f"{'way' if entity.from_way() else 'relation'}/{entity.orig_id()}"
