"""Draws the demo's basemap features from an OpenStreetMap extract. Styles nothing: see `kind` and `width_m`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import osmium

# kind -> drawing order, lowest first.
LAYERS = ("water", "park", "building", "path", "minor", "major")
WIDTH_M = {
    "primary": 12, "secondary": 10, "tertiary": 8, "primary_link": 7, "secondary_link": 7, "tertiary_link": 7,
    "unclassified": 6, "residential": 6, "living_street": 5, "pedestrian": 5, "service": 3, "footway": 2, "cycleway": 2,
    "path": 2,
}  # fmt: skip
MAJOR = {"primary", "secondary", "tertiary", "primary_link", "secondary_link", "tertiary_link"}
PATH = {"footway", "cycleway", "path"}
PARKS = {("leisure", "park"), ("leisure", "garden"), ("landuse", "grass"), ("landuse", "cemetery")}
SIMPLIFY_DEG = 8e-6  # 0.9 m north-south: less than a pixel at street zoom

LonLat = tuple[float, float]


def off_line(p: LonLat, a: LonLat, b: LonLat) -> float:
    shrink = math.cos(math.radians(a[1]))
    bx, by, px, py = (b[0] - a[0]) * shrink, b[1] - a[1], (p[0] - a[0]) * shrink, p[1] - a[1]
    length = bx * bx + by * by
    along = 0.0 if length == 0 else max(0.0, min(1.0, (px * bx + py * by) / length))
    return math.hypot(px - along * bx, py - along * by)


def simplify(line: list[LonLat]) -> list[LonLat]:
    if len(line) < 3:
        return line
    worst, at = max((off_line(p, line[0], line[-1]), i) for i, p in enumerate(line[1:-1], 1))
    if worst <= SIMPLIFY_DEG:
        return [line[0], line[-1]]
    return simplify(line[: at + 1])[:-1] + simplify(line[at:])


def simplify_ring(ring: list[LonLat]) -> list[LonLat]:
    """A ring starts where it ends, so it is simplified in two halves."""
    half = len(ring) // 2
    return simplify(ring[: half + 1])[:-1] + simplify(ring[half:])


def rounded(line: Iterable[LonLat]) -> list[LonLat]:
    out: list[LonLat] = []
    for lon, lat in line:
        point = (round(lon, 5), round(lat, 5))
        if not out or out[-1] != point:
            out.append(point)
    return out


def feature(shape: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    told = {key: value for key, value in properties.items() if value is not None}
    return {"type": "Feature", "properties": told, "geometry": {"type": shape, "coordinates": coordinates}}


def area_kind(tags: Any) -> str | None:
    if tags.get("natural") == "water":
        return "water"
    if "building" in tags and tags.get("location") != "underground":
        return "building"
    return "park" if any(tags.get(key) == value for key, value in PARKS) else None


def road(way: Any) -> Iterable[dict[str, Any]]:
    highway = way.tags.get("highway")
    if highway not in WIDTH_M or "tunnel" in way.tags or way.tags.get("area") == "yes":
        return
    if highway == "footway" and way.tags.get("footway") in {"sidewalk", "crossing"}:
        return  # the street beside it is drawn already
    kind = "major" if highway in MAJOR else "path" if highway in PATH else "minor"
    for run in runs(way):
        line = rounded(simplify(run))
        if len(line) > 1:
            yield feature("LineString", line, kind=kind, width_m=WIDTH_M[highway], name=way.tags.get("name"))


def runs(way: Any) -> list[list[LonLat]]:
    """The parts of a way inside the extract: it was cut at its box without completing ways."""
    out: list[list[LonLat]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            out[-1].append((node.lon, node.lat))
        elif out[-1]:
            out.append([])
    return [run for run in out if len(run) > 1]


def sea(coasts: list[list[LonLat]], box: tuple[float, float, float, float]) -> list[list[LonLat]]:
    """Closes the coastline along the extract's box: water lies to the right of it, so the box is walked clockwise."""
    west, south, east, north = box
    width, height = east - west, north - south

    def round_box(p: LonLat) -> float:
        """Clockwise from the south-west corner, one unit a side, of the nearest point of the box."""
        x, y = (p[0] - west) / width, (p[1] - south) / height
        return min((x, y), (1 - y, 1 + x), (1 - x, 2 + 1 - y), (y, 3 + 1 - x))[1] % 4

    corners = [(west, south), (west, north), (east, north), (east, south)]

    def on_box(at: float) -> LonLat:
        a, b, part = corners[int(at) % 4], corners[(int(at) + 1) % 4], at % 1
        return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part

    left, rings = list(coasts), []
    while left:
        ring = left.pop(0)
        first = ring[0]
        while True:
            here = round_box(ring[-1])
            starts = [(round_box(p), i) for i, p in enumerate([first, *(c[0] for c in left)])]
            there, which = min(((at - here) % 4, i) for at, i in starts)
            turns = [float(k) for k in range(int(here) + 1, int(here + there) + 1)]
            ring = [*ring, *(on_box(at) for at in (here, *turns, here + there))]
            if which == 0:
                break
            ring = [*ring, *left.pop(which - 1)]
        rings.append([*ring, first])
    return rings


def basemap(path: Path) -> list[dict[str, Any]]:
    """All features in drawing order, always the same for the same extract."""
    header = osmium.io.Reader(str(path)).header().box()
    box = (header.bottom_left.lon, header.bottom_left.lat, header.top_right.lon, header.top_right.lat)
    features: list[dict[str, Any]] = []
    coasts: list[list[LonLat]] = []
    for entity in osmium.FileProcessor(str(path)).with_locations().with_areas():
        if entity.is_way():
            if entity.tags.get("natural") == "coastline":
                coasts += runs(entity)
            features += road(entity)
        elif entity.is_area() and (kind := area_kind(entity.tags)) is not None:
            name = entity.tags.get("name") if kind != "building" else None
            for outer in entity.outer_rings():
                rings = [outer, *entity.inner_rings(outer)]
                shape = [rounded(simplify_ring([(n.lon, n.lat) for n in ring])) for ring in rings]
                if len(shape[0]) > 3:
                    features.append(feature("Polygon", shape, kind=kind, name=name))
    for ring in sea(coasts, box):
        features.append(feature("Polygon", [rounded(simplify_ring(ring))], kind="water", name="sea"))
    return sorted(features, key=lambda f: LAYERS.index(f["properties"]["kind"]))
