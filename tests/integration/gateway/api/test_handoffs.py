"""Handoffs over HTTP: no way to finish without the profile's proofs, and what happened out of reach is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from contract.clock import Clock, true_now
from gateway.derive.ground import Grounds
from gateway.tracking.policy import Policy
from gateway.worker.witness import judge_due
from tests.fixtures.api import Api, clock_at
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import PROOFS, add_driver, add_van, change, do, on_the_road, order, wish

MINUTE = timedelta(minutes=1)


@pytest.fixture
def road(api: Api) -> Api:
    """Two vans that left at noon under California's profile, van-1 with orders 1001 and 1002, van-2 with 1003."""
    on_the_road(api)
    return api


def say(api: Api, number: str, status: int = 201, **said: Any) -> dict[str, Any]:
    answer = api.ask("dispatcher", "POST", f"/v1/orders/{number}/milestones", {"milestone": "delivered", **said})
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def record(api: Api, number: str) -> dict[str, Any]:
    told: dict[str, Any] = api.ask("compliance", "GET", f"/v1/orders/{number}/record").json()
    return told


def exceptions(api: Api) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = api.ask("compliance", "GET", "/v1/exceptions?kind=handoff_conflict").json()
    return told


def test_goods_are_not_called_delivered_without_what_the_profile_asks_for(road: Api) -> None:
    nothing = say(road, "1001", 422)
    young = {**PROOFS, "id_check": {**PROOFS["id_check"], "over_age": False}}
    lax = {**PROOFS, "id_check": {**PROOFS["id_check"], "age_threshold": 18}}

    assert [one["code"] for one in nothing["errors"]] == ["id_check", "signature"]
    assert nothing["errors"][1]["at"] == "body.proofs.signature"
    assert "the recipient's signature is missing" in nothing["detail"]
    assert "failed with UNDERAGE" in say(road, "1001", 422, proofs=young)["detail"]
    assert "checked against 18 years; the trip's profile asks for 21" in say(road, "1001", 422, proofs=lax)["detail"]
    assert road.ask("viewer", "GET", "/v1/orders/1001").json()["milestone"] == "out_for_delivery"
    assert record(road, "1001")["handoffs"] == []

    say(road, "1001", proofs=PROOFS)

    told = record(road, "1001")
    (kept,) = told["handoffs"]
    assert (told["order"]["milestone"], told["attempts"]) == ("delivered", 1)
    assert (kept["attempt"], kept["outcome"], kept["trip_no"], kept["age_threshold"]) == (
        1,
        "delivered",
        "T-0001",
        21,
    )
    assert (kept["profile"], kept["profile_version"]) == ("california-adult-use", 1)
    assert kept["proofs"] == PROOFS
    with psycopg.connect(road.database.gateway_url) as gateway, pytest.raises(psycopg.errors.InsufficientPrivilege):
        gateway.execute("UPDATE waybill.handoff SET proofs = '{}'")


@pytest.mark.parametrize("field", ["number", "date_of_birth", "barcode"])
def test_there_is_no_field_for_what_is_never_kept(road: Api, field: str) -> None:
    refused = say(road, "1001", 422, proofs={**PROOFS, "id_check": {**PROOFS["id_check"], field: "D1234567"}})

    assert refused["errors"][0]["at"] == f"body.proofs.id_check.{field}"
    assert "D1234567" not in str(refused)


def test_a_trip_keeps_to_the_proofs_of_the_version_that_it_was_planned_under(road: Api) -> None:
    said = {"values": {"proofs": None, "age_threshold": None}, "reason": "as of tomorrow"}
    assert road.ask("chief", "POST", "/v1/profiles/california-adult-use/versions", said).status_code == 201

    assert say(road, "1001", 422)["errors"]


def test_a_failed_attempt_needs_no_proof_and_the_next_one_counts_on(road: Api) -> None:
    say(road, "1001", milestone="failed", reason_code="NO_VALID_ID", proofs={"id_check": {
        **PROOFS["id_check"], "unexpired": False}})  # fmt: skip
    say(road, "1001", proofs=PROOFS, lines=[{"line_no": 1, "accepted_quantity": "1"}])

    told = [(one["attempt"], one["outcome"], one["partial"]) for one in record(road, "1001")["handoffs"]]
    assert told == [(1, "failed", False), (2, "delivered", True)]


