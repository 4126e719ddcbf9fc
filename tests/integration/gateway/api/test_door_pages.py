"""The driver's page of a door: only of own trips, complete without a connection, and no way round the proofs."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from contract.clock import parse_clock, true_now
from contract.reasons import Disposition, FailureReason
from tests.fixtures.api import Api
from tests.fixtures.doors import told
from tests.fixtures.gateway import NOON
from tests.fixtures.phones import sign_in, text_of
from tests.fixtures.trips import change, on_the_road

ARRIVAL = {"phone_at": "2026-11-23T12:00:00Z", "sent_at": "2026-11-23T12:00:00Z"}


@pytest.fixture
def road(api: Api) -> Api:
    """On the road, with the phones of both drivers; 1002 goes to the other van at ten past."""
    on_the_road(api)
    api.app.state.clock = parse_clock(f"{(NOON + timedelta(minutes=10)).isoformat()}@{true_now().isoformat()}*1")
    sign_in(api, "E-1", "phone")
    sign_in(api, "E-2", "other")
    return api


def path(api: Api, trip_no: str, order_no: str) -> str:
    (ids,) = api.rows(
        "SELECT t.id, o.id FROM waybill.trip t, waybill.orders o WHERE t.trip_no = %s AND o.order_no = %s",
        trip_no, order_no,
    )  # fmt: skip
    return f"/driver/trips/{ids[0]}/orders/{ids[1]}"


def data(page: str) -> dict[str, Any]:
    found = re.search(r'data-page="([^"]+)"', page)
    assert found is not None
    read: dict[str, Any] = json.loads(html.unescape(found.group(1)))
    return read


def test_the_page_has_all_that_a_door_may_need_in_both_languages(road: Api) -> None:
    answer = road.ask("phone", "GET", path(road, "T-0001", "1001"), headers={"accept-language": "es"})

    said, page = text_of(answer), data(answer.text)
    assert answer.status_code == 200
    assert "Nacido el miércoles, 23 de noviembre de 2005 o antes" in said
    assert said.count("Recibo del pedido 1001") == 1  # read without scripts
    assert set(page["needs"]["documents"]) == set(page["sign"]) == set(page["cards"]) == {"en", "es"}
    assert page["cards"]["en"]["UNDERAGE"] == "By law we can hand over only to persons of 21 or older."
    assert set(page["reasons"]) == set(FailureReason)
    assert {*re.findall(r'data-disposition="(\w+)"', answer.text)} == set(Disposition)
    assert {*re.findall(r'data-reason="(\w+)"', answer.text)} == set(FailureReason)
    scripts = re.findall(r'src="(/t/-/[^"]+\.js)"', answer.text)
    assert {road.ask(None, "GET", one).status_code for one in scripts} == {200}
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert not re.search(r"<script[^>]*>[^<]|\son\w+=", answer.text)


def test_an_order_of_somebody_elses_trip_is_none_and_a_former_driver_is_nobody(road: Api) -> None:
    own, foreign = path(road, "T-0001", "1001"), path(road, "T-0002", "1003")
    said = told(road.ask("dispatcher", "GET", "/v1/orders/1003/handoff").json())

    for door in (foreign, foreign.replace(foreign.split("/")[3], own.split("/")[3]), own.rpartition("/")[0] + "/7"):
        assert road.ask("phone", "GET", door).status_code == 404
        assert road.ask("phone", "POST", f"{door}/handoffs", said).status_code in (404, 422)
        assert road.ask("phone", "POST", f"{door}/arrival", ARRIVAL).status_code in (404, 422)
    assert road.ask(None, "GET", own).status_code == road.ask(None, "POST", f"{own}/handoffs", said).status_code == 401
    assert road.ask("dispatcher", "GET", own).status_code == 401
    elsewhere = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    assert road.ask("phone", "POST", f"{own}/arrival", ARRIVAL, headers=elsewhere).status_code == 403
    with psycopg.connect(road.database.owner_url) as owner:
        owner.execute("UPDATE waybill.driver SET employed_to = '2026-11-22' WHERE employee_no = 'E-1'")
    assert road.ask("phone", "GET", own).status_code == 401
    assert road.ask("phone", "POST", f"{own}/handoffs", said).status_code == 401
    assert road.rows("SELECT count(*) FROM waybill.handoff") == [(0,)]


def test_a_driver_arrives_hands_over_with_the_proofs_and_not_without(road: Api) -> None:
    door = path(road, "T-0001", "1001")
    needs = data(road.ask("phone", "GET", door).text)["needs"]
    said = told(needs)

    for _ in range(2):
        assert road.ask("phone", "POST", f"{door}/arrival", ARRIVAL).json() == {"order_no": "1001"}
    refused = road.ask("phone", "POST", f"{door}/handoffs", {**said, "signature": None})
    kept = road.ask("phone", "POST", f"{door}/handoffs", said)

    assert (refused.status_code, refused.json()["errors"][0]["at"]) == (422, "body.proofs.signature")
    assert (kept.status_code, kept.json()["outcome"]) == (201, "delivered")
    assert road.ask("phone", "POST", f"{door}/arrival", ARRIVAL).status_code == 201  # told late: nothing changes
    milestones = road.ask("viewer", "GET", "/v1/orders/1001").json()["milestones"]
    assert [(one["milestone"], one["declared_by"]) for one in milestones][-2:] == [
        ("arrived", "driver E-1"), ("delivered", "driver E-1")
    ]  # fmt: skip
    over = text_of(road.ask("phone", "GET", door))
    assert "This order is delivered: there is nothing to hand over." in over


def test_what_was_handed_over_before_the_order_was_moved_is_told_afterwards(road: Api) -> None:
    door = path(road, "T-0001", "1002")
    said = told(data(road.ask("phone", "GET", door).text)["needs"], offline=True)
    change(road, "T-0001", {"kind": "move", "orders": ["1002"], "to_trip": "T-0002"})

    kept = road.ask("phone", "POST", f"{door}/handoffs", {**said, "id": str(uuid4())})

    assert kept.status_code == 201, kept.text
    assert kept.json()["conflict"] == "it had been planned on another trip"
