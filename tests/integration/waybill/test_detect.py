"""`waybill detect` as its user runs it: a recording in, JSON lines out, and what is wrong with a file by its line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WAYBILL = str(Path(sys.executable).with_name("waybill"))
HEAD = "time,vehicle,lat,lon,speed_mps,colour\n"


def line(second: int, metres: float, speed: float | str = 0.0) -> str:
    lat = 60.17 + metres * 89.93e-7
    return f"2026-11-23T09:{second // 60:02}:{second % 60:02}Z,van-1,{lat:.7f},24.94,{speed},red\n"


ROUND = [line(s, 10 * s, 10) for s in range(60)] + [line(s, 600) for s in range(60, 260)] + [
    line(s, 600 + 10 * (s - 260), 10) for s in range(260, 320)
]  # fmt: skip


def detect(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([WAYBILL, "detect", *map(str, words)], capture_output=True, text=True, timeout=60)


def records(done: subprocess.CompletedProcess[str], kind: str) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    return [found for found in map(json.loads, done.stdout.splitlines()) if found["kind"] == kind]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "day.csv"
    path.write_text(HEAD + "".join(ROUND[:100]) + line(90, 0, "fast") + "nonsense\n" + "".join(ROUND[100:]))
    return path


def test_stops_come_as_json_lines_and_bad_lines_are_named(recording: Path) -> None:
    done = detect(recording)

    (stop,) = records(done, "stop")
    assert (stop["started_at"], stop["ended_at"]) == ("2026-11-23T09:01:00.000Z", "2026-11-23T09:04:19.000Z")
    assert stop["reason"] == "UNEXPLAINED"
    assert "columns that are not read: colour" in done.stderr
    assert "line 102: " in done.stderr
    assert "line 103: 1 columns instead of 6" in done.stderr
    assert "2 bad lines left out" in done.stderr


def test_json_lines_give_the_same(recording: Path, tmp_path: Path) -> None:
    again = tmp_path / "day.jsonl"
    again.write_text("".join(json.dumps(_object(row.split(","))) + "\n" for row in ROUND))

    assert records(detect(again), "stop") == records(detect(recording), "stop")


def _object(cells: list[str]) -> dict[str, object]:
    return {"time": cells[0], "vehicle": cells[1], "lat": float(cells[2]), "lon": 24.94, "speed_mps": float(cells[4])}


def test_zones_a_plan_and_another_policy_are_heeded(recording: Path, tmp_path: Path) -> None:
    zones, plan = tmp_path / "zones.geojson", tmp_path / "plan.json"
    school = {"type": "Point", "coordinates": [24.94, 60.17 + 600 * 89.93e-7]}
    properties = {"name": "school", "kind": "prohibited", "radius_m": 100}
    zones.write_text(json.dumps({"type": "Feature", "properties": properties, "geometry": school}))
    trip = {"trip": "T-1", "planned_departure_at": "2026-11-23T09:00:00Z", "departed_at": "2026-11-23T09:00:00Z",
            "drops": [{"order": "A-17", "lat": 60.17 + 600 * 89.93e-7, "lon": 24.94}]}  # fmt: skip
    plan.write_text(json.dumps({"vehicles": {"van-1": {"premises": {"lat": 60.17, "lon": 24.94}, "trips": [trip]}}}))

    done = detect(recording, "--zones", zones, "--plan", plan)

    assert [found["zone"] for found in records(done, "zone_left")] == ["school"]
    assert [(stop["reason"], stop["order"]) for stop in records(done, "stop")] == [("DELIVERY", "A-17")]
    assert len(records(done, "arrived")) == len(records(done, "left")) == 1
    assert records(detect(recording, "--policy", "stop_min_s=300"), "stop") == []


@pytest.mark.parametrize(
    ("content", "words", "told"),
    [
        ("time,vehicle,latitude,lon\n", (), "no column lat"),
        ("", (), "no column time, vehicle, lat, lon"),
        (HEAD, ("--policy", "stop_min=3"), "'stop_min' is not known"),
        (HEAD, ("--policy", "stop_min_s"), "is not NAME=VALUE"),
        (HEAD, ("--policy", "stop_min_s=soon"), "stop_min_s='soon'"),
        (HEAD, ("--zones", "nowhere.geojson"), "nowhere.geojson: No such file"),
        (HEAD, ("--plan", "nowhere.json"), "nowhere.json: No such file"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, content: str, words: tuple[str, ...], told: str) -> None:
    path = tmp_path / "day.csv"
    path.write_text(content)

    done = detect(path, *words)

    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