def test_what_was_handed_over_out_of_reach_is_kept_although_the_order_was_cancelled(road: Api) -> None:
    at = (NOON + MINUTE).isoformat()
    road.app.state.clock = clock_at(NOON + 5 * MINUTE)
    road.ask("pos", "POST", "/v1/orders/1001/cancel", {"reason": "the customer called"})
    assert say(road, "1001", 409, proofs=PROOFS)["detail"].startswith("order 1001 is cancelled")
    assert say(road, "1001", 422, offline=True, trip="T-0001", at=at)["errors"][0]["code"] == "id_check"

    for _ in range(2):  # sent again: the answer got lost
        answer = say(road, "1001", proofs=PROOFS, offline=True, trip="T-0001", at=at)

    assert answer["milestone"] == "cancelled"
    (kept,) = record(road, "1001")["handoffs"]
    assert (kept["outcome"], kept["offline"], kept["trip_no"]) == ("delivered", True, "T-0001")
    assert kept["conflict"].startswith("it was cancelled since")
    (opened,) = exceptions(road)
    assert opened["rule"].startswith("order 1001: delivered on T-0001, and it was cancelled since")
    aboard = {one["order_no"] for one in road.ask("viewer", "GET", "/v1/trips/T-0001/ledger").json()["aboard"]}
    assert aboard == {"1002"}


def test_what_was_handed_over_by_the_van_that_it_was_moved_from_counts_and_is_pointed_out(road: Api) -> None:
    road.app.state.clock = clock_at(NOON + 5 * MINUTE)
    change(road, "T-0001", {"kind": "move", "orders": ["1002"], "to_trip": "T-0002"})

    answer = say(road, "1002", proofs=PROOFS, offline=True, trip="T-0001", at=(NOON + MINUTE).isoformat())

    assert answer["milestone"] == "delivered"
    assert record(road, "1002")["handoffs"][0]["trip_no"] == "T-0001"
    assert [one["rule"] for one in exceptions(road)] == [
        "order 1002: delivered on T-0001, and it had been planned on another trip"
    ]
    assert say(road, "1002", 409, proofs=PROOFS)["detail"].startswith("order 1002 is delivered")


@pytest.mark.parametrize(
    ("said", "at"),
    [({"offline": True}, "body.trip"), ({"offline": True, "trip": "T-0099"}, "body.trip"),
     ({"offline": True, "trip": "T-0001", "milestone": "returned"}, "offline")],
)  # fmt: skip
def test_out_of_reach_is_what_happened_at_a_door_on_a_trip(road: Api, said: dict[str, Any], at: str) -> None:
    assert say(road, "1001", 422, proofs=PROOFS, **said)["errors"][0]["at"] == at


def test_the_record_says_what_the_second_witness_says(road: Api) -> None:
    say(road, "1001", proofs=PROOFS)
    (kept,) = record(road, "1001")["handoffs"]
    assert kept["witness"] == []

    with psycopg.connect(road.database.gateway_url, autocommit=True) as gateway:
        judge_due(gateway, Grounds(Policy()), Clock(origin=NOON + 60 * MINUTE, wall=true_now()))

    (kept,) = record(road, "1001")["handoffs"]
    (judged,) = kept["witness"]
    told = {name: judged[name] for name in ("version", "cause", "verdict", "no_data", "clock", "within_s", "evidence")}
    assert told == {
        "version": 1, "cause": "handoff", "verdict": "no_data", "no_data": "not_heard", "clock": "told",
        "within_s": 300.0, "evidence": [],
    }  # fmt: skip
    assert "no fixes of that time are here" in judged["why"]


def closes_at(api: Api, hours: str) -> None:
    """The hours of the premises; noon UTC is 14:00 there."""
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("UPDATE waybill.premises SET hours = %s::jsonb WHERE code = 'store'", [hours])


def test_nothing_is_handed_over_outside_the_hours_that_no_reason_lifts(road: Api) -> None:
    closes_at(road, '{"mon": ["09:00", "13:30"]}')

    refused = say(road, "1001", 409, proofs=PROOFS)
    say(road, "1001", milestone="failed", reason_code="OUT_OF_HOURS")
    say(road, "1002", proofs=PROOFS, offline=True, trip="T-0001", at=NOON.isoformat())

    assert "at 14:00 nothing may be handed over here, only from 09:00 to 13:30" in refused["detail"]
    assert ("OUT_OF_HOURS" in refused["detail"], refused["errors"][0]["at"]) == (True, "body.milestone")
    (opened,) = exceptions(road)
    assert opened["rule"].startswith("order 1002: delivered on T-0001, and at 14:00 nothing may be handed over here")


def test_where_a_reason_lifts_the_hours_a_late_handoff_counts_and_is_to_be_explained(api: Api) -> None:
    for number in (1, 2):
        add_van(api, f"van-{number}")
        add_driver(api, f"E-{number}")
    closes_at(api, '{"mon": ["09:00", "14:11"]}')
    planned = api.ask("dispatcher", "POST", "/v1/trips", wish([order(api, "a")]))
    do(api, "T-0001", "depart")
    api.app.state.clock = clock_at(NOON + 15 * MINUTE)

    answer = say(api, "1001")

    found = {one["code"]: one["says"] for one in planned.json()["findings"]}
    assert found["after_hours"].startswith("order 1001 would be reached outside the hours: at 14:")
    assert answer["milestone"] == "delivered"
    (opened,) = exceptions(api)
    assert "at 14:15 nothing may be handed over here, only from 09:00 to 14:11" in opened["rule"]
