"""The page behind a customer's link: what it says when, who may not see it, what it says when things break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from contract.clock import Clock, true_now
from contract.milestones import Milestone
from gateway.api.customer_pages import CustomerPages
from gateway.customer.notes import MOST
from gateway.orders.service import declare
from tests.fixtures.api import Api
from tests.fixtures.delivery_day import DESK, DeliveryDay
from tests.fixtures.gateway import NOON
from tests.fixtures.seed import MAP_DIR
from tests.integration.gateway.api.test_orders import put, say

PUBLIC = "http://track.example.org"


@pytest.fixture(autouse=True)
def public(api: Api) -> None:
    api.app.state.public_url = PUBLIC
    api.app.state.customer_pages = CustomerPages(map_dir=MAP_DIR)


def path_of(order: dict[str, Any]) -> str:
    return str(order["tracking_url"]).removeprefix(PUBLIC)


def look(api: Api, path: str, **options: Any) -> httpx.Response:
    """As a browser without a name asks."""
    return api.ask(None, "GET", path, **options)


def text_of(answer: httpx.Response) -> str:
    """What is read: without tags, blanks in one."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<head>.*?</head>", "", answer.text, flags=re.DOTALL)).split())


def at(api: Api, when: datetime) -> None:
    api.app.state.clock = Clock(when, true_now(), 1e-6)


def test_the_page_tells_the_own_order_and_names_no_goods(api: Api) -> None:
    api.ask("chief", "PATCH", "/v1/premises/store", {"phone": "+358 9 555 0100", "name": "Corner Shop"})
    order = put(api, due_minor=698)
    say(api, order["order_no"], "accepted")

    answer = look(api, path_of(order))
    text = text_of(answer)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for part in ("Your order is accepted", "Expected 14:00 – 15:00", "Order received 14:00", "Accepted 14:00",
                 "All times are Helsinki (EET, UTC+2) time.", "Order 1001", "Mannerheimintie 12, Helsinki",
                 "Corner Shop", "To pay at the door: 6.98 EUR"):  # fmt: skip
        assert part in text, part
    assert 'href="tel:+35895550100"' in answer.text
    assert "Rye bread" not in answer.text
    assert "waybill" not in answer.text.lower()
    assert "<title>Your delivery</title>" in answer.text
    assert "map" not in text


def test_what_the_browser_is_told(api: Api) -> None:
    path = path_of(put(api))
    headers = look(api, path).headers

    assert "unsafe" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-robots-tag"].startswith("noindex")
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers

    api.app.state.customer_pages = CustomerPages(frame_origins="https://shop.example.org https://other.example.org")
    framed = look(api, path).headers["content-security-policy"]
    assert framed.endswith("frame-ancestors https://shop.example.org https://other.example.org")


def test_nothing_in_a_page_leaves_the_origin_or_needs_a_script_in_it(api: Api) -> None:
    body = look(api, path_of(put(api))).text

    assert re.findall(r'(?:src|href|action)="(https?:|//)', body) == []
    assert re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", body) == []


def test_the_first_view_is_small_and_its_files_are_kept(api: Api) -> None:
    page = look(api, path_of(put(api)))
    names = re.findall(r'(?:src|href)="(/t/-/[^"]+)"', page.text)
    files = [look(api, name) for name in names]

    assert len(names) == 3
    assert all(one.status_code == 200 for one in files)
    assert all(one.headers["cache-control"] == "public, max-age=31536000, immutable" for one in files)
    assert len(page.content) + sum(len(one.content) for one in files) < 60_000
    assert look(api, "/t/-/page.css").status_code == 404


def test_links_that_lead_nowhere_look_alike(api: Api) -> None:
    revoked, expired, test = put(api, "w-1"), put(api, "w-2"), put(api, "w-3", who="pos-test")
    assert test["tracking_url"] is None
    answer = api.ask("dispatcher", "POST", f"/v1/orders/{revoked['id']}/tracking-link", {"reason": "wrong number"})
    assert answer.status_code == 201
    api.rows("UPDATE waybill.orders SET window_from = window_from - interval '32 days',"
             " window_to = window_to - interval '32 days', milestone_at = milestone_at - interval '31 days'"
             " WHERE id = %s RETURNING id", expired["id"])  # fmt: skip
    ((token,),) = api.rows("SELECT tracking_token FROM waybill.orders WHERE id = %s", test["id"])
    paths = [
        path_of(revoked),
        path_of(expired),
        f"/t/{token}",
        "/t/AAAAAAAAAAAAAAAAAAAAAA",
        "/t/x",
        "/t/%00",
        "/t/x/y/z",
    ]

    answers = [look(api, path) for path in paths]

    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in answers}) == 1
    assert len({str(sorted(one.headers.items())) for one in answers}) == 1
    assert "This link does not work" in text_of(answers[0])
    for more in ("/state", "/note", "/ground/1"):
        told = [look(api, path + more) for path in paths]
        assert len({(one.status_code, one.text) for one in told}) == 1
    posted = [api.ask(None, "POST", f"{path}/note", data={"note": "hello"}) for path in paths[:5]]
    assert {(one.status_code, one.text) for one in posted} == {(404, answers[0].text)}


