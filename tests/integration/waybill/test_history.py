"""`waybill history` gives back every stored fix in each format, and says what there is when there is none."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import psycopg
import pytest

from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.fixtures.gateway import register

START = datetime(2026, 11, 23, 9, 0, 0, 123_000, tzinfo=UTC)
FROM, TO = "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"
GPX = "{http://www.topografix.com/GPX/1/1}"


@pytest.fixture
def stored(database: Database) -> int:
    """Three counting fixes of van-7 a second apart (the middle one bare), then one refused as a jump."""
    with psycopg.connect(database.owner_url) as owner:
        device_id = register(owner, "gps-07", name="van-7")
        spool = owner.execute(
            "INSERT INTO waybill.spool (device_id, name) VALUES (%s, '00ff00ff00ff00ff') RETURNING id", [device_id]
        ).fetchone()
        assert spool is not None
        for seq, refused_by in ((1, None), (2, None), (3, None), (4, "jump")):
            bare = seq == 2
            owner.execute(
                "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, altitude_m,"
                " speed_mps, course_deg, hdop, accuracy_m, satellites, ignition, quality, replayed, source, refused_by)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'dedicated', %s)",
                [
                    START + timedelta(seconds=seq), START + timedelta(seconds=seq + 2), seq, device_id, spool[0],
                    601_700_001 + seq, -5, None if bare else 12.34, None if bare else 7.123, None if bare else 359.99,
                    None if bare else 0.9, None if bare else 3.21, None if bare else 11, None if bare else False,
                    None if bare else "gps", False, refused_by,
                ],
            )  # fmt: skip
    return device_id


def _history(waybill: Waybill, form: str, *more: str) -> str:
    answer = waybill("history", "--vehicle", "van-7", "--from", FROM, "--to", TO, "--format", form, *more)
    assert answer.exit_code == 0, answer
    return answer.out


def test_csv_has_exact_times_degrees_and_measures(waybill: Waybill, stored: int) -> None:
    rows = list(csv.DictReader(io.StringIO(_history(waybill, "csv"))))

    assert [row["seq"] for row in rows] == ["1", "2", "3"]
    assert rows[0] == {
        "fixed_at": "2026-11-23T09:00:01.123Z", "received_at": "2026-11-23T09:00:03.123Z", "lat": "60.1700002",
        "lon": "-0.0000005", "altitude_m": "12.34", "speed_mps": "7.123", "course_deg": "359.99", "hdop": "0.9",
        "accuracy_m": "3.21", "satellites": "11", "ignition": "false",
        "quality": "gps", "source": "dedicated", "device": "gps-07", "spool": "00ff00ff00ff00ff",
        "seq": "1", "replayed": "false", "refused_by": "",
    }  # fmt: skip
    assert {rows[1][name] for name in ("altitude_m", "accuracy_m", "satellites", "ignition", "quality")} == {""}


def test_refused_fixes_come_with_their_rule_when_asked_for(waybill: Waybill, stored: int) -> None:
    rows = list(csv.DictReader(io.StringIO(_history(waybill, "csv", "--refused"))))

    assert [row["refused_by"] for row in rows] == ["", "", "", "jump"]


def test_json_says_the_same_as_csv(waybill: Waybill, stored: int) -> None:
    objects = msgspec.json.decode(_history(waybill, "json"))
    rows = list(csv.DictReader(io.StringIO(_history(waybill, "csv"))))

    assert list(objects[0]) == list(rows[0])
    assert objects[0]["lat"] == 60.1700002
    assert objects[1]["altitude_m"] is None
    assert [str(one["fixed_at"]) for one in objects] == [row["fixed_at"] for row in rows]


def test_geojson_has_longitude_first(waybill: Waybill, stored: int) -> None:
    collection = msgspec.json.decode(_history(waybill, "geojson"))

    assert (collection["type"], collection["vehicle"], len(collection["features"])) == ("FeatureCollection", "van-7", 3)
    assert collection["features"][0]["geometry"] == {"type": "Point", "coordinates": [-0.0000005, 60.1700002]}
    assert collection["features"][0]["properties"]["speed_mps"] == 7.123


def test_gpx_is_a_track_in_the_order_that_its_schema_wants(waybill: Waybill, stored: int) -> None:
    points = ET.fromstring(_history(waybill, "gpx").encode()).findall(f".//{GPX}trkpt")

    assert points[0].attrib == {"lat": "60.1700002", "lon": "-0.0000005"}
    assert [child.tag.removeprefix(GPX) for child in points[0]] == ["ele", "time", "sat", "hdop", "extensions"]
    assert points[0].findtext(f"{GPX}time") == "2026-11-23T09:00:01.123Z"
    assert [child.tag.removeprefix(GPX) for child in points[1]] == ["time", "extensions"]


def test_out_writes_the_file_and_leaves_no_other(waybill: Waybill, stored: int, tmp_path: Path) -> None:
    printed = _history(waybill, "csv")

    assert _history(waybill, "csv", "--out", str(tmp_path / "van-7.csv")) == ""

    assert (tmp_path / "van-7.csv").read_text(encoding="utf-8") == printed
    assert [path.name for path in tmp_path.iterdir()] == ["van-7.csv"]


@pytest.mark.parametrize(
    ("from_", "to", "said"),
    [
        ("2026-11-23T09:00:04Z", TO, "in that time there are 1 refused as jump: --refused shows them"),
        ("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", "the first is of 2026-11-23T09:00:01.123Z, the last of"),
    ],
)
def test_empty_history_is_only_a_header_and_says_what_there_is(
    waybill: Waybill, stored: int, from_: str, to: str, said: str
) -> None:
    answer = waybill("history", "--vehicle", "van-7", "--from", from_, "--to", to)

    assert answer.exit_code == 0
    assert answer.out.count("\n") == 1
    assert answer.out.startswith("fixed_at,received_at,lat,lon,")
    assert said in answer.err


def test_a_vehicle_without_any_fix_says_so(waybill: Waybill, database: Database) -> None:
    with psycopg.connect(database.owner_url) as owner:
        register(owner, "gps-07", name="van-7")

    answer = waybill("history", "--vehicle", "van-7", "--from", FROM, "--to", TO, "--format", "geojson")

    assert msgspec.json.decode(answer.out)["features"] == []
    assert "there are none at any time: is a device fitted?" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--vehicle", "van-9"), "there is no vehicle 'van-9'; known: van-7"),
        (("--from", "2026-11-23T09:00:00"), "has no offset: write 2026-11-23T09:00:00Z"),
        (("--from", "yesterday"), "--from: 'yesterday' is not an RFC 3339 time"),
        (("--to", "2026-11-23T08:00:00Z"), "is not before --to"),
        (("--format", "xlsx"), "--format 'xlsx' must be one of csv, json, geojson, gpx"),
        (("--premises", "paris"), "there are no premises paris; known: shop"),
    ],
)
def test_what_cannot_be_is_refused_by_name(waybill: Waybill, stored: int, words: tuple[str, ...], said: str) -> None:
    answer = waybill("history", "--vehicle", "van-7", "--from", FROM, "--to", TO, *words)

    assert answer.exit_code == 1
    assert said in answer.error


def test_times_may_be_relative_to_the_installations_clock(waybill: Waybill, stored: int) -> None:
    answer = waybill(
        "history", "--vehicle", "van-7", "--from", "2 hours ago",
        WAYBILL_CLOCK="2026-11-23T10:30:00Z@2020-01-01T00:00:00Z*0.00000001",
    )  # fmt: skip

    assert len(answer.out.splitlines()) == 4
