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


LICENSEES = "name,legal_name,licence_no,licence_type\nnorth,North Ltd,L-1,retail\nsouth,South Ltd,,\n"
PREMISES = """code,name,tz,hours,licensee,licence_no,address,phone,lat,lon
uptown,Uptown,Europe/Helsinki,"mon-fri 09:00-21:00, sat 10:00-18:00",north,P-1,"Street 1, Helsinki",,60.2,24.9
outback,Outback,Europe/Helsinki,,,,,,,
"""


def test_licensees_and_premises_come_in_and_go_out_as_one_file_each(api: Api) -> None:
    names = ("licensees", LICENSEES), ("premises", PREMISES)
    first = [counts(send(api, what, text, who="chief")) for what, text in names]
    exported = [api.ask("chief", "GET", f"/v1/{what}/export") for what, _ in names]
    again = [counts(send(api, what, out.content, who="chief")) for (what, _), out in zip(names, exported, strict=True)]
    moved = send(api, "premises", "code,hours,phone\nuptown,mon-sun 08:00-20:00,+358 9 555 0100\n", who="chief")

    assert first == [(2, 0, 0, True), (2, 0, 0, True)]
    assert again == [(0, 0, 2, True), (0, 0, 4, True)]  # two premises were there before
    uptown = api.ask("chief", "GET", "/v1/premises/uptown").json()
    assert counts(moved) == (0, 1, 0, True)
    assert (uptown["hours"], uptown["licensee"], uptown["lat"]) == ("mon-sun 08:00-20:00", "north", 60.2)
    assert counts(send(api, "premises", "code,hours\nuptown,\n", who="chief")) == (0, 1, 0, True)
    assert api.rows("SELECT hours FROM waybill.premises WHERE code = 'uptown'") == [({},)]
    actions = api.rows("SELECT action, count(*) FROM waybill.audit_event WHERE object_kind IN ('premises', 'licensee')"
                       " AND actor = 'chief' GROUP BY action ORDER BY action")  # fmt: skip
    assert actions == [("licensee.added", 2), ("premises.changed", 2), ("premises.opened", 2)]


def test_what_is_wrong_with_premises_is_said_line_by_line_and_nothing_is_done(api: Api) -> None:
    bad = PREMISES + "Bad Code,X,Europe/Helsinki,,,,,,,\nfar,X,Mars/Base,,,,,,,\nfar2,X,Europe/Helsinki,late,,,,,,\n"
    bad += "far3,X,Europe/Helsinki,,nobody,,,,,\nfar4,X,Europe/Helsinki,,,,,,60.1,\nfar5,,,,,,,,,\n"
    send(api, "licensees", LICENSEES, who="chief")

    answer = send(api, "premises", bad, who="chief")

    assert answer.status_code == 422
    said = {(one["line"], one["column"]) for one in answer.json()["wrong"]}
    assert said == {(4, "code"), (5, "tz"), (6, "hours"), (7, "licensee"), (8, "lat"), (9, "name"), (9, "tz")}
    assert api.rows("SELECT 1 FROM waybill.premises WHERE code IN ('uptown', 'outback')") == []


def test_who_administers_some_premises_changes_those_and_opens_none(api: Api) -> None:
    own = send(api, "premises", "code,phone\nstore,+358 9 555 0100\n")
    others = send(api, "premises", "code,phone\nstore,+358 9 555 0101\nelsewhere,+358 9 555 0102\nnew,\n")

    assert counts(own) == (0, 1, 0, True)
    assert [(one["line"], one["column"]) for one in others.json()["wrong"]] == [(3, "code"), (4, "code")]
    assert send(api, "licensees", LICENSEES).status_code == 403
    seen = api.ask("viewer", "GET", "/v1/premises/export").text.splitlines()
    assert [line.split(",")[0] for line in seen] == ["code", "store"]