def test_a_full_stop_behind_the_link_is_no_part_of_it(api: Api) -> None:
    path = path_of(put(api))
    answers = [look(api, f"{path}."), look(api, "/t/nothing).")]

    assert [one.headers["location"] for one in answers] == [path, "/t/nothing"]
    assert look(api, "/t/...").headers["location"] == "/t/"
    assert look(api, "/t/").status_code == 404


def test_another_link_takes_the_place_of_the_old_one(api: Api) -> None:
    order = put(api)

    answer = api.ask("pos", "POST", "/v1/orders/1001/tracking-link", {"reason": "sent to a wrong number"})

    assert answer.status_code == 201
    assert answer.json()["tracking_url"] != order["tracking_url"]
    assert look(api, path_of(order)).status_code == 404
    assert look(api, path_of(answer.json())).status_code == 200
    rows = api.rows("SELECT actor, before, after, reason FROM waybill.audit_event WHERE action = 'order.link_renewed'")
    assert rows == [("pos", None, None, "sent to a wrong number")]
    ((body,),) = api.rows("SELECT body FROM waybill.event WHERE type = 'order.changed'")
    assert body["changed"] == ["tracking_url"]
    tokens = [path_of(order).rpartition("/")[2], path_of(answer.json()).rpartition("/")[2]]
    kept = str(api.rows("SELECT * FROM waybill.audit_event")) + str(api.rows("SELECT * FROM waybill.event"))
    assert not any(token in kept for token in tokens)


def test_only_who_may_change_orders_takes_a_link_back(api: Api) -> None:
    order = put(api)
    statuses = {
        who: api.ask(who, "POST", f"/v1/orders/{order['id']}/tracking-link", {"reason": "x"}).status_code
        for who in ("viewer", "driver", "stranger", "pos-elsewhere")
    }

    assert statuses == {"viewer": 403, "driver": 403, "stranger": 404, "pos-elsewhere": 404}
    assert look(api, path_of(order)).status_code == 200
    put(api, "t-1", who="pos-test")
    assert api.ask("pos-test", "POST", "/v1/orders/test-1/tracking-link", {"reason": "x"}).status_code == 409


def test_a_link_ends_some_weeks_after_the_delivery(api: Api) -> None:
    order = put(api)
    say(api, "1001", "accepted", "ready")
    api.rows("UPDATE waybill.orders SET milestone = 'delivered' RETURNING id")

    at(api, NOON + timedelta(days=29, hours=23))
    assert look(api, path_of(order)).status_code == 200
    at(api, NOON + timedelta(days=30, hours=1))
    assert look(api, path_of(order)).status_code == 404
    api.app.state.customer_pages = CustomerPages(link_days=60)
    assert look(api, path_of(order)).status_code == 200


def test_everybody_reads_their_own_language(api: Api) -> None:
    english, spanish = path_of(put(api)), path_of(put(api, "w-2", customer_language="es"))

    assert '<html lang="es">' in look(api, english, headers={"accept-language": "es-MX,en;q=0.5"}).text
    assert '<html lang="en">' in look(api, english, headers={"accept-language": "fi"}).text
    assert '<html lang="es">' in look(api, spanish, headers={"accept-language": "fi"}).text
    asked = look(api, f"{spanish}?lang=en", headers={"accept-language": "es"})
    assert '<html lang="en">' in asked.text
    assert 'href="?lang=es"' in asked.text
    gone = look(api, "/t/x", headers={"accept-language": "es"})
    assert "Este enlace no funciona" in gone.text


