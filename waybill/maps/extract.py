"""Reads an OpenStreetMap extract once: streets for cars, lights, doors, what is drawn. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from waybill.maps.geometry import Box, LonLat, Point
from waybill.maps.ground import Feature, area_features, road_features, runs
from waybill.maps.speeds import is_for_cars, is_tunnel, speed_kmh
from waybill.maps.zones import zone_candidates

# Progress is told once in so many things of the file.
STEP = 10_000


class MapError(RuntimeError):
    """No map can be made; the message says of what and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A piece of street with every node inside the extract."""

    nodes: tuple[int, ...]
    speed_kmh: int
    forward: bool
    backward: bool
    name: str
    tunnel: bool


@dataclass(slots=True)
class Extract:
    """What is read from the file in one pass."""

    box: Box
    points: dict[int, Point] = field(default_factory=dict)
    lights: set[int] = field(default_factory=set)
    ways: list[Way] = field(default_factory=list)
    doors: dict[tuple[str, str, str], Point] = field(default_factory=dict)
    features: list[Feature] = field(default_factory=list)
    coasts: list[list[LonLat]] = field(default_factory=list)
    zones: list[Feature] = field(default_factory=list)  # schools, day care, borders: nobody's zones yet


def osmium() -> Any:
    """The reader, which only makers of maps need."""
    try:
        return import_module("osmium")
    except ModuleNotFoundError as error:
        raise MapError("reading an extract needs osmium") from error


def read_extract(path: Path, kmh: Mapping[str, int], clip: Box | None, on_progress: Callable[[int], None]) -> Extract:
    """Everything within the extract's box, or within what it shares with `clip`."""
    library = osmium()
    if not path.is_file():
        raise MapError(f"there is no file {path}; give the path of an OpenStreetMap extract, such as monaco.osm.pbf")
    try:
        extract = Extract(box=_box(library, path, clip))
        inside = _Inside(extract.box if clip is not None else None)
        for count, entity in enumerate(library.FileProcessor(str(path)).with_locations().with_areas(), 1):
            if count % STEP == 0:
                on_progress(STEP)
            if inside.worth_reading(entity):
                _take(extract, entity, kmh, inside)
    except RuntimeError as error:
        if isinstance(error, MapError):
            raise
        raise MapError(
            f"{path} cannot be read as an OpenStreetMap extract: {error}; download it again, as .osm.pbf"
        ) from error
    return extract


class _Inside:
    """Whether a place counts. Without a box everything that the file has does: it was cut already."""

    def __init__(self, box: Box | None) -> None:
        self._box = box

    def node(self, node: Any) -> bool:
        if not node.location.valid():
            return False
        return self._box is None or self._box.holds(node.lon, node.lat)

    def worth_reading(self, entity: Any) -> bool:
        """Ways are cut node by node; a point or an area is in or out as a whole."""
        if self._box is None or entity.is_way():
            return True
        if entity.is_node():
            return self._box.holds(entity.lon, entity.lat)
        return entity.is_area() and any(self._box.holds(n.lon, n.lat) for ring in entity.outer_rings() for n in ring)


def _box(library: Any, path: Path, clip: Box | None) -> Box:
    header = library.io.Reader(str(path)).header().box()
    whole = Box(-180.0, -90.0, 180.0, 90.0)
    if header.valid():
        low, high = header.bottom_left, header.top_right
        whole = Box(low.lon, low.lat, high.lon, high.lat)
    elif clip is None:
        raise MapError(f"{path} does not say which area it covers; give --around LAT,LON --km N")
    both = whole if clip is None else whole.within(clip)
    if both is None:
        raise MapError(
            f"{path} covers {whole.south:.3f} to {whole.north:.3f} north, {whole.west:.3f} to {whole.east:.3f} east; "
            "the place asked for lies outside"
        )
    return both


def _is_known(node: Any) -> bool:
    return bool(node.location.valid())


def _take(extract: Extract, entity: Any, kmh: Mapping[str, int], inside: _Inside) -> None:
    tags = entity.tags
    if entity.is_node():
        if tags.get("highway") == "traffic_signals":
            extract.lights.add(entity.id)
        _take_door(extract, tags, [(entity.lat, entity.lon)])
        extract.zones += zone_candidates(entity)
    elif entity.is_way():
        if tags.get("natural") == "coastline":
            extract.coasts += runs(entity, _is_known)  # cut exactly at the box later
        extract.features += road_features(entity, inside.node)
        if is_for_cars(tags, kmh):
            _take_way(extract, entity, kmh, inside)
    elif entity.is_area():
        _take_door(extract, tags, [(n.lat, n.lon) for ring in entity.outer_rings() for n in ring])
        extract.features += area_features(entity)
        extract.zones += zone_candidates(entity)


def _take_way(extract: Extract, way: Any, kmh: Mapping[str, int], inside: _Inside) -> None:
    tags = way.tags
    said = tags.get("oneway")
    usually = tags.get("junction") == "roundabout" or tags.get("highway") in {"motorway", "motorway_link"}
    one_way = said in {"yes", "true", "1"} or (usually and said not in {"no", "-1"})
    run: list[int] = []
    for node in [*way.nodes, None]:
        if node is not None and inside.node(node):
            run.append(node.ref)
            extract.points[node.ref] = (round(node.lat * 1e7), round(node.lon * 1e7))
            continue
        if len(run) > 1:
            extract.ways.append(
                Way(nodes=tuple(run), speed_kmh=speed_kmh(tags, kmh), forward=said != "-1", backward=not one_way,
                    name=tags.get("name", ""), tunnel=is_tunnel(tags))
            )  # fmt: skip
        run = []


def _take_door(extract: Extract, tags: Any, corners: list[tuple[float, float]]) -> None:
    street, number = tags.get("addr:street") or tags.get("addr:place"), tags.get("addr:housenumber")
    if not street or not number or not number[0].isdigit():
        return
    lat_deg = sum(lat for lat, _ in corners) / len(corners)
    lon_deg = sum(lon for _, lon in corners) / len(corners)
    door = street, number, tags.get("addr:city") or ""
    extract.doors.setdefault(door, (round(lat_deg * 1e7), round(lon_deg * 1e7)))
