"""`waybill address` as a person calls it: found, waiting, pinned, refused."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from gateway.places.index import write_index
from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.fixtures.gateway import NOON
from tests.fixtures.seed import seed_premises

DAY = """number,customer_name,address,window_from,window_to
1,Elina,"Mannerheimintie 12, Helsinki",2026-11-24T14:00,2026-11-24T15:00
2,Juha,"Nowhere Road 1, Helsinki",2026-11-24T14:00,2026-11-24T15:00
3,Maria,"1 nowhere rd, Helsinki",2026-11-24T15:00,2026-11-24T16:00
"""


@pytest.fixture
def folder(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A map with one house, and a day's orders as a file."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        seed_premises(connection, NOON)
    write_index(tmp_path / "addresses.sqlite", {("Mannerheimintie", "12", ""): (601_688_000, 249_400_000)}, {}, "")
    (tmp_path / "day.csv").write_text(DAY, encoding="utf-8")
    monkeypatch.setenv("WAYBILL_MAP_DIR", str(tmp_path))
    return tmp_path


def test_a_day_is_imported_what_waits_is_listed_and_pinned(waybill: Waybill, folder: Path) -> None:
    assert waybill("order", "import", str(folder / "day.csv")).exit_code == 0

    listed = waybill("address", "waiting")
    assert "Nowhere Road 1" in listed.out
    assert "the map has no street of this name" in " ".join(listed.out.split())
    assert [one["order_no"] for one in waybill("address", "waiting", "--json").json()] == ["1002", "1003"]

    pinned = waybill("address", "pin", "1002", "60.17", "24.95", "--note", "second gate")
    assert pinned.out.strip() == "order 1002: Nowhere Road 1, Helsinki is at 60.170000,24.950000"
    assert "1 more orders" in pinned.err
    assert waybill("address", "waiting", "--json").json() == []
    (found,) = waybill("address", "find", "Nowhere", "Road", "1,", "Helsinki", "--json").json()
    assert (found["source"], found["lat_e7"]) == ("pin", 601_700_000)


def test_an_address_is_found_on_the_map(waybill: Waybill, folder: Path) -> None:
    assert "60.168800,24.940000" in waybill("address", "find", "mannerheimintie", "12").out
    nowhere = waybill("address", "find", "Nowhere", "1")
    assert nowhere.exit_code == 1
    assert "no street on the map has such a name" in nowhere.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("pin", "9999", "60", "24"), "there is no order 9999"),
        (("pin", "1001", "0", "0"), "0, 0 is no door"),
        (("find", "Nowhere 1", "--ask"), "WAYBILL_GEOCODER_URL"),
        (("find", "Nowhere 1", "--premises", "moon"), "moon"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(waybill: Waybill, folder: Path, words: tuple[str, ...], says: str) -> None:
    answer = waybill("address", *words)

    assert answer.exit_code != 0
    assert says in answer.error + answer.err