def test_a_note_for_the_driver_is_kept_as_the_customers(api: Api) -> None:
    order = put(api, note="from the shop")
    path = path_of(order)
    note = "Gate in the yard.\r\n\r\n  <b>Bell</b>\x07 2  "

    answer = api.ask(None, "POST", f"{path}/note?lang=es", data={"note": note})

    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?lang=es")
    read = api.ask("viewer", "GET", "/v1/orders/1001").json()
    assert read["customer_note"] == "Gate in the yard.\n<b>Bell</b> 2"
    assert read["note"] == "from the shop"
    told = api.ask("pos", "GET", "/v1/events?type=order.changed").json()["events"][-1]
    assert told["data"] == {"order_no": "1001", "source_ref": "w-1", "changed": ["customer_note"]}
    assert "&lt;b&gt;Bell&lt;/b&gt; 2" in look(api, path).text
    rows = api.rows(
        "SELECT actor_kind, before, after FROM waybill.audit_event WHERE action = 'order.note_left' ORDER BY id"
    )
    assert rows == [("customer", {"customer_note": None}, {"customer_note": read["customer_note"]})]
    again = api.ask(None, "POST", f"{path}/note", data={"note": note})
    assert again.status_code == 303
    assert len(api.rows("SELECT id FROM waybill.audit_event WHERE action = 'order.note_left'")) == 1
    put(api, note="from the shop again")
    assert api.ask("viewer", "GET", "/v1/orders/1001").json()["customer_note"] == read["customer_note"]
    assert api.ask(None, "POST", f"{path}/note", data={"note": " "}).status_code == 303
    assert api.ask("viewer", "GET", "/v1/orders/1001").json()["customer_note"] is None


def test_a_note_that_cannot_be_kept_is_given_back(api: Api) -> None:
    path = f"{path_of(put(api))}/note"

    long = api.ask(None, "POST", path, data={"note": "é" * (MOST + 1)})
    huge = api.ask(None, "POST", path, data={"note": "x" * 10_000})
    empty = api.ask(None, "POST", path, content=b"\xff\xfe=%zz&&&")
    many = api.ask(None, "POST", path, content=b"note=1&" * 20)

    assert [one.status_code for one in (long, huge, empty, many)] == [422] * 4
    assert "é" * (MOST + 1) in long.text
    assert f"{MOST + 1} characters, and {MOST} fit" in long.text
    for number in range(5):
        assert api.ask(None, "POST", path, data={"note": f"note {number}"}).status_code == 303
    often = api.ask(None, "POST", path, data={"note": "one more"})
    assert often.status_code == 429
    assert "one more" in often.text
    assert api.rows("SELECT customer_note FROM waybill.orders") == [("note 4",)]


def test_a_note_that_comes_too_late_is_refused(api: Api) -> None:
    order = put(api)
    assert api.ask("dispatcher", "POST", "/v1/orders/1001/cancel", {"reason": "no"}).status_code == 200

    answer = api.ask(None, "POST", f"{path_of(order)}/note", data={"note": "too late"})

    assert answer.status_code == 409
    assert "too late for a note" in answer.text
    assert "<form" not in look(api, f"{path_of(order)}/note").text


def test_what_to_have_ready_is_what_the_shops_profile_asks_for(api: Api) -> None:
    path = path_of(put(api, customer_type="patient"))
    assert "photo ID" not in look(api, path).text

    chosen = api.ask("chief", "PUT", "/v1/premises/store/profile", {"profile": "california-adult-use", "reason": "law"})
    assert chosen.status_code < 300, chosen.text
    text = text_of(look(api, path))

    assert "Your photo ID, valid and not expired" in text
    assert "must be that of Elina Salo" in text
    assert "You must be 21 or older." in text
    assert "You will be asked to sign." in text
    assert "physician" in text


@pytest.mark.parametrize(
    ("milestone", "said"),
    [("cancelled", "Nothing will be delivered."), ("returned", "call the shop to agree on another delivery")],
)
def test_what_happens_next_is_said_when_it_went_wrong(api: Api, milestone: str, said: str) -> None:
    order = put(api)
    assert api.ask("dispatcher", "POST", "/v1/orders/1001/cancel", {"reason": "no stock"}).status_code == 200
    if milestone == "returned":
        say(api, "1001", "returned")
    text = text_of(look(api, path_of(order)))

    assert said in text
    assert "Expected" not in text
    assert "no stock" not in text
    assert 'http-equiv="refresh"' not in look(api, path_of(order)).text


@pytest.fixture
def day(api: Api) -> Iterator[DeliveryDay]:
    with psycopg.connect(api.database.owner_url) as desk:
        made = DeliveryDay(desk, api.store, NOON, 1)
        desk.commit()
        yield made


