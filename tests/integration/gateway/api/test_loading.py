"""Loading, what blocks a departure, the ledger, and profiles over HTTP on the real database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from gateway.dispatch.labels import label_code
from storage.ids import new_id
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import HOUR, PROOFS, add_driver, add_van, change, do, order, plan

ALL_TICKED = ["licence_copy", "qr_certificate", "government_id", "badge"]


@pytest.fixture
def shop(api: Api) -> Api:
    """Two vans and two drivers at premises that chose California's profile."""
    for number in (1, 2):
        add_van(api, f"van-{number}")
        add_driver(api, f"E-{number}")
    said = {"profile": "california-adult-use", "reason": "licensed there"}
    answer = api.ask("chief", "PUT", "/v1/premises/store/profile", said)
    assert answer.status_code == 200, answer.text
    return api


def scan(api: Api, trip: str, code: str, deed: str = "load") -> dict[str, Any]:
    return do(api, trip, deed, {"code": code})


def rules(api: Api, trip: str) -> list[str]:
    return [one["rule"] for one in api.ask("viewer", "GET", f"/v1/trips/{trip}/load").json()["blocks"]]


def depart(api: Api, trip: str, status: int = 200, **said: Any) -> dict[str, Any]:
    answer = api.ask("dispatcher", "POST", f"/v1/trips/{trip}/depart", said)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def ledger(api: Api, trip: str) -> dict[str, Any]:
    told: dict[str, Any] = api.ask("compliance", "GET", f"/v1/trips/{trip}/ledger").json()
    return told


def test_departure_lists_everything_that_blocks_it_and_goes_when_it_is_put_right(shop: Api) -> None:
    orders = [order(shop, name, east, currency="USD") for east, name in enumerate("ab", 1)]
    plan(shop, orders)

    problem = depart(shop, "T-0001", 409)
    assert [one["code"] for one in problem["errors"]] == [
        "ledger_number", *["checklist"] * 4, "not_loaded", "not_loaded",
    ]  # fmt: skip
    assert depart(shop, "T-0001", 409, override=["not_loaded"], reason="we are late")["errors"]
    shop.ask("dispatcher", "PATCH", "/v1/trips/T-0001/papers", {"ledger_no": "L-77", "checklist": ALL_TICKED})
    assert rules(shop, "T-0001") == ["not_loaded", "not_loaded"]
    assert scan(shop, "T-0001", orders[0])["result"] == "loaded"
    assert scan(shop, "T-0001", orders[0])["result"] == "already_loaded"
    assert scan(shop, "T-0001", "TAGbA")["says"] == f"order {orders[1]}: Riesling 0.75 l"
    assert f"order {orders[1]} is not loaded: Ice" in depart(shop, "T-0001", 409)["detail"]
    order_id = shop.ask("viewer", "GET", f"/v1/orders/{orders[1]}").json()["id"]
    assert scan(shop, "T-0001", label_code(UUID(order_id)))["says"] == f"order {orders[1]}: Ice"

    trip = depart(shop, "T-0001")

    assert (trip["state"], trip["profile"], trip["profile_version"]) == ("under_way", "california-adult-use", 1)
    assert (trip["ledger_no"], trip["checklist"]) == ("L-77", ALL_TICKED)


def test_a_wrong_bag_is_told_with_its_van_and_blocks_until_it_is_out(shop: Api) -> None:
    mine, theirs = order(shop, "a"), order(shop, "b")
    plan(shop, [mine])
    plan(shop, [theirs], van="van-2", driver="E-2")
    scan(shop, "T-0001", mine)

    told = scan(shop, "T-0001", "TAGbA")

    assert (told["result"], told["trip_no"], told["vehicle"]) == ("wrong_bag", "T-0002", "van-2")
    blocks = shop.ask("viewer", "GET", "/v1/trips/T-0001/load").json()["blocks"]
    (block,) = [one for one in blocks if one["rule"] == "wrong_bag"]
    assert block["says"] == f"order {theirs} is in this van and belongs to trip T-0002 (van-2)"
    assert not block["may_be_overridden"]
    assert scan(shop, "T-0001", theirs, "unload")["result"] == "unloaded"
    assert "wrong_bag" not in rules(shop, "T-0001")
    scan(shop, "T-0001", theirs)
    # Into its own van: it is out of the other one by that.
    assert scan(shop, "T-0002", theirs)["result"] == "loaded"
    assert "wrong_bag" not in rules(shop, "T-0001")


