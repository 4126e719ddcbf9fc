"""What is drawn under the vans: roads, water, parks, buildings as GeoJSON features. Styles nothing, reads no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from waybill.maps.geometry import LonLat, rounded, simplify, simplify_ring

Feature = dict[str, Any]

# kind -> drawing order, lowest first.
LAYERS = ("water", "park", "building", "path", "minor", "major")
WIDTH_M = {
    "motorway": 16, "trunk": 14, "motorway_link": 8, "trunk_link": 8,
    "primary": 12, "secondary": 10, "tertiary": 8, "primary_link": 7, "secondary_link": 7, "tertiary_link": 7,
    "unclassified": 6, "residential": 6, "living_street": 5, "pedestrian": 5, "service": 3, "footway": 2, "cycleway": 2,
    "path": 2,
}  # fmt: skip
MAJOR = {
    "motorway", "trunk", "primary", "secondary", "tertiary", "motorway_link", "trunk_link", "primary_link",
    "secondary_link", "tertiary_link",
}  # fmt: skip
PATH = {"footway", "cycleway", "path"}
PARKS = {("leisure", "park"), ("leisure", "garden"), ("landuse", "grass"), ("landuse", "cemetery")}


def feature(shape: str, coordinates: Any, **properties: Any) -> Feature:
    told = {key: value for key, value in properties.items() if value is not None}
    return {"type": "Feature", "properties": told, "geometry": {"type": shape, "coordinates": coordinates}}


def road_features(way: Any, inside: Callable[[Any], bool]) -> Iterator[Feature]:
    highway = way.tags.get("highway")
    if highway not in WIDTH_M or "tunnel" in way.tags or way.tags.get("area") == "yes":
        return
    if highway == "footway" and way.tags.get("footway") in {"sidewalk", "crossing"}:
        return  # the street beside it is drawn already
    kind = "major" if highway in MAJOR else "path" if highway in PATH else "minor"
    for run in runs(way, inside):
        line = rounded(simplify(run))
        if len(line) > 1:
            yield feature("LineString", line, kind=kind, width_m=WIDTH_M[highway], name=way.tags.get("name"))


def area_features(area: Any) -> Iterator[Feature]:
    kind = _area_kind(area.tags)
    if kind is None:
        return
    name = area.tags.get("name") if kind != "building" else None
    for outer in area.outer_rings():
        rings = [outer, *area.inner_rings(outer)]
        shape = [rounded(simplify_ring([(n.lon, n.lat) for n in ring])) for ring in rings]
        if len(shape[0]) > 3:
            yield feature("Polygon", [ring for ring in shape if len(ring) > 3], kind=kind, name=name)


def sea_features(polygons: list[list[list[LonLat]]]) -> Iterator[Feature]:
    for rings in polygons:
        yield feature("Polygon", [rounded(simplify_ring(ring)) for ring in rings], kind="water", name="sea")


def in_drawing_order(features: list[Feature]) -> list[Feature]:
    return sorted(features, key=lambda one: LAYERS.index(one["properties"]["kind"]))


def runs(way: Any, inside: Callable[[Any], bool]) -> list[list[LonLat]]:
    """The parts of a way inside: an extract is cut at its box without completing ways."""
    out: list[list[LonLat]] = [[]]
    for node in way.nodes:
        if inside(node):
            out[-1].append((node.lon, node.lat))
        elif out[-1]:
            out.append([])
    return [run for run in out if len(run) > 1]


def _area_kind(tags: Any) -> str | None:
    if tags.get("natural") == "water":
        return "water"
    if "building" in tags and tags.get("location") != "underground":
        return "building"
    return "park" if any(tags.get(key) == value for key, value in PARKS) else None