def test_a_failed_handoff_says_why_and_what_happens_next(api: Api, day: DeliveryDay) -> None:
    failed = next(order for order in day.orders if order.fails)
    day.go_to(when := failed.visit.left_at)
    at(api, when)
    text = text_of(look(api, f"/t/{failed.token}"))

    assert "We could not hand over your order There was no valid photo ID. What happens next" in text
    assert "Not handed over" in text
    assert "Write a note for the driver" in text


def test_a_reason_that_would_shame_somebody_is_not_told(api: Api, day: DeliveryDay) -> None:
    first = day.orders[0]
    day.go_to(when := first.visit.arrived_at)
    at(api, when)

    declare(day.connection, first.id, Milestone.FAILED, when, DESK, reason_code="RECIPIENT_INTOXICATED")
    day.connection.commit()
    text = text_of(look(api, f"/t/{first.token}"))

    assert "The driver could not complete the delivery." in text
    assert "INTOXICATED" not in text.upper()


def test_after_the_handoff_the_page_is_the_receipt(api: Api, day: DeliveryDay) -> None:
    api.rows("UPDATE waybill.premises SET licence_no = 'C9-0000123' RETURNING id")
    first = day.orders[0]
    day.go_to(when := first.visit.left_at)
    at(api, when)
    answer = look(api, f"/t/{first.token}?map=1")
    text = text_of(answer)

    assert "Delivered Your order was handed over." in text
    rows = re.findall(
        r"<dt>(.*?)</dt><dd>(.*?)</dd>", answer.text.partition("<h2>Receipt</h2>")[2].partition("</dl>")[0]
    )
    assert [label for label, _ in rows] == ["Seller", "Delivered by", "Customer", "Ordered", "Delivered to", "Goods",
                                            "Total", "Handed over"]  # fmt: skip
    values = dict(rows)
    assert values["Seller"].endswith("· C9-0000123")
    assert values["Delivered by"] == "Aino, E-van-1"
    assert values["Goods"] == "1 item, named on the receipt you were handed"
    assert values["Total"] == "17.90 EUR"
    assert "Sauvignon" not in answer.text
    assert 'id="map"' not in answer.text
    assert look(api, f"/t/{first.token}/ground/1").status_code == 404
    assert look(api, f"/t/{first.token}/state").json()["van"] is None


def test_the_state_changes_when_the_page_would_say_something_else(api: Api) -> None:
    order = put(api)
    before = look(api, f"{path_of(order)}/state").json()
    same = look(api, f"{path_of(order)}/state").json()
    say(api, "1001", "accepted")
    after = look(api, f"{path_of(order)}/state").json()

    assert before["version"] == same["version"] != after["version"]
    assert f'data-version="{after["version"]}"' in look(api, path_of(order)).text
    assert before["van"] is None


def test_a_database_that_is_away_is_a_page_that_tries_again(api: Api) -> None:
    path = path_of(put(api))

    @contextmanager
    def away() -> Any:
        raise psycopg.OperationalError("connection to server at 10.0.0.5 failed")
        yield

    api.app.state.connect = away
    for answer in (look(api, path), look(api, "/t/x"), look(api, f"{path}/state")):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "10"
        assert '<meta http-equiv="refresh" content="10">' in answer.text
        assert "We cannot look it up just now" in answer.text
        assert "10.0.0.5" not in answer.text
        assert "frame-ancestors" in answer.headers["content-security-policy"]


def test_what_breaks_is_a_page_and_stands_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    order = put(api)
    api.rows("UPDATE waybill.premises SET tz = 'Nowhere/City' RETURNING id")

    answer = look(api, path_of(order))

    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "a page broke" in caplog.text


def test_who_tries_links_is_stopped_and_nobody_else(api: Api) -> None:
    path = path_of(put(api))
    statuses = [look(api, f"/t/{number:022}").status_code for number in range(31)]

    assert statuses == [404] * 30 + [429]
    slow = look(api, path)
    assert slow.status_code == 429
    assert int(slow.headers["retry-after"]) > 0
    assert "Too many requests" in slow.text
    other = look(api, path, headers={"x-forwarded-for": "198.51.100.7"})
    assert other.status_code == 429, "a header of a stranger's own is not believed"
    api.app.state.customer_pages.wrong_links._used.clear()
    assert look(api, path).status_code == 200


def test_who_asks_without_end_is_slowed_down(api: Api) -> None:
    path = f"{path_of(put(api))}/state"
    api.app.state.customer_pages.answers._most = 5

    assert [look(api, path).status_code for _ in range(6)] == [200] * 5 + [429]