def test_a_loaded_order_leaves_a_trip_in_the_yard_only_when_somebody_says_where_its_goods_are(shop: Api) -> None:
    first, second = order(shop, "a"), order(shop, "b")
    plan(shop, [first, second])
    scan(shop, "T-0001", second)
    said = {"reason": "the customer called", "changes": [{"kind": "remove", "order": second}]}

    refused = shop.ask("dispatcher", "POST", "/v1/trips/T-0001/changes", said)
    left = change(shop, "T-0001", {"kind": "remove", "order": second}, accept=["goods_aboard"])

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "goods_aboard")
    assert f"the goods of order {second} are in van-1: take them out" in refused.json()["detail"]
    assert [one["code"] for one in left["findings"]] == ["goods_aboard"]
    says = [one["says"] for one in depart(shop, "T-0001", 409)["errors"] if one["code"] == "left_aboard"]
    assert says == [f"order {second} was taken off this trip (it is on no trip), its goods are aboard: unload them"]
    assert scan(shop, "T-0001", second, "unload")["result"] == "unloaded"
    assert "left_aboard" not in rules(shop, "T-0001")
    assert [one["kind"] for one in ledger(shop, "T-0001")["movements"]] == ["load"] * 2 + ["return"] * 2
    actions = shop.rows("SELECT action, actor FROM waybill.audit_event WHERE action LIKE 'order.%%loaded' ORDER BY id")
    assert actions == [("order.loaded", "dispatcher"), ("order.unloaded", "dispatcher")]


def test_goods_that_are_out_already_are_booked_out_with_the_change_that_says_so(shop: Api) -> None:
    first, second = order(shop, "a"), order(shop, "b")
    plan(shop, [first, second])
    scan(shop, "T-0001", first)
    scan(shop, "T-0001", second)

    tried = change(shop, "T-0001", {"kind": "remove", "order": second, "unloaded": True}, dry_run=True)
    aboard = len(ledger(shop, "T-0001")["aboard"])
    change(shop, "T-0001", {"kind": "remove", "order": second, "unloaded": True})

    assert (tried["findings"], aboard) == ([], 4)
    assert {one["order_no"] for one in ledger(shop, "T-0001")["aboard"]} == {first}
    assert ledger(shop, "T-0001")["movements"][-1]["note"] == "as asked"
    assert "left_aboard" not in rules(shop, "T-0001")
    refused = shop.ask("dispatcher", "POST", "/v1/trips/T-0001/cancel", {"reason": "no driver"})
    assert refused.status_code == 409
    assert f"the goods of orders {first} are in van-1" in refused.json()["detail"]
    do(shop, "T-0001", "cancel", {"reason": "no driver", "unloaded": True})
    assert ledger(shop, "T-0001")["aboard"] == []


def test_an_order_that_is_planned_on_another_van_after_it_was_loaded_has_to_be_taken_out(shop: Api) -> None:
    first, second = order(shop, "a"), order(shop, "b")
    plan(shop, [first, second])
    plan(shop, [order(shop, "c")], van="van-2", driver="E-2")
    scan(shop, "T-0001", second)

    change(shop, "T-0001", {"kind": "move", "orders": [second], "to_trip": "T-0002"}, accept=["goods_aboard"])

    assert "left_aboard" in rules(shop, "T-0001")
    loaded = shop.ask("dispatcher", "POST", "/v1/trips/T-0002/load", {"code": second})
    assert loaded.status_code == 409
    assert "another trip" in loaded.json()["detail"]
    scan(shop, "T-0001", second, "unload")
    scan(shop, "T-0002", second)
    assert "left_aboard" not in rules(shop, "T-0001")


