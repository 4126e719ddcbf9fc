"""Master data as CSV: an export is what the import takes, and a file is taken whole or not at all."""

from __future__ import annotations

import httpx
import psycopg
import pytest

from gateway.master.devices import add_device
from storage.audit import Actor
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON

VEHICLES = """name,plate,make,year,vin,enclosed
van-1,ABC-1,Ford,2024,1FTYR1ZM5KKA12345,true
van-2,,"Mercedes, Benz",,,
"""
DRIVERS = "employee_no,name,employed_from,over_21\nE-1,Aino,2025-03-01,yes\nE-2,Eero Åkerström,,\n"
PLACES = "name,kind,lat,lon,radius_m\nShell Kamppi,fuel,60.1678,24.9312,\nHub,hub,60.1,24.9,120\n"
FILES = (("vehicles", VEHICLES), ("drivers", DRIVERS), ("known-places", PLACES))


def send(api: Api, what: str, text: str | bytes, query: str = "", who: str = "pos") -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    return api.ask(who, "POST", f"/v1/{what}/import{query}", content=content, headers={"content-type": "text/csv"})


def counts(answer: httpx.Response) -> tuple[int, int, int, bool]:
    report = answer.json()
    return report["created"], report["changed"], report["unchanged"], report["done"]


@pytest.mark.parametrize(("what", "text"), FILES)
def test_an_export_comes_in_again_and_changes_nothing(api: Api, what: str, text: str) -> None:
    dry = send(api, what, text, "?dry_run=true")
    first = send(api, what, text)
    exported = api.ask("viewer", "GET", f"/v1/{what}/export")
    again = send(api, what, exported.content)
    there = send(api, what, exported.text.replace(",store,", ",elsewhere,"), who="chief")

    assert (counts(dry), counts(first)) == ((2, 0, 0, False), (2, 0, 0, True))
    assert exported.headers["content-type"].startswith("text/csv")
    assert exported.text.splitlines()[0].startswith(text.split(",", maxsplit=1)[0])
    assert (counts(again), counts(there)) == ((0, 0, 2, True), (2, 0, 0, True))


def test_a_column_that_is_missing_leaves_things_and_an_empty_cell_makes_them_unknown(api: Api) -> None:
    send(api, "vehicles", VEHICLES)

    answer = send(api, "vehicles", "name,plate,colour\nvan-1,,white\n")
    van = api.ask("viewer", "GET", "/v1/vehicles/van-1").json()
    assert counts(answer) == (0, 1, 0, True)
    assert (van["plate"], van["colour"], van["make"]) == (None, "white", "Ford")


def test_everything_that_is_wrong_is_said_and_nothing_is_done(api: Api) -> None:
    bad = VEHICLES + "van-3,,,2024,SHORT,\nvan-1,,,,,\nVan 4,,,,,\nvan-5,,,soon,,maybe\n,X,,,,\nx,y\n"

    answer = send(api, "vehicles", bad)
    assert answer.status_code == 422
    said = {(one["line"], one["column"]) for one in answer.json()["wrong"]}
    assert said == {(4, "vin"), (5, "name"), (6, "name"), (7, "year"), (7, "enclosed"), (8, "name"), (9, None)}
    assert api.rows("SELECT 1 FROM waybill.vehicle") == []
    assert api.rows("SELECT 1 FROM waybill.audit_event WHERE object_kind = 'vehicle'") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("plate\nX\n", "the column name is missing"),
        ("name,wheels\n", "no column is called"),
        (b"name\nv\xe4n\n", "not UTF-8"),
        ('name\n"van', "not CSV"),
        ("name,premises\nvan-1,elsewhere\n", "no premises"),
    ],
)
def test_rubbish_is_refused_in_words(api: Api, text: str | bytes, says: str) -> None:
    answer = send(api, "vehicles", text)

    assert answer.status_code == 422
    assert says in answer.json()["wrong"][0]["says"]


def test_who_may_not_change_may_not_import(api: Api) -> None:
    assert send(api, "vehicles", VEHICLES, who="dispatcher").status_code == 403
    assert send(api, "vehicles", VEHICLES, "?premises=store", who="pos-elsewhere").json()["wrong"]


def test_installs_come_in_with_what_was_said_of_them(api: Api) -> None:
    with psycopg.connect(api.database.gateway_url) as connection:
        for name in ("gps-1", "gps-2"):
            add_device(connection, name, actor=Actor("system", "tests"), at=NOON)
    send(api, "vehicles", VEHICLES)
    text = (
        "device,vehicle,from_at,affixed,consent_by,consent_on\ngps-1,van-1,2026-11-20T08:00:00Z,true,Owner,2026-11-19\n"
    )

    first = send(api, "installs", text)
    exported = api.ask("viewer", "GET", "/v1/installs/export").text
    again = send(api, "installs", exported)
    other = send(api, "installs", "device,vehicle\ngps-1,van-2\ngps-2,van-1\ngps-9,van-1\n").json()["wrong"]

    assert (counts(first), counts(again)) == ((1, 0, 0, True), (0, 0, 1, True))
    assert [one["line"] for one in other] == [2, 3, 4]
    assert "it has to leave it first" in other[0]["says"]
    assert len(api.rows("SELECT 1 FROM waybill.install")) == 1
