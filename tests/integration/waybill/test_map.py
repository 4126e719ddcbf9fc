"""`waybill map`: from an OpenStreetMap extract to a folder that vehicles drive in and people search in."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_bridge.sim.polyline import Place, distance_m
from firmware_bridge.sim.streets import Streets
from gateway.master.zone_shapes import checked_geometry
from tests.fixtures.command_line import Answer, caller
from waybill.geojson import read_zones
from waybill.maps.sea import is_inside
from waybill.maps.tiles import find_tippecanoe

EXTRACT = Path(__file__).parents[2] / "golden" / "osm" / "monaco-harbour.osm.pbf"

needs_osmium = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import osmium"], capture_output=True, check=False).returncode != 0,
    reason="osmium is not installed (extra `map`)",
)


def waybill(folder: Path, *words: str, **environ: str) -> Answer:
    return caller({"WAYBILL_DATA_DIR": str(folder / "data"), **environ})("map", *words)


def build(folder: Path, *words: str) -> Answer:
    return waybill(folder, "build", str(EXTRACT), "--out", str(folder / "map"), *words)


@needs_osmium
def test_extract_becomes_streets_ground_addresses_and_a_notice(tmp_path: Path) -> None:
    answer = build(tmp_path)

    assert answer.exit_code == 0, answer
    streets = Streets.from_bytes((tmp_path / "map" / "streets.json.gz").read_bytes())
    here, there = Place(43.7362, 7.4180), Place(43.7391, 7.4235)
    route = streets.route(here, there)
    assert distance_m(here, there) < route.length_m < 4 * distance_m(here, there)
    assert any(arc.in_tunnel for arc in streets.arcs)
    basemap = json.loads((tmp_path / "map" / "basemap.geojson").read_bytes())
    kinds = [feature["properties"]["kind"] for feature in basemap["features"]]
    assert set(kinds) == {"water", "park", "building", "path", "minor", "major"}
    assert kinds[0] == "water"
    assert "OpenStreetMap contributors" in basemap["attribution"]
    notice = (tmp_path / "map" / "NOTICE.md").read_text()
    assert "Open Database License" in notice
    assert "monaco-harbour.osm.pbf" in notice
    with sqlite3.connect(tmp_path / "map" / "addresses.sqlite") as index:
        assert index.execute("SELECT count(*) FROM address").fetchone() == (27,)
    index.close()


@needs_osmium
def test_harbour_is_water_and_the_quay_is_not(tmp_path: Path) -> None:
    build(tmp_path)

    basemap = json.loads((tmp_path / "map" / "basemap.geojson").read_bytes())
    seas = [f["geometry"]["coordinates"][0] for f in basemap["features"] if f["properties"].get("name") == "sea"]
    assert any(is_inside((7.4250, 43.7355), sea) for sea in seas)
    assert not any(is_inside((7.4205, 43.7355), sea) for sea in seas)


@needs_osmium
def test_same_extract_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        build(tmp_path / name)

    for name in ("streets.json.gz", "basemap.geojson", "addresses.sqlite", "NOTICE.md"):
        assert (tmp_path / "a" / "map" / name).read_bytes() == (tmp_path / "b" / "map" / name).read_bytes()


@needs_osmium
@pytest.mark.skipif(find_tippecanoe() is None, reason="tippecanoe is not installed (extra `map`)")
def test_tiles_are_made_where_tippecanoe_is(tmp_path: Path) -> None:
    build(tmp_path)

    assert (tmp_path / "map" / "basemap.pmtiles").read_bytes()[:7] == b"PMTiles"


@needs_osmium
def test_without_tippecanoe_the_rest_is_made_and_the_command_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waybill.maps.build.find_tippecanoe", lambda: None)

    answer = build(tmp_path)

    assert answer.exit_code == 0
    assert "tippecanoe is missing" in answer.err
    assert "pip install" in answer.err
    assert not (tmp_path / "map" / "basemap.pmtiles").exists()


@needs_osmium
def test_around_makes_a_smaller_map(tmp_path: Path) -> None:
    whole, part = build(tmp_path / "whole"), build(tmp_path / "part", "--around", "43.7365,7.4185", "--km", "0.15")

    assert (whole.exit_code, part.exit_code) == (0, 0), part
    nodes = [
        len(Streets.from_bytes((tmp_path / name / "map" / "streets.json.gz").read_bytes()).nodes)
        for name in ("whole", "part")
    ]
    assert 0 < nodes[1] < nodes[0] / 2


@needs_osmium
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--around", "60.17,24.94"), "covers 43.734 to 43.740 north, 7.416 to 7.426 east; the place asked for lies"),
        (("--around", "43.7355,7.4251", "--km", "0.1"), "no streets for cars"),
    ],
)
def test_place_without_a_map_is_one_clear_line(tmp_path: Path, words: tuple[str, ...], wanted: str) -> None:
    answer = build(tmp_path, *words)

    assert answer.exit_code == 1
    assert wanted in answer.error


@needs_osmium
def test_what_is_no_extract_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.osm.pbf").write_bytes(b"not a map at all")

    assert "cannot be read" in waybill(tmp_path, "build", str(tmp_path / "x.osm.pbf")).error
    assert "there is no file" in waybill(tmp_path, "build", str(tmp_path / "y.osm.pbf")).error


def test_without_osmium_the_command_that_helps_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "osmium", None)

    answer = build(tmp_path)

    assert answer.exit_code == 1
    assert "needs osmium: " in answer.error
    assert "pip install" in answer.error


@needs_osmium
def test_address_of_the_map_is_found(tmp_path: Path) -> None:
    build(tmp_path)
    shutil.move(tmp_path / "map", tmp_path / "data" / "map")

    answer = waybill(tmp_path, "find", "avenue", "d'ostende")

    assert answer.out.splitlines()[0].endswith("Avenue d'Ostende (street)")
    assert waybill(tmp_path, "find", "Nowhere").exit_code == 1


def test_without_an_index_the_command_that_makes_it_is_said(tmp_path: Path) -> None:
    assert "waybill map build EXTRACT.osm.pbf --out" in waybill(tmp_path, "find", "Main Street 1").error


OSM = """<?xml version="1.0"?>
<osm version="0.6"><bounds minlat="43.70" minlon="7.40" maxlat="43.80" maxlon="7.50"/>
 <node id="1" version="1" lat="43.73" lon="7.41"/><node id="2" version="1" lat="43.73" lon="7.42"/>
 <node id="3" version="1" lat="43.74" lon="7.42"/><node id="4" version="1" lat="43.74" lon="7.41"/>
 <node id="5" version="1" lat="43.75" lon="7.43"><tag k="amenity" v="kindergarten"/><tag k="name" v="Les Lilas"/></node>
 <node id="6" version="1" lat="43.76" lon="7.43"><tag k="amenity" v="kindergarten"/><tag k="name" v="Les Lilas"/></node>
 <node id="7" version="1" lat="43.76" lon="7.44"><tag k="amenity" v="cafe"/><tag k="name" v="Bar"/></node>
 <way id="10" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
  <tag k="amenity" v="school"/><tag k="name" v="Lycée"/></way>
 <way id="11" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/></way>
 <way id="12" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/>
  <tag k="highway" v="residential"/><tag k="name" v="Rue Haute"/></way>
 <relation id="20" version="1"><member type="way" ref="11" role="outer"/><tag k="type" v="boundary"/>
  <tag k="boundary" v="administrative"/><tag k="admin_level" v="4"/><tag k="name" v="Provence"/></relation>
</osm>"""


@needs_osmium
def test_schools_day_care_and_borders_may_become_zones(tmp_path: Path) -> None:
    extract = tmp_path / "small.osm"
    extract.write_text(OSM, encoding="utf-8")

    answer = waybill(tmp_path, "build", str(extract), "--out", str(tmp_path / "map"))

    assert "4 schools, day care and borders may become zones" in answer.err
    offered = json.loads((tmp_path / "map" / "zones.geojson").read_bytes())["features"]
    kinds = {feature["properties"]["name"]: feature["properties"]["kind"] for feature in offered}
    assert kinds == {
        "Les Lilas": "prohibited", "Les Lilas (node/6)": "prohibited", "Lycée": "prohibited", "Provence": "state",
    }  # fmt: skip
    accepted = read_zones(tmp_path / "map" / "zones.geojson")
    assert all(checked_geometry(zone.geometry, zone.radius_m) for zone in accepted)
