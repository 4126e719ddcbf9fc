"""Reports as files: formats that agree, digests that hold, the audit event, who may have one, and memory."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tracemalloc
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from gateway.reports.asking import Asked
from gateway.reports.catalogue import REPORTS
from gateway.reports.making import make_asked
from storage.ids import new_id
from tests.fixtures.command_line import caller, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import NOON
from tests.fixtures.pdf_text import pdf_pages
from tests.fixtures.reported_day import AINO, ReportedDay
from tests.fixtures.seed import seed_premises
from tests.integration.reports.reading import ask, problem, rows_of

EVERY = [
    "location-history?vehicle=van-2&day=2026-11-23", "stops?day=2026-11-23", "failed-attempts?day=2026-11-23",
    "id-checks?trip=T-0001", "inventory-ledger?day=2026-11-23",
]  # fmt: skip


@pytest.mark.parametrize("query", EVERY)
def test_all_formats_of_a_report_say_the_same(passed: ReportedDay, query: str) -> None:
    answer = ask(passed.api, f"{query}&format=zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    name = query.partition("?")[0]
    manifest, document = _decoded(files["manifest.json"]), _decoded(files[f"{name}.json"])
    rows = rows_of(passed.api, query)
    printed = "\n".join(pdf_pages(files[f"{name}.pdf"]))

    assert {one["name"]: one["sha256"] for one in manifest["files"]} == {
        file: hashlib.sha256(content).hexdigest() for file, content in files.items() if file != "manifest.json"
    }
    assert manifest["row_count"] == document["row_count"] == len(document["rows"]) == len(rows) > 0
    assert [{key: _as_csv(value) for key, value in row.items()} for row in document["rows"]] == rows
    assert document["report"] == {key: manifest[key] for key in document["report"]}
    assert document["summary"] == manifest["summary"]
    assert manifest["licensee"] == "Corner Shop Holdings LLC"
    assert (manifest["time_zone"], manifest["made_by"]) == ("Europe/Helsinki", "account compliance")
    assert (answer.headers["waybill-report-id"], answer.headers["waybill-rows"]) == (
        manifest["report_id"],
        str(len(rows)),
    )
    # What is printed: each cell's words (wrapped where they are long), the head, and the digest of the CSV.
    words = set(printed.split())
    assert {word for row in rows for key, value in row.items() if not key.endswith(("_utc", "_local"))
            for word in value.replace("北", "[U+5317]").split() if len(word) < 15} <= words  # fmt: skip
    csv_sha256 = next(one["sha256"] for one in manifest["files"] if one["name"].endswith(".csv"))
    for said in ("Corner Shop Holdings LLC", f"{len(rows)} rows", csv_sha256, manifest["report_id"], "Europe/Helsinki"):
        assert said in printed


def _decoded(content: bytes) -> Any:
    """JSON with its numbers digit by digit."""
    return json.loads(content, parse_float=str)


def _as_csv(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def test_csv_is_what_rfc_4180_says(passed: ReportedDay) -> None:
    answer = ask(passed.api, "stops?trip=T-0001")
    lines = answer.content.split(b"\r\n")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    assert lines[-1] == b""
    assert lines[0].startswith(b"trip_no,vehicle,driver,seq,arrived_local,arrived_utc,")
    assert '"the ferry ""Suomi"", late\nsaid Łukasz 北"'.encode() in answer.content
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"


def test_every_report_is_an_audit_event_with_the_digest_of_its_file(passed: ReportedDay) -> None:
    answer = ask(passed.api, "stops?trip=T-0001")
    [(actor, premises_id, after)] = passed.api.rows(
        "SELECT actor_kind || ' ' || actor, premises_id, after FROM waybill.audit_event"
        " WHERE action = 'report.made' AND object_id = %s", answer.headers["waybill-report-id"]
    )  # fmt: skip

    assert (actor, premises_id) == ("account compliance", passed.api.store)
    assert after == {
        "report": "stops", "filters": {"trip": "T-0001"}, "row_count": int(answer.headers["waybill-rows"]),
        "files": {"stops.csv": hashlib.sha256(answer.content).hexdigest()},
    }  # fmt: skip


def test_only_compliance_and_administrators_have_reports_and_of_their_own_premises(passed: ReportedDay) -> None:
    api, query = passed.api, "stops?day=2026-11-23"

    for who in ("dispatcher", "viewer", "support", "driver", "pos", "pos-test", "stranger"):
        problem(api, query, 403, who)
        assert api.ask(who, "GET", "/v1/reports").status_code == 403
    problem(api, query, 401, "nobody")
    assert ask(api, f"{query}&premises=store", "chief").headers["waybill-rows"] != "0"
    assert "say which premises: elsewhere, store" in problem(api, query, 422, "chief")["detail"]
    assert "no premises 'store'" in problem(api, f"{query}&premises=store", 404, "rival")["detail"]
    assert ask(api, query, "rival").headers["waybill-rows"] == "0"
    assert "elsewhere has no vehicle 'van-1'" in problem(
        api, "location-history?vehicle=van-1&day=2026-11-23", 404, "rival")["detail"]  # fmt: skip
    assert "no trip 'T-0001'" in problem(api, "inventory-ledger?trip=T-0001", 404, "rival")["detail"]


def test_what_cannot_be_made_says_why_and_what_there_is(passed: ReportedDay) -> None:
    api = passed.api

    def says(query: str, status: int = 422) -> str:
        return str(problem(api, query, status)["detail"])

    assert "there are location-history, stops" in says("everything", 404)
    assert says("stops") == "stops needs a time (day, or from and to) or trip"
    assert "needs vehicle" in says("location-history?day=2026-11-23")
    assert "cannot be narrowed to order" in says("stops?trip=T-0001&order=1001")
    assert says("stops?trip=T-9", 404) == "store has no trip 'T-9'; there are T-0002, T-0001"
    assert (
        says("location-history?vehicle=bus&day=2026-11-23", 404) == "store has no vehicle 'bus'; there are van-1, van-2"
    )
    assert "either the day or from and to" in says("stops?day=2026-11-23&from=2026-11-23T00:00:00Z")
    assert "is not before to" in says("stops?from=2026-11-23T00:00:00Z&to=2026-11-23T00:00:00Z")
    assert "outside the years 2000 to 2199" in says("stops?day=9999-12-31")
    assert "needs a beginning" in says("location-history?vehicle=van-1&to=2026-11-23T00:00:00Z")
    assert [one["name"] for one in api.ask("compliance", "GET", "/v1/reports").json()] == list(REPORTS)


def test_a_day_without_anything_is_a_report_too(passed: ReportedDay) -> None:
    query = "failed-attempts?day=2026-11-22"
    nothing = ask(passed.api, f"{query}&format=json").json()
    [page] = pdf_pages(ask(passed.api, f"{query}&format=pdf").content)

    assert (rows_of(passed.api, query), nothing["rows"], nothing["row_count"]) == ([], [], 0)
    assert "There is nothing of the kind on record" in page
    assert "0 rows" in page


def test_the_command_writes_every_format_and_a_manifest_and_nothing_over_anything(
    passed: ReportedDay, tmp_path: Path
) -> None:
    waybill = caller({**settings_of_tests(passed.api.database), "WAYBILL_DATA_DIR": str(tmp_path)})
    out = tmp_path / "inspection"
    words = ("report", "stops", "--trip", "T-0001", "--premises", "store", "--out", str(out))

    made = waybill(*words)
    again = waybill(*words)
    manifest = msgspec.json.decode((out / "manifest.json").read_bytes())

    assert made.exit_code == 0, made.error
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "stops.csv", "stops.json", "stops.pdf"]
    for one in manifest["files"]:
        content = (out / one["name"]).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert manifest["made_by"].startswith("system command line: ")
    assert manifest["report_id"] in made.out
    assert [path.name for path in tmp_path.iterdir()] == ["inspection"]
    assert "nothing is written over" in again.error
    printed = waybill("report", "stops", "--trip", "T-0001", "--premises", "store")
    assert printed.out.encode() == (out / "stops.csv").read_bytes().replace(b"\r\n", b"\n")  # as the runner reads it
    assert "location-history" in waybill("report").out
    assert "is not a day" in waybill("report", "stops", "--day", "yesterday").error
    assert "must be one of csv, json, pdf" in waybill("report", "stops", "--format", "xls").error


@pytest.mark.parametrize("rows", [30_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_a_long_location_history_takes_no_more_memory_than_a_short_one(
    database: Database, tmp_path: Path, rows: int
) -> None:
    with psycopg.connect(database.owner_url) as owner:
        premises_id = seed_premises(owner, NOON)
        device_id = _van(owner, premises_id)
        owner.execute(
            "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed,"
            " source) SELECT %s - make_interval(secs => n), %s, n, %s, 1, 601700000 + n, 249400000, false, 'dedicated'"
            " FROM generate_series(1, %s) n", [NOON, NOON, device_id, rows]
        )  # fmt: skip

    few, many = (_most_bytes(database, premises_id, tmp_path, seconds) for seconds in (10_000, rows))

    assert (few[0], many[0]) == (10_000, rows)
    assert many[1] < 1.1 * few[1]


def _most_bytes(database: Database, premises_id: UUID, folder: Path, seconds: int) -> tuple[int, int]:
    """Rows, and the most memory that Python had for them at a time."""
    asked = Asked(vehicle="van-1", from_at=NOON - timedelta(seconds=seconds), to_at=NOON)
    with psycopg.connect(database.gateway_url) as connection:
        tracemalloc.start()
        try:
            made = make_asked(
                connection, REPORTS["location-history"], asked, premises_id, ("csv",), folder, AINO, NOON
            )  # fmt: skip
            return made.row_count, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def _van(owner: psycopg.Connection, premises_id: UUID) -> int:
    """A vehicle whose unit has been in it for long; the unit's id."""
    vehicle_id = new_id(NOON)
    owner.execute(
        "INSERT INTO waybill.vehicle (id, premises_id, name, created_at) VALUES (%s, %s, 'van-1', %s)",
        [vehicle_id, premises_id, NOON],
    )
    row = owner.execute("INSERT INTO waybill.device (name, created_at) VALUES ('gps-1', %s) RETURNING id", [NOON])
    (device_id,) = row.fetchone() or (0,)
    owner.execute("INSERT INTO waybill.spool (device_id, name) VALUES (%s, 'day')", [device_id])
    owner.execute(
        "INSERT INTO waybill.install (id, premises_id, device_id, vehicle_id, during)"
        " VALUES (%s, %s, %s, %s, tstzrange(%s, NULL))",
        [new_id(NOON), premises_id, device_id, vehicle_id, NOON - timedelta(days=30)],
    )
    return int(device_id)