def test_the_ledger_follows_the_goods_to_the_customer_and_back(shop: Api) -> None:
    orders = [order(shop, name, east) for east, name in enumerate("abc", 1)]
    plan(shop, orders)
    for one in orders:
        scan(shop, "T-0001", one)
    shop.ask("dispatcher", "PATCH", "/v1/trips/T-0001/papers", {"ledger_no": "L-1", "checklist": ALL_TICKED})
    depart(shop, "T-0001")
    loaded = ledger(shop, "T-0001")

    whole = {"milestone": "delivered", "proofs": PROOFS}
    partly = {**whole, "lines": [{"line_no": 1, "accepted_quantity": 1}]}
    for one, said in zip(orders, (whole, partly), strict=False):
        shop.ask("dispatcher", "POST", f"/v1/orders/{one}/milestones", said)
    change(shop, "T-0001", {"kind": "send_back", "order": orders[2], "reason_code": "RECIPIENT_ABSENT"})
    out = ledger(shop, "T-0001")
    lost = do(shop, "T-0001", "losses", {"order": orders[1], "line_no": 1, "note": "the bottle broke"})
    shop.ask("dispatcher", "POST", f"/v1/orders/{orders[2]}/milestones", {"milestone": "returned"})
    back = ledger(shop, "T-0001")

    assert (len(loaded["movements"]), loaded["value_aboard_minor"]) == (6, 3 * 2880)
    assert out["value_aboard_minor"] == 1290 + 2880
    assert [(one["order_no"], one["quantity"]) for one in out["aboard"]] == [
        (orders[1], "1"), (orders[2], "2"), (orders[2], "1.5"),
    ]  # fmt: skip
    assert lost["value_aboard_minor"] == 2880
    assert (back["aboard"], back["value_aboard_minor"]) == ([], 0)
    assert [one["kind"] for one in back["movements"][6:]] == ["deliver"] * 4 + ["loss"] + ["return"] * 2
    assert float(back["movements"][-1]["balance"]) == 0
    with psycopg.connect(shop.database.gateway_url) as gateway, pytest.raises(psycopg.errors.InsufficientPrivilege):
        gateway.execute("DELETE FROM waybill.ledger_movement")


def test_what_the_profile_lets_go_leaves_with_a_reason_on_the_record(api: Api) -> None:
    van = add_van(api, "van-1")
    driver = add_driver(api, "E-1")
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "INSERT INTO waybill.document (id, premises_id, vehicle_id, kind, expires_on, created_at)"
            " VALUES (%s, %s, %s, 'insurance', %s, %s)",
            [new_id(NOON), api.store, van, (NOON - 24 * HOUR).date(), NOON],
        )
    plan(api, [order(api, "a")])
    assert driver

    problem = depart(api, "T-0001", 409)
    assert "insurance of van-1 ended on" in problem["detail"]
    assert 'override: ["documents"]' in problem["detail"]
    assert depart(api, "T-0001", 422, override=["documents"])["errors"][0]["at"] == "body.reason"

    depart(api, "T-0001", override=["documents"], reason="renewed, the paper is on its way")

    ((after, reason),) = api.rows("SELECT after, reason FROM waybill.audit_event WHERE action = 'trip.departed'")
    assert after["overridden"][0]["rule"] == "documents"
    assert reason == "renewed, the paper is on its way"


def test_a_van_that_is_out_leaves_on_no_second_trip_until_somebody_says_it_is_back(api: Api) -> None:
    add_van(api, "van-1")
    add_driver(api, "E-1")
    first, second = order(api, "a", 1), order(api, "b", 2)
    plan(api, [first])
    plan(api, [second], accept=["vehicle_busy", "driver_busy"], reason="it is back by then")
    assert rules(api, "T-0002") == []
    depart(api, "T-0001")

    assert rules(api, "T-0002") == ["vehicle_out", "crew_out"]
    assert "van-1 is out on trip T-0001" in depart(api, "T-0002", 409)["detail"]
    said = {"override": ["vehicle_out", "crew_out"], "reason": "it stands in the yard"}
    assert depart(api, "T-0002", **said)["state"] == "under_way"


def test_a_van_that_fixes_showed_leaving_is_said_to_have_left_whatever_blocked_it(shop: Api) -> None:
    plan(shop, [order(shop, "a")])
    detected = NOON + timedelta(seconds=1)
    with psycopg.connect(shop.database.owner_url) as owner:
        owner.execute("UPDATE waybill.trip SET departed_at = %s", [detected])

    trip = depart(shop, "T-0001")

    assert trip["departed_at"] != trip["declared_departed_at"]
    ((after,),) = shop.rows("SELECT after FROM waybill.audit_event WHERE action = 'trip.departed'")
    assert {one["rule"] for one in after["overridden"]} >= {"not_loaded", "ledger_number"}


