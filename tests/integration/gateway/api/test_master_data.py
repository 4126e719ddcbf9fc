"""Licensees, premises, vehicles, drivers, installs, known places and documents over HTTP, with everybody who asks."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from gateway.master.devices import add_device
from storage.audit import Actor
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON

VAN = {
    "name": "van-7", "kind": "van", "plate": "ABC-123", "make": "Ford", "model": "Transit", "year": 2024,
    "colour": "white", "vin": "1ftyr1zm5kka12345", "registered_owner": "Corner Store LLC", "enclosed": True,
    "unmarked": True, "compartment": False, "alarm": True,
}  # fmt: skip
DRIVER = {
    "employee_no": "E-17", "name": "Aino", "legal_name": "Aino Virtanen", "first_name": "Aino", "over_21": True,
    "permit_no": "DP-991", "employed_from": "2025-03-01",
}  # fmt: skip
PLACE = {"name": "Shell Kamppi", "kind": "fuel", "lat": 60.1678, "lon": 24.9312}
LICENSEE = {"name": "corner", "legal_name": "Corner Store LLC", "licence_no": "C10-0000123", "licence_type": "Retailer"}
ALL = (("vehicles", VAN), ("drivers", DRIVER), ("known-places", PLACE))


def make(api: Api, path: str, who: str = "pos", **body: Any) -> dict[str, Any]:
    answer = api.ask(who, "POST", f"/v1/{path}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def fields_missing(answer: dict[str, Any]) -> set[str]:
    return {one["field"] for one in answer["missing"]}


@pytest.fixture
def gps(api: Api) -> str:
    with psycopg.connect(api.database.gateway_url) as connection:
        add_device(connection, "gps-07", actor=Actor("system", "tests"), at=NOON, serial_no="SN-7")
    return "gps-07"


def test_a_vehicle_is_added_changed_and_retired_by_whoever_may(api: Api) -> None:
    made = make(api, "vehicles", **VAN)
    tag = api.ask("viewer", "GET", "/v1/vehicles/van-7").headers["etag"]
    changed = api.ask("pos", "PATCH", "/v1/vehicles/van-7", {"colour": "grey"}, headers={"if-match": tag})
    stale = api.ask("pos", "PATCH", "/v1/vehicles/van-7", {"colour": "red"}, headers={"if-match": tag})
    refused = api.ask("dispatcher", "PATCH", "/v1/vehicles/van-7", {"colour": "red"})
    retired = api.ask("chief", "POST", f"/v1/vehicles/{made['id']}/retire")

    assert made["vin"] == VAN["vin"].upper()
    assert (changed.status_code, changed.json()["colour"]) == (200, "grey")
    assert (stale.status_code, refused.status_code, retired.status_code) == (412, 403, 200)
    assert api.ask("viewer", "GET", "/v1/vehicles").json()["vehicles"] == []
    assert len(api.ask("viewer", "GET", "/v1/vehicles?retired=true").json()["vehicles"]) == 1
    events = api.rows("SELECT actor, action, before, after FROM waybill.audit_event WHERE object_kind = 'vehicle'"
                      " ORDER BY id")  # fmt: skip
    assert [(actor, action) for actor, action, _, _ in events] == [
        ("pos", "vehicle.added"), ("pos", "vehicle.changed"), ("chief", "vehicle.retired"),
    ]  # fmt: skip
    assert events[1][2:] == ({"colour": "white"}, {"colour": "grey"})


def test_the_same_values_again_are_no_change(api: Api) -> None:
    make(api, "vehicles", **VAN)

    facts = {name: value for name, value in VAN.items() if name != "name"}
    assert api.ask("pos", "PATCH", "/v1/vehicles/van-7", facts).status_code == 200
    assert len(api.rows("SELECT 1 FROM waybill.audit_event WHERE object_kind = 'vehicle'")) == 1


@pytest.mark.parametrize(("path", "body"), ALL)
def test_other_premises_are_not_there(api: Api, path: str, body: dict[str, Any]) -> None:
    made = make(api, path, **body)

    for who, method, where, change in (
        ("stranger", "GET", f"/{made['id']}", None), ("pos-elsewhere", "PATCH", f"/{made['id']}", {}),
        ("pos-elsewhere", "POST", f"/{made['id']}/retire", None),
    ):  # fmt: skip
        assert api.ask(who, method, f"/v1/{path}{where}", change).status_code == 404, (who, method)
    listed = api.ask("stranger", "GET", f"/v1/{path}?premises=store").json()
    assert next(iter(listed.values())) == []
    assert api.ask("pos-elsewhere", "POST", f"/v1/{path}", {**body, "premises": "store"}).status_code == 404
    assert body["name"] not in api.ask("stranger", "GET", f"/v1/{path}/export").text


@pytest.mark.parametrize(("path", "body"), ALL)
def test_a_name_is_taken_once(api: Api, path: str, body: dict[str, Any]) -> None:
    make(api, path, **body)

    again = api.ask("pos", "POST", f"/v1/{path}", body)
    assert again.status_code == 409
    make(api, path, "pos-elsewhere", **body)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"vin": "1FTYR1ZM5KKA1234O"}, "without I, O and Q"), ({"year": 1980, "vin": "1FTYR1ZM5KKA1234O"}, None),
        ({"year": 2199}, "model year"), ({"kind": "boat"}, None), ({"plate": "A\x00"}, None), ({"name": "van-8"}, None),
    ],
)  # fmt: skip
def test_what_a_vehicle_cannot_be_is_said(api: Api, change: dict[str, Any], says: str | None) -> None:
    make(api, "vehicles", **VAN)

    answer = api.ask("pos", "PATCH", "/v1/vehicles/van-7", change)
    if change.get("year") == 1980:
        assert answer.status_code == 200
        return
    assert answer.status_code == 422
    assert says is None or says in answer.json()["detail"]


def test_a_list_is_searched_and_paged(api: Api) -> None:
    for number in (1, 2, 3, 10):
        make(api, "vehicles", name=f"van-{number}", make="Ford" if number > 1 else "Fiat")

    seen, after = [], ""
    while after is not None:
        page = api.ask("viewer", "GET", f"/v1/vehicles?q=ford&limit=2{after and f'&after={after}'}").json()
        seen += [one["name"] for one in page["vehicles"]]
        after = page["next"]
    assert seen == ["van-2", "van-3", "van-10"]
    assert api.ask("viewer", "GET", "/v1/vehicles?after=made-up").status_code == 422


def test_a_driver_is_kept_without_a_date_of_birth(api: Api) -> None:
    made = make(api, "drivers", **DRIVER)
    wrong = api.ask("pos", "PATCH", "/v1/drivers/E-17", {"employed_to": "2024-01-01"})
    born = api.ask("pos", "PATCH", "/v1/drivers/E-17", {"date_of_birth": "1990-01-01"})
    left = api.ask("pos", "POST", "/v1/drivers/E-17/retire").json()

    assert made["legal_name"] == "Aino Virtanen"
    assert (wrong.status_code, wrong.json()["errors"][0]["at"]) == (422, "body.employed_to")
    assert born.status_code == 422
    assert left["employed_to"] == NOON.date().isoformat()
    assert api.ask("pos", "PATCH", "/v1/drivers/E-17", {"name": "A"}).status_code == 409


def test_what_belongs_to_no_premises_is_changed_by_who_administers_all(api: Api) -> None:
    assert api.ask("pos", "POST", "/v1/licensees", LICENSEE).status_code == 403
    make(api, "licensees", "chief", **LICENSEE)
    hidden = api.ask("viewer", "GET", "/v1/licensees/corner").status_code
    api.ask("chief", "PATCH", "/v1/premises/store", {"licensee": "corner", "licence_no": "R-1"})
    shown = api.ask("viewer", "GET", "/v1/licensees/corner")
    working = api.ask("chief", "POST", "/v1/licensees/corner/retire")

    assert (hidden, shown.status_code) == (404, 200)
    assert api.ask("stranger", "GET", "/v1/licensees/corner").status_code == 404
    assert (working.status_code, "store" in working.json()["detail"]) == (409, True)
    assert api.ask("pos", "POST", "/v1/premises", {"code": "x", "name": "X", "tz": "UTC"}).status_code == 403


def test_premises_are_opened_changed_and_closed(api: Api) -> None:
    wanted = {"code": "north", "name": "North", "tz": "Europe/Helsinki", "hours": "mon-fri 09:00-21:00"}
    made = make(api, "premises", "chief", **wanted)
    moved = api.ask("chief", "PATCH", "/v1/premises/north", {"lat": 60.2, "lon": 24.9, "hours": "sat 10:00-18:00"})
    half = api.ask("chief", "PATCH", "/v1/premises/north", {"lat": None})
    make(api, "vehicles", "chief", premises="north", name="van-1")
    busy = api.ask("chief", "POST", "/v1/premises/north/retire")
    api.ask("chief", "POST", "/v1/vehicles/van-1/retire")
    closed = api.ask("chief", "POST", "/v1/premises/north/retire")

    assert made["hours"] == "mon-fri 09:00-21:00"
    assert (moved.json()["lat"], moved.json()["hours"]) == (60.2, "sat 10:00-18:00")
    assert (half.status_code, busy.status_code, closed.status_code) == (422, 409, 200)
    assert api.ask("chief", "POST", "/v1/vehicles", {"premises": "north", "name": "van-2"}).status_code == 409
    assert [one["code"] for one in api.ask("viewer", "GET", "/v1/premises").json()["premises"]] == ["store"]


def test_a_device_is_fitted_corrected_and_unfitted(api: Api, gps: str) -> None:
    make(api, "vehicles", **VAN)
    make(api, "vehicles", "pos-elsewhere", name="van-9")
    made = make(api, "installs", device=gps, vehicle="van-7", from_at="2026-11-20T08:00:00Z")
    taken = api.ask("pos-elsewhere", "POST", "/v1/installs", {"device": gps, "vehicle": "van-9"})
    corrected = api.ask("pos", "PATCH", f"/v1/installs/{gps}", {"affixed": True, "consent_by": "Corner Store LLC",
                                                               "consent_on": "2026-11-19"})  # fmt: skip
    half = api.ask("pos", "PATCH", f"/v1/installs/{gps}", {"consent_on": None})
    ended = api.ask("pos", "POST", f"/v1/installs/{gps}/retire", {"to_at": "2026-11-22T08:00:00Z"})

    assert (made["serial_no"], fields_missing(made)) == ("SN-7", {"affixed", "consent_by"})
    assert (taken.status_code, "van-7" in taken.text) == (404, False)
    assert (corrected.status_code, corrected.json()["missing"]) == (200, [])
    assert half.status_code == 422
    assert (ended.status_code, ended.json()["to_at"][:10]) == (200, "2026-11-22")
    assert api.ask("stranger", "GET", f"/v1/installs/{made['id']}").status_code == 404


def test_a_place_that_changes_keeps_what_earlier_stops_were_judged_by(api: Api) -> None:
    made = make(api, "known-places", **PLACE)
    changed = api.ask("pos", "PATCH", "/v1/known-places/Shell Kamppi", {"radius_m": 90}).json()
    before = api.ask("viewer", "GET", f"/v1/known-places/{made['id']}").json()

    assert changed["id"] != made["id"]
    assert (changed["radius_m"], changed["to_at"], changed["lat"]) == (90, None, made["lat"])
    assert (before["radius_m"], before["to_at"]) == (60, changed["from_at"])


def test_papers_that_run_out_are_told_ahead(api: Api) -> None:
    make(api, "vehicles", **VAN)
    make(api, "drivers", **DRIVER)
    soon = make(api, "documents", of_kind="vehicle", of="van-7", kind="insurance", expires_on="2026-12-01")
    make(api, "documents", of_kind="driver", of="E-17", kind="licence", expires_on="2029-01-01")
    make(api, "documents", of_kind="driver", of="E-17", kind="training", title="RBS", expires_on="2026-11-01")
    van = api.ask("viewer", "GET", "/v1/vehicles/van-7").json()
    due = api.ask("viewer", "GET", "/v1/documents?expiring_within=30d").json()["documents"]

    assert [one["kind"] for one in van["documents_due"]] == ["insurance"]
    assert "document:insurance" not in fields_missing(van)
    assert "document:registration" in fields_missing(van)
    assert [(one["of"], one["kind"]) for one in due] == [("E-17", "training"), ("van-7", "insurance")]
    renewed = make(api, "documents", of_kind="vehicle", of="van-7", kind="insurance", expires_on="2027-12-01")
    assert api.ask("viewer", "GET", "/v1/vehicles/van-7").json()["documents_due"] == []
    assert api.ask("viewer", "GET", f"/v1/documents/{soon['id']}").json()["newest"] is False
    withdrawn = api.ask("pos", "POST", f"/v1/documents/{renewed['id']}/retire")
    assert withdrawn.json()["withdrawn_at"] is not None
    assert len(api.ask("viewer", "GET", "/v1/vehicles/van-7").json()["documents_due"]) == 1


def test_the_number_of_a_persons_licence_is_not_kept(api: Api) -> None:
    make(api, "drivers", **DRIVER)
    wanted = {"of_kind": "driver", "of": "E-17", "kind": "licence"}

    said = api.ask("pos", "POST", "/v1/documents", {**wanted, "number": "D1234567"})
    made = make(api, "documents", **wanted)
    later = api.ask("pos", "PATCH", f"/v1/documents/{made['id']}", {"number": "D1234567"})
    backwards = api.ask("pos", "PATCH", f"/v1/documents/{made['id']}", {"issued_on": "2026-01-02",
                                                                       "expires_on": "2026-01-01"})  # fmt: skip
    assert (said.status_code, later.status_code, backwards.status_code) == (422, 422, 422)
    assert "D1234567" not in str(api.rows("SELECT before, after FROM waybill.audit_event"))


def test_documents_of_other_premises_are_not_there(api: Api) -> None:
    make(api, "vehicles", **VAN)
    made = make(api, "documents", of_kind="vehicle", of="van-7", kind="insurance")

    assert api.ask("stranger", "GET", f"/v1/documents/{made['id']}").status_code == 404
    assert api.ask("stranger", "GET", "/v1/documents").json()["documents"] == []
    for who, body in (("pos-elsewhere", {"of_kind": "vehicle", "of": "van-7"}),
                      ("pos-elsewhere", {"of_kind": "premises", "of": "store"})):  # fmt: skip
        assert api.ask(who, "POST", "/v1/documents", {**body, "kind": "permit"}).status_code == 404


def test_what_records_will_miss_is_told_with_the_rule_that_asks(api: Api) -> None:
    make(api, "vehicles", **VAN)
    make(api, "drivers", employee_no="E-2", name="Eero")
    told = api.ask("viewer", "GET", "/v1/completeness").json()
    van = next(one for one in told["objects"] if one["kind"] == "vehicle")
    driver = next(one for one in told["objects"] if one["kind"] == "driver")

    assert told["counts"] == {"driver": 1, "premises": 1, "vehicle": 1}
    assert fields_missing(van) == {"device", "document:insurance", "document:registration"}
    first_name = next(one for one in driver["missing"] if one["field"] == "first_name")
    assert (first_name["record"], first_name["reference"]) == ("delivery request receipt", "4 CCR 15420(a)(2)")
    only_vans = api.ask("viewer", "GET", "/v1/completeness?kind=vehicle&limit=1").json()
    assert ([one["name"] for one in only_vans["objects"]], only_vans["next"]) == (["van-7"], None)
    assert "van-7" not in json.dumps(api.ask("stranger", "GET", "/v1/completeness").json())
