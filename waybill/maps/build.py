"""From an OpenStreetMap extract to a folder with all that Waybill wants of a map. Prints nothing itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gateway.places.index import FILE, write_index
from waybill.maps.extract import Extract, read_extract
from waybill.maps.files import rows_of_json, zipped
from waybill.maps.geometry import Box, Point
from waybill.maps.ground import Feature, in_drawing_order, sea_features
from waybill.maps.notice import ATTRIBUTION, notice
from waybill.maps.road_graph import road_graph
from waybill.maps.sea import sea_polygons
from waybill.maps.speeds import USUAL_KMH
from waybill.maps.tiles import find_tippecanoe, write_tiles
from waybill.maps.zones import with_own_names

STEPS = ("reading the extract", "road graph", "basemap", "vector tiles", "addresses")
# Says which of STEPS is on, and how much of it is done when the step can tell.
Report = Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What came out; tiles is False when tippecanoe is missing."""

    files: dict[str, int]
    junctions: int
    streets: int
    lights: int
    tunnels: int
    features: int
    named_streets: int
    house_numbers: int
    zones: int
    tiles: bool


def build_map(source: Path, folder: Path, clip: Box | None, report: Report) -> Built:
    """Writes into `folder`, each file whole or not at all; files of an earlier build are replaced."""
    extract = read_extract(source, USUAL_KMH, clip, lambda more: report(STEPS[0], more))
    report(STEPS[1], 0)
    graph, lines = road_graph(extract)
    folder.mkdir(parents=True, exist_ok=True)
    _put(folder / "streets.json.gz", zipped(graph))
    report(STEPS[2], 0)
    features = in_drawing_order([*extract.features, *sea_features(sea_polygons(extract.coasts, extract.box))])
    head = {"type": "FeatureCollection", "attribution": ATTRIBUTION}
    _put(folder / "basemap.geojson", rows_of_json(head, "features", features))
    zones = with_own_names(extract.zones)
    zone_head = {"type": "FeatureCollection", "attribution": ATTRIBUTION}
    _put(folder / "zones.geojson", rows_of_json(zone_head, "features", zones))
    report(STEPS[3], 0)
    tiles = _tiles(folder / "basemap.pmtiles", features)
    report(STEPS[4], 0)
    half_done = folder / "addresses.half-done"
    half_done.unlink(missing_ok=True)
    named, houses = write_index(half_done, extract.doors, _middles(graph, lines), ATTRIBUTION)
    half_done.replace(folder / FILE)
    return Built(
        files=_finish(folder, source, extract, tiles=tiles), junctions=len(graph["nodes"]),
        streets=len(graph["streets"]), lights=len(graph["lights"]), tunnels=len(graph.get("tunnels", [])),
        features=len(features), named_streets=named, house_numbers=houses, zones=len(zones),
        tiles=tiles,
    )  # fmt: skip


def _tiles(path: Path, features: list[Feature]) -> bool:
    tippecanoe = find_tippecanoe()
    if tippecanoe is None:
        path.unlink(missing_ok=True)  # of another extract perhaps
        return False
    half_done = path.with_name("half-done.pmtiles")
    write_tiles(tippecanoe, features, half_done)
    half_done.replace(path)
    return True


def _finish(folder: Path, source: Path, extract: Extract, *, tiles: bool) -> dict[str, int]:
    """The notice, and every file with its size."""
    drawn = ["basemap.geojson", *(["basemap.pmtiles"] if tiles else [])]
    names = ["streets.json.gz", *drawn, FILE, "zones.geojson"]
    with source.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    box: dict[str, Any] = asdict(extract.box)
    _put(folder / "NOTICE.md", notice(names, source=source.name, sha256=sha256, **box).encode())
    return {name: (folder / name).stat().st_size for name in [*names, "NOTICE.md"]}


def _middles(graph: dict[str, Any], lines: list[list[Point]]) -> dict[str, Point]:
    """For each name a point on its longest street."""
    longest: dict[str, tuple[float, Point]] = {}
    for row, line in zip(graph["streets"], lines, strict=True):
        name, length_m = graph["names"][row[5]], row[2]
        if length_m > longest.get(name, (0.0, (0, 0)))[0]:
            longest[name] = (length_m, line[len(line) // 2])
    return {name: point for name, (_, point) in longest.items()}


def _put(path: Path, data: bytes) -> None:
    half_done = path.with_name(f".{path.name}.half-done")
    half_done.write_bytes(data)
    half_done.replace(path)