def test_hours_are_those_of_the_premises_and_of_the_profile(shop: Api) -> None:
    plan(shop, [order(shop, "a")])
    with psycopg.connect(shop.database.owner_url) as owner:
        owner.execute("""UPDATE waybill.premises SET hours = '{"mon": ["09:00", "13:00"]}' WHERE code = 'store'""")

    says = {one["rule"]: one["says"] for one in shop.ask("viewer", "GET", "/v1/trips/T-0001/load").json()["blocks"]}

    assert says["hours"] == "at 14:00 nothing may be handed over here, only from 09:00 to 13:00"


def test_a_new_version_of_a_profile_never_changes_an_old_one(shop: Api) -> None:
    plan(shop, [order(shop, "a")])
    said = {"values": {"max_load_value_minor": 100, "age_threshold": None}, "reason": "the cap, as of today"}

    made = shop.ask("chief", "POST", "/v1/profiles/california-adult-use/versions", said)
    plan(shop, [order(shop, "b", currency="USD")], van="van-2", driver="E-2")

    assert made.status_code == 201, made.text
    assert made.json()["version"] == 2
    assert made.json()["settings"]["max_load_value_minor"] == {
        "value": 100, "on": True, "mark": "own", "source": "the cap, as of today", "note": None,
    }  # fmt: skip
    assert not made.json()["settings"]["age_threshold"]["on"]
    old = shop.ask("viewer", "GET", "/v1/profiles/california-adult-use/versions/1").json()
    assert not old["settings"]["max_load_value_minor"]["on"]
    assert "load_value" not in rules(shop, "T-0001")
    assert "load_value" in rules(shop, "T-0002")
    with psycopg.connect(shop.database.gateway_url) as gateway, pytest.raises(psycopg.errors.InsufficientPrivilege):
        gateway.execute("UPDATE waybill.profile_version SET settings = '{}'")


@pytest.mark.parametrize(
    ("values", "says"),
    [({"max_load": 1}, "there is no setting 'max_load'"), ({"min_crew": "two"}, "this is no profile"),
     ({"delivery_from": "6 am"}, "this is no profile"), ({"allowed_stop_reasons": ["LUNCH"]}, "this is no profile")],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused(api: Api, values: dict[str, Any], says: str) -> None:
    answer = api.ask("chief", "POST", "/v1/profiles/plain/versions", {"values": values, "reason": "try"})

    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_only_administrators_make_and_choose_profiles(shop: Api) -> None:
    said = {"values": {"min_crew": 2}, "reason": "x"}

    for who in ("viewer", "dispatcher", "compliance", "stranger"):
        assert shop.ask(who, "GET", "/v1/profiles").status_code == 200
        assert shop.ask(who, "POST", "/v1/profiles/plain/versions", said).status_code == 403
        choice = {"profile": "plain", "reason": "x"}
        assert shop.ask(who, "PUT", "/v1/premises/store/profile", choice).status_code == 403
    unknown = shop.ask("chief", "PUT", "/v1/premises/store/profile", {"profile": "nowhere", "reason": "x"})
    assert unknown.status_code == 404
    assert "texas-alcohol" in unknown.json()["detail"]


def test_another_premises_dispatcher_sees_no_load_and_no_ledger(shop: Api) -> None:
    trip = plan(shop, [order(shop, "a")])["id"]

    for method, path, said in (
        ("GET", "load", None), ("GET", "ledger", None), ("POST", "load", {"code": "1001"}),
        ("POST", "unload", {"code": "1001"}), ("PATCH", "papers", {"ledger_no": "1"}),
        ("POST", "losses", {"order": "1001", "note": "x"}),
    ):  # fmt: skip
        assert shop.ask("stranger", method, f"/v1/trips/{trip}/{path}", said).status_code == 404
    assert shop.ask("dispatcher", "POST", f"/v1/trips/{trip}/load", {"code": "no-such"}).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "kind", "begins"),
    [("html", "text/html", b"<!DOCTYPE html>"), ("svg", "image/svg+xml", b"<?xml"), ("png", "image/png", b"\x89PNG")],
)
def test_a_label_shows_the_orders_code_and_no_customer(api: Api, wanted: str, kind: str, begins: bytes) -> None:
    number = order(api, "<b>", ready=False)

    answer = api.ask("viewer", "GET", f"/v1/orders/{number}/label?format={wanted}")

    assert answer.headers["content-type"].startswith(kind)
    assert answer.content.startswith(begins)
    assert b"Elina" not in answer.content
    assert b"<b>pos" not in answer.content
    assert api.ask("stranger", "GET", f"/v1/orders/{number}/label").status_code == 404
