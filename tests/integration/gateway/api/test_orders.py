"""Orders over HTTP on the real database: by their own number, listed, searched, cancelled, said to have come so far."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from gateway.api.order_models import as_new_order
from storage.ids import new_id
from storage.order_reads import Reader, order_document
from storage.orders import change_order, lock_order
from tests.fixtures.api import Api
from tests.fixtures.database import somebody_waits_for_a_lock
from tests.fixtures.gateway import NOON, eventually

HOUR = timedelta(hours=1)


def an_order(**more: Any) -> dict[str, Any]:
    """What an order system hands over."""
    return {
        "customer_name": "Elina Salo",
        "customer_phone": "+358 40 555 0147",
        "address": "Mannerheimintie 12, Helsinki",
        "window_from": NOON.isoformat(),
        "window_to": (NOON + HOUR).isoformat(),
        "currency": "EUR",
        "lines": [{"item": "Rye bread", "quantity": "2", "unit_price_minor": 349, "tag": "1A4FF01"}],
        **more,
    }


def put(api: Api, number: str = "w-1", who: str = "pos", **more: Any) -> dict[str, Any]:
    answer = api.ask(who, "PUT", f"/v1/orders/by-ref/pos/{number}", an_order(**more))
    assert answer.status_code in (200, 201), answer.text
    made: dict[str, Any] = answer.json()
    return made


def say(api: Api, key: str, *milestones: str, who: str = "dispatcher") -> None:
    for milestone in milestones:
        answer = api.ask(who, "POST", f"/v1/orders/{key}/milestones", {"milestone": milestone})
        assert answer.status_code == 201, answer.text


def test_an_order_is_created_then_left_alone_then_changed(api: Api) -> None:
    api.app.state.public_url = "https://waybill.example.org"

    first = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order())
    again = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order())
    changed = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order(note="ring twice", taxes_minor=100))

    assert (first.status_code, again.status_code, changed.status_code) == (201, 200, 200)
    order = first.json()
    assert (order["order_no"], order["milestone"], order["total_minor"]) == ("1001", "received", 698)
    assert order["tracking_url"].startswith("https://waybill.example.org/t/")
    assert len(order["tracking_url"].rpartition("/")[2]) == 22
    assert first.headers["etag"] == again.headers["etag"] != changed.headers["etag"]
    assert (changed.json()["note"], changed.json()["total_minor"]) == ("ring twice", 798)
    events = api.rows(
        "SELECT actor_kind, actor, action, before, after FROM waybill.audit_event WHERE action LIKE 'order%%'"
    )
    assert [(row[0], row[1], row[2]) for row in events] == [
        ("order_system", "pos", "order.placed"),
        ("order_system", "pos", "order.changed"),
    ]
    assert events[1][3:] == ({"note": None, "taxes_minor": None}, {"note": "ring twice", "taxes_minor": 100})


def test_two_that_put_the_same_order_at_once_make_one(api: Api) -> None:
    def one(_: int) -> int:
        return api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order()).status_code

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(one, range(8)))

    assert api.rows("SELECT count(*) FROM waybill.orders") == [(1,)]
    assert set(codes) <= {200, 201, 409}
    assert codes.count(201) == 1


@pytest.mark.parametrize(
    ("more", "at", "says"),
    [
        ({"window_to": (NOON - HOUR).isoformat()}, "window_to", "its window ends at"),
        ({"window_to": "tomorrow"}, "body.window_to", "datetime"),
        ({"window_to": "2026-11-23T12:00:00"}, "body.window_to", "timezone"),
        ({"lat": 60.1}, "body.lat", "belong together"),
        ({"address": None}, "body.address", "an address, or a point"),
        ({"currency": "euro"}, "body.currency", "pattern"),
        ({"currency": "XQX"}, "body.currency", "XQX is no currency in circulation"),
        ({"lines": [{"item": "x", "quantity": "-1"}]}, "body.lines.0.quantity", "greater than 0"),
        ({"colour": "red"}, "body.colour", "not permitted"),
        ({"premises": "elsewhere"}, "body.premises", "there are no premises 'elsewhere'"),
        ({"customer_name": "a\x00b"}, "body.customer_name", "pattern"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(api: Api, more: dict[str, Any], at: str, says: str) -> None:
    answer = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order(**more))

    assert answer.status_code in (404, 422)
    (error,) = answer.json()["errors"]
    assert error["at"] == at
    assert says in error["says"]
    assert api.rows("SELECT 1 FROM waybill.orders") == []


def test_a_key_writes_its_own_orders_only(api: Api) -> None:
    answer = api.ask("pos", "PUT", "/v1/orders/by-ref/otherpos/w-1", an_order())

    assert answer.status_code == 422
    assert "its orders stand under /v1/orders/by-ref/pos/" in answer.json()["detail"]


def test_other_premises_look_as_if_there_were_no_order(api: Api) -> None:
    order = put(api)

    for who in ("stranger", "pos-elsewhere"):
        for path in (order["id"], "1001", "by-ref/pos/w-1", f"{order['id']}/record"):
            assert api.ask(who, "GET", f"/v1/orders/{path}").status_code == 404, (who, path)
        assert api.ask(who, "GET", "/v1/orders").json()["orders"] == []
        assert api.ask(who, "GET", "/v1/events").json()["events"] == []
    cancelled = api.ask("stranger", "POST", "/v1/orders/1001/cancel", {"reason": "x"})
    said = api.ask("stranger", "POST", "/v1/orders/1001/milestones", {"milestone": "accepted"})
    assert (cancelled.status_code, said.status_code) == (404, 404)


def test_who_may_only_read_changes_nothing(api: Api) -> None:
    put(api)

    assert api.ask("viewer", "GET", "/v1/orders/1001").status_code == 200
    assert api.ask("viewer", "POST", "/v1/orders/1001/cancel", {"reason": "x"}).status_code == 403
    assert api.ask("viewer", "PUT", "/v1/orders/by-ref/phone/1", an_order()).status_code == 403


def test_an_etag_guards_against_changes_in_between(api: Api) -> None:
    put(api)
    etag = api.ask("pos", "GET", "/v1/orders/1001").headers["etag"]
    say(api, "1001", "accepted")

    stale = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order(note="x"), headers={"if-match": etag})
    fresh = api.ask("pos", "GET", "/v1/orders/1001").headers["etag"]
    done = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order(note="x"), headers={"if-match": fresh})
    only_new = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order(), headers={"if-none-match": "*"})

    assert (stale.status_code, done.status_code, only_new.status_code) == (412, 200, 409)
    assert fresh in stale.json()["detail"]


def test_the_same_idempotency_key_is_done_once_and_answered_alike(api: Api) -> None:
    put(api)
    headers = {"idempotency-key": "abc-1"}

    first = api.ask("dispatcher", "POST", "/v1/orders/1001/cancel", {"reason": "customer called"}, headers=headers)
    again = api.ask("dispatcher", "POST", "/v1/orders/1001/cancel", {"reason": "customer called"}, headers=headers)
    other = api.ask("dispatcher", "POST", "/v1/orders/1001/cancel", {"reason": "another"}, headers=headers)
    without = api.ask("dispatcher", "POST", "/v1/orders/1001/cancel", {"reason": "customer called"})

    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422
    assert without.status_code == 409
    assert api.rows("SELECT count(*) FROM waybill.milestone WHERE milestone = 'cancelled'") == [(1,)]


def test_a_refused_request_leaves_its_key_free(api: Api) -> None:
    put(api)
    headers = {"idempotency-key": "abc-2"}

    refused = api.ask("dispatcher", "POST", "/v1/orders/1001/milestones", {"milestone": "ready"}, headers=headers)
    say(api, "1001", "accepted")
    done = api.ask("dispatcher", "POST", "/v1/orders/1001/milestones", {"milestone": "ready"}, headers=headers)

    assert (refused.status_code, done.status_code) == (409, 201)
    assert "allowed: accepted, cancelled" in refused.json()["detail"]


def test_orders_are_searched_filtered_and_paged(api: Api) -> None:
    for number in range(5):
        window = {
            "window_from": (NOON + number * HOUR).isoformat(),
            "window_to": (NOON + (number + 1) * HOUR).isoformat(),
        }
        put(api, f"w-{number}", **window, customer_name=f"Customer {number}", customer_phone=f"+358 40 000 100{number}")
    say(api, "1003", "accepted")

    def numbers(query: str) -> list[str]:
        return [one["order_no"] for one in api.ask("support", "GET", f"/v1/orders?{query}").json()["orders"]]

    assert numbers("") == ["1001", "1002", "1003", "1004", "1005"]
    assert numbers("q=1002") == ["1002", "1003"]  # its own number, and the last digits of another's phone
    assert numbers("q=customer+4") == ["1005"]
    assert numbers("q=%25") == []
    assert numbers("milestone=accepted&milestone=ready") == ["1003"]
    assert numbers("source=phone") == []
    assert numbers(f"window_from={(NOON + 4.5 * HOUR).isoformat().replace('+', '%2B')}") == ["1005"]
    first = api.ask("support", "GET", "/v1/orders?limit=3").json()
    assert numbers(f"limit=3&after={first['next']}") == ["1004", "1005"]


def test_on_the_road_goods_and_address_stay_as_they_were_loaded(api: Api) -> None:
    put(api)
    say(api, "1001", "accepted", "ready", "queued", "out_for_delivery")

    moved = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order(address="Elsewhere 1"))
    noted = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order(note="blue door"))
    say(api, "1001", "arrived", "delivered")
    over = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order(note="red door"))

    assert (moved.status_code, noted.status_code, over.status_code) == (409, 200, 409)
    assert moved.json()["errors"][0]["at"] == "body.address"
    assert "delivered: it cannot be changed any more" in over.json()["detail"]


def test_a_part_that_was_accepted_is_on_record(api: Api) -> None:
    put(api)
    say(api, "1001", "accepted", "ready", "queued", "out_for_delivery", "arrived")
    taken = {"milestone": "delivered", "lines": [{"line_no": 1, "accepted_quantity": "1"}]}

    too_many = {"milestone": "delivered", "lines": [{"line_no": 1, "accepted_quantity": "3"}]}
    refused = api.ask("dispatcher", "POST", "/v1/orders/1001/milestones", too_many)
    done = api.ask("dispatcher", "POST", "/v1/orders/1001/milestones", taken)
    record = api.ask("compliance", "GET", "/v1/orders/1001/record").json()

    assert refused.json()["errors"][0] == {
        "at": "body.lines.0",
        "says": "line 1: 3 is more than the 2.0000 ordered",
    } or ("is more than the 2" in refused.json()["detail"])
    assert done.status_code == 201
    assert done.json()["milestones"][-1]["partial"] is True
    assert record["order"]["lines"][0]["accepted_quantity"] == "1"
    assert record["attempts"] == 1
    assert [event["action"] for event in record["audit"]][:2] == ["order.placed", "order.declared"]


def test_a_part_that_is_accepted_while_the_order_is_being_changed_waits_for_it(api: Api) -> None:
    put(api)
    say(api, "1001", "accepted", "ready", "queued", "out_for_delivery", "arrived")
    taken = {"milestone": "delivered", "lines": [{"line_no": 1, "accepted_quantity": "1"}]}

    with (
        ThreadPoolExecutor(1) as pool, psycopg.connect(api.database.gateway_url) as changing,
        psycopg.connect(api.database.owner_url, autocommit=True) as onlooker,
    ):  # fmt: skip
        (row,) = order_document(changing, Reader(None, test=False), key="1001")
        head = lock_order(changing, row["id"])
        assert head is not None
        answer = pool.submit(api.ask, "dispatcher", "POST", "/v1/orders/1001/milestones", taken)
        eventually(lambda: somebody_waits_for_a_lock(onlooker), 60)
        change_order(changing, head, as_new_order(row))
        changing.commit()
        done = answer.result(60)

    assert done.status_code == 201, done.text
    assert done.json()["lines"][0]["accepted_quantity"] == "1"


def test_an_order_may_bring_a_point_alone(api: Api) -> None:
    order = put(api, address=None, lat=60.1688, lon=24.94)

    assert (order["address"], order["lat"], order["lon"]) == ("60.16880, 24.94000", 60.1688, 24.94)
    assert (order["place_source"], order["given_lat"]) == ("order", 60.1688)


def test_what_fixes_showed_stands_with_those_fixes_and_what_was_taken_back(api: Api) -> None:
    order = put(api)
    fix = {"fixed_at": "2026-11-23T11:00:00Z", "lat_e7": 601700000, "lon_e7": 249400000, "seq": 7}
    milestone_id = new_id(NOON)
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "INSERT INTO waybill.milestone (id, premises_id, order_id, milestone, at, known, evidence, recorded_at)"
            " VALUES (%s, %s, %s, 'arrived', %s, 'detected', %s, %s)",
            [milestone_id, api.store, order["id"], NOON + HOUR, Jsonb([fix]), NOON + HOUR],
        )
        owner.execute(
            "INSERT INTO waybill.milestone_correction (id, premises_id, milestone_id, at, withdrawn, note, recorded_at)"
            " VALUES (%s, %s, %s, %s, true, 'it drove past', %s)",
            [new_id(NOON), api.store, milestone_id, NOON + HOUR, NOON + 2 * HOUR],
        )

    after = api.ask("compliance", "GET", "/v1/orders/1001").json()
    record = api.ask("compliance", "GET", "/v1/orders/1001/record").json()

    received, arrived = after["milestones"]
    assert (received["milestone"], received["corrections"]) == ("received", [])
    (correction,) = arrived["corrections"]
    assert (correction["withdrawn"], correction["note"]) == (True, "it drove past")
    assert record["order"]["milestones"] == after["milestones"]
    (detection,) = record["detections"]
    assert (detection["milestone"], detection["evidence"]) == ("arrived", [fix])
    assert detection["corrections"] == [{**correction, "evidence": None}]


def test_a_milestone_cannot_be_said_of_the_future(api: Api) -> None:
    put(api)
    said = {"milestone": "accepted", "at": (NOON + 5 * HOUR).isoformat()}

    answer = api.ask("dispatcher", "POST", "/v1/orders/1001/milestones", said)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["at"] == "body.at"


def test_the_feed_goes_on_where_it_was_left(api: Api) -> None:
    put(api)
    first = api.ask("pos", "GET", "/v1/events").json()
    say(api, "1001", "accepted")
    put(api, note="ring twice")
    second = api.ask("pos", "GET", f"/v1/events?after={first['next']}").json()
    third = api.ask("pos", "GET", f"/v1/events?after={second['next']}").json()
    filtered = api.ask("pos", "GET", "/v1/events?type=order.changed").json()

    assert [one["type"] for one in first["events"]] == ["order.received"]
    assert [one["type"] for one in second["events"]] == ["order.accepted", "order.changed"]
    assert second["events"][0]["data"]["source_ref"] == "w-1"
    assert (third["events"], third["more"], third["next"]) == ([], False, second["next"])
    assert [one["data"]["changed"] for one in filtered["events"]] == [["note"]]


def test_orders_of_a_test_key_reach_nobody_else(api: Api) -> None:
    real = put(api)
    test = put(api, who="pos-test", customer_name="Test Person")

    assert (real["order_no"], test["order_no"], test["test"]) == ("1001", "test-1", True)
    assert [one["order_no"] for one in api.ask("pos-test", "GET", "/v1/orders").json()["orders"]] == ["test-1"]
    assert [one["order_no"] for one in api.ask("dispatcher", "GET", "/v1/orders").json()["orders"]] == ["1001"]
    assert api.ask("dispatcher", "GET", f"/v1/orders/{test['id']}").status_code == 404
    assert len(api.ask("pos", "GET", "/v1/events").json()["events"]) == 1
    seen = "SELECT set_config('waybill.premises', %s, true), (SELECT array_agg(order_no) FROM reading.orders)"
    assert api.rows(seen, str(api.store))[0][1] == ["1001"]


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({"currency": None}, "body.currency"),
        ({"currency": None, "lines": [], "due_minor": 0}, "body.currency"),
        ({"placed_at": (NOON + HOUR).isoformat()}, "body.placed_at"),
        ({"placed_at": NOON.isoformat(), "window_from": (NOON - 2 * HOUR).isoformat(),
          "window_to": (NOON - HOUR).isoformat()}, "body.window_to"),
    ],
)  # fmt: skip
def test_money_without_currency_and_times_that_cannot_be_are_refused_by_field(
    api: Api, said: dict[str, Any], at: str
) -> None:
    answer = api.ask("pos", "PUT", "/v1/orders/by-ref/pos/w-1", an_order(**said))

    assert (answer.status_code, answer.json()["errors"][0]["at"]) == (422, at), answer.text
    assert api.rows("SELECT 1 FROM waybill.orders") == []


def test_nothing_happened_to_an_order_before_it_was_placed(api: Api) -> None:
    put(api)
    early = {"milestone": "accepted", "at": (NOON - HOUR).isoformat()}
    apart = {"milestone": "accepted", "at": (NOON - HOUR / 120).isoformat()}  # half a minute: two clocks

    refused = api.ask("pos", "POST", "/v1/orders/1001/milestones", early)
    among = api.ask("pos", "POST", "/v1/orders/by-ref/pos/milestones", {"milestones": [{"number": "w-1", **early}]})
    taken = api.ask("pos", "POST", "/v1/orders/1001/milestones", apart)

    assert (refused.status_code, refused.json()["errors"][0]["at"]) == (422, "body.at")
    assert "was placed at" in refused.json()["detail"]
    assert among.json()["errors"][0]["at"] == "body.milestones.0.at"
    assert taken.status_code == 201, taken.text
