"""`waybill vehicle|driver|place import|export`, and what `waybill status` says of master data, as people see them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from contract.clock import true_now
from gateway.master.documents import Owner, Paper, add_document
from storage.audit import Actor
from storage.master import vehicles
from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database

FILE = "name,plate,make,enclosed\nvan-1,ABC-1,Ford,true\nvan-2,,,\n"


def opened(waybill: Waybill) -> Waybill:
    words = ("init", "--premises", "Store", "--code", "helsinki", "--tz", "UTC", "--admin", "chief")
    assert waybill(*words, "--password-file", "-", stdin="a long enough passphrase\n").exit_code == 0
    return waybill


@pytest.fixture
def store(waybill: Waybill) -> Waybill:
    return opened(waybill)


def test_a_file_comes_in_goes_out_and_comes_in_again(store: Waybill, tmp_path: Path) -> None:
    (tmp_path / "vans.csv").write_text(FILE)

    dry = store("vehicle", "import", str(tmp_path / "vans.csv"), "--dry-run")
    first = store("vehicle", "import", str(tmp_path / "vans.csv"))
    out = store("vehicle", "export", str(tmp_path / "out.csv"))
    again = store("vehicle", "import", str(tmp_path / "out.csv"))
    twice = store("vehicle", "export", str(tmp_path / "out.csv"))

    assert (dry.out.strip(), first.out.strip()) == ("2 created, 0 changed, 0 unchanged",) * 2
    assert "out.csv: 2 vehicles" in out.out
    assert again.out.strip() == "0 created, 0 changed, 2 unchanged"
    assert (twice.exit_code, "File exists" in twice.error) == (1, True)
    assert [one["plate"] for one in store("vehicle", "list", "--json").json()] == ["ABC-1", None]


def test_a_file_with_something_wrong_changes_nothing_and_says_where(store: Waybill, tmp_path: Path) -> None:
    (tmp_path / "drivers.csv").write_text("employee_no,name,employed_from\nE-1,Aino,2025-03-01\nE-2,,soon\n")

    answer = store("driver", "import", str(tmp_path / "drivers.csv"))

    assert answer.exit_code == 1
    assert "2 things are wrong; nothing was changed" in answer.error
    assert "employed_from" in answer.out
    assert store("driver", "list", "--json").json() == []
    assert "No such file" in store("place", "import", str(tmp_path / "none.csv")).error


def test_status_says_what_records_miss_and_which_papers_run_out(
    waybill_with_broker: Waybill, tmp_path: Path, database: Database
) -> None:
    store = opened(waybill_with_broker)
    (tmp_path / "vans.csv").write_text(FILE)
    store("vehicle", "import", str(tmp_path / "vans.csv"))
    with psycopg.connect(database.gateway_url) as connection:
        van = vehicles(connection)[0]
        owner = Owner(name=van.name, premises_id=van.premises_id, vehicle_id=van.id)
        paper = Paper(kind="insurance", expires_on=(true_now().replace(year=true_now().year - 1)).date())
        add_document(connection, owner, paper, actor=Actor("system", "tests"), at=true_now())

    shown = store("status").out

    assert "incomplete for records: 1 premises, 2 vehicle" in shown
    assert f"warning: documents have run out: insurance of vehicle van-1 ({paper.expires_on})" in shown


def test_installs_come_from_a_file_and_what_records_miss_and_which_papers_end_are_listed(
    store: Waybill, tmp_path: Path, database: Database
) -> None:
    store("vehicle", "add", "van-1")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("INSERT INTO waybill.device (name, created_at) VALUES ('gps-01', now())")
    (tmp_path / "fitted.csv").write_text("device,vehicle,affixed\ngps-01,van-1,true\n")
    with psycopg.connect(database.gateway_url) as connection:
        (van,) = vehicles(connection)
        owner_of = Owner(name="van-1", premises_id=van.premises_id, vehicle_id=van.id)
        paper = Paper(kind="insurance", expires_on=true_now().date())
        add_document(connection, owner_of, paper, actor=Actor("system", "tests"), at=true_now())

    came = store("install", "import", str(tmp_path / "fitted.csv"))
    gone = store("install", "export", str(tmp_path / "out.csv"))
    missing = store("missing", "--json").json()

    assert (came.out.strip(), gone.exit_code) == ("1 created, 0 changed, 0 unchanged", 0)
    assert "gps-01" in (tmp_path / "out.csv").read_text()
    empty = {one["field"] for each in missing if each["kind"] == "vehicle" for one in each["missing"]}
    assert "plate" in empty
    assert not {"device", "document:insurance"} & empty
    assert "4 CCR 15049.3(b)" in store("missing").out
    assert [one["of_name"] for one in store("document", "list", "--within-days", "1", "--json").json()] == ["van-1"]
    assert "insurance" in store("document", "list").out
