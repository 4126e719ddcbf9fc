"""`waybill zone` and `waybill place` on the real database, as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.fixtures.gateway import NOON
from tests.fixtures.seed import seed_premises

SQUARE = [[24.94, 60.17], [24.95, 60.17], [24.95, 60.18], [24.94, 60.18], [24.94, 60.17]]
HOLE = [[24.942, 60.172], [24.944, 60.172], [24.944, 60.174], [24.942, 60.172]]


@pytest.fixture(autouse=True)
def premises(database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        seed_premises(connection, NOON)


def feature(name: str, geometry: dict[str, Any] | None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": name, **properties}, "geometry": geometry}


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def geojson(folder: Path, *features: object) -> str:
    path = folder / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}), encoding="utf-8")
    return str(path)


def audit(database: Database) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute("SELECT action, after ->> 'name' FROM waybill.audit_event ORDER BY id").fetchall()


def test_a_file_of_zones_is_imported_listed_shown_and_retired(
    waybill: Waybill, database: Database, tmp_path: Path
) -> None:
    path = geojson(
        tmp_path,
        feature("School A", polygon(SQUARE, HOLE), kind="prohibited"),
        feature("Yard", {"type": "Point", "coordinates": [24.94, 60.17]}, kind="premises", radius_m=120),
        feature("Ring road", {"type": "LineString", "coordinates": SQUARE[:3]}, half_width_m=50),
    )

    assert waybill("zone", "import", path, "--kind", "other").exit_code == 0

    known = {zone["name"]: zone for zone in waybill("zone", "list", "--json").json()}
    assert {name: zone["kind"] for name, zone in known.items()} == {
        "School A": "prohibited", "Yard": "premises", "Ring road": "other",
    }  # fmt: skip
    assert known["School A"]["geometry"] == polygon(SQUARE, HOLE)
    shown = waybill("zone", "show", "Yard").json()
    assert shown["geometry"] == {"type": "Point", "coordinates": [24.94, 60.17]}
    assert shown["properties"]["radius_m"] == 120
    assert waybill("zone", "retire", "School A").exit_code == 0
    assert {zone["name"] for zone in waybill("zone", "list", "--json").json()} == {"Yard", "Ring road"}
    assert len(waybill("zone", "list", "--all", "--json").json()) == 3
    actions = [action for action, _ in audit(database)]
    assert actions == ["zone.added"] * 3 + ["zone.retired"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (feature("x", polygon(SQUARE[:-1]), kind="other"), "is not closed"),
        (feature("x", polygon(SQUARE[:3]), kind="other"), "has 3"),
        (feature("x", polygon([[60.17, 24.94], [160, 120], [60.2, 24.9], [60.17, 24.94]]), kind="other"), "outside"),
        (feature("x", None, kind="other"), "geometry None cannot be a zone"),
        (feature("x", {"type": "GeometryCollection"}, kind="other"), "'GeometryCollection' cannot be a zone"),
        (feature("x", {"type": "Point", "coordinates": [1, 2]}, kind="other"), "Point needs radius_m"),
        (feature("x", polygon(SQUARE), kind="school"), "kind 'school' must be one of"),
        (feature("x", polygon(SQUARE)), "has no kind"),
        (feature("", polygon(SQUARE), kind="other"), "$.properties.name"),
        (feature("x", polygon(SQUARE), kind="other", radius_m="wide"), "$.properties.radius_m"),
        (feature("x", {"type": "Point", "coordinates": ["a", 2]}, kind="other", radius_m=5), "is no position"),
        (feature("Good", polygon(SQUARE), kind="other"), "exists at store"),
        (feature("x", polygon([SQUARE[k] for k in (0, 2, 1, 3, 0)]), kind="other"), "crosses itself"),
        ("rubbish", "feature 2"),
    ],
)  # fmt: skip
def test_one_bad_feature_is_named_and_nothing_is_imported(
    waybill: Waybill, database: Database, tmp_path: Path, wrong: object, said: str
) -> None:
    answer = waybill("zone", "import", geojson(tmp_path, feature("Good", polygon(SQUARE), kind="other"), wrong))

    assert answer.exit_code == 1
    assert "feature 2" in answer.error
    assert "nothing is imported" in answer.error
    assert said in answer.error
    assert waybill("zone", "list", "--all", "--json").json() == []
    assert audit(database) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no json", "is no JSON"), (b"[1]", "is no GeoJSON"), (b'{"type": "FeatureCollection"}', "holds no features"),
     (b"\xff\xfe", "is no JSON")],
)  # fmt: skip
def test_a_file_that_is_no_geojson_is_named(waybill: Waybill, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "zones.geojson"
    path.write_bytes(content)

    answer = waybill("zone", "import", str(path))

    assert str(path) in answer.error
    assert said in answer.error


def test_zones_are_added_by_hand_and_only_one_of_a_name_at_a_time(waybill: Waybill) -> None:
    circle = ("zone", "add", "Yard", "--kind", "premises", "--lat", "60.17", "--lon", "24.94", "--radius-m", "80")
    assert "circle of 80 m" in waybill(*circle).out
    assert "exists at store" in waybill(*circle).error
    corners = "60.17,24.94 60.17,24.95 60.18,24.95"
    assert "polygon of 3 corners" in waybill("zone", "add", "Area", "--kind", "service_area", "--polygon", corners).out
    said = waybill("zone", "add", "Way", "--kind", "other", "--corridor", corners, "--radius-m", "30").out
    assert "corridor of 60 m" in said
    assert "no LAT,LON" in waybill("zone", "add", "Bad", "--kind", "other", "--polygon", "here").error
    assert "one shape" in waybill("zone", "add", "Bad", "--kind", "other").error


def test_known_places_are_added_listed_and_retired(waybill: Waybill, database: Database) -> None:
    words = ("place", "add", "Neste Hakaniemi", "--kind", "fuel", "--lat", "60.18", "--lon", "24.95")
    assert "fuel, 60 m" in waybill(*words).out
    assert "exists at store" in waybill(*words).error
    assert (
        "kind 'pub' must be one of" in waybill("place", "add", "Pub", "--kind", "pub", "--lat", "1", "--lon", "2").error
    )

    [place] = waybill("place", "list", "--json").json()
    assert (place["name"], place["lat_e7"], place["lon_e7"], place["radius_m"]) == (
        "Neste Hakaniemi", 601800000, 249500000, 60.0,
    )  # fmt: skip
    assert "no place 'Shell'" in waybill("place", "retire", "Shell").error
    assert waybill("place", "retire", "Neste Hakaniemi").exit_code == 0
    assert waybill("place", "list", "--json").json() == []
    assert [action for action, _ in audit(database)] == ["place.added", "place.retired"]
