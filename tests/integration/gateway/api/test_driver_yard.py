"""Before leaving a driver loads by scan or by typing, ticks the checklist, and sees what keeps the trip back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest

from gateway.dispatch.labels import label_code
from gateway.dispatch.profile import Rule, shipped
from gateway.pages.words import LANGUAGES, words_of
from tests.fixtures.api import Api
from tests.fixtures.phones import sign_in, text_of
from tests.fixtures.trips import add_driver, add_van, order, plan


@pytest.fixture
def yard(api: Api) -> Api:
    """A trip of two orders under California's rules, and a phone of its driver."""
    add_van(api, "van-1")
    add_van(api, "van-2")
    add_driver(api, "E-1")
    add_driver(api, "E-2")
    chosen = {"profile": "california-adult-use", "reason": "licence"}
    assert api.ask("chief", "PUT", "/v1/premises/store/profile", chosen).status_code in (200, 204)
    plan(api, [order(api, "a"), order(api, "b")])
    sign_in(api)
    return api


def trip_id(api: Api, trip_no: str = "T-0001") -> str:
    return str(api.rows("SELECT id FROM waybill.trip WHERE trip_no = %s", trip_no)[0][0])


def post(api: Api, page: str, fields: dict[str, Any]) -> httpx.Response:
    """What the phone gets for a form."""
    return api.ask("phone", "POST", f"/driver/trips/{trip_id(api)}/{page}", content=urlencode(fields, doseq=True))


def loaded(api: Api) -> list[str]:
    return [one for (one,) in api.rows(
        "SELECT DISTINCT o.order_no FROM waybill.ledger_movement m JOIN waybill.orders o ON o.id = m.order_id"
        " WHERE m.actor_kind = 'driver' AND m.actor = 'E-1' ORDER BY 1")]  # fmt: skip


def test_an_order_is_loaded_by_its_code_by_its_last_characters_and_by_its_tag(yard: Api) -> None:
    (first_id,) = yard.rows("SELECT id FROM waybill.orders WHERE order_no = '1001'")[0]

    scanned = post(yard, "load", {"code": label_code(first_id)})
    typed = post(yard, "load", {"code": "02"})
    again = post(yard, "load", {"code": "1002"})
    out = post(yard, "load", {"out": "1002"})
    tag = post(yard, "load", {"code": "TAGbA"})

    assert "Order 1001 is loaded" in text_of(scanned)
    assert "1 of 2 loaded" in text_of(scanned)
    assert "Order 1002 is loaded" in text_of(typed)
    assert "2 of 2 loaded" in text_of(typed)
    assert "was loaded already" in text_of(again)
    assert "Order 1002 is out of the van" in text_of(out)
    assert (tag.status_code, "Order 1002 is loaded" in text_of(tag)) == (200, True)
    assert loaded(yard) == ["1001", "1002"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("99", "Nothing has the code 99. Type the last characters"),
        ("<b>", "Nothing has the code <b>"),
        ("", "Scan a code or type"),
        ("\x00", "Scan a code or type"),
        ("WB:" + "0" * 32, "Nothing has the code"),
    ],
)
def test_what_is_no_code_is_told_with_the_way_out(yard: Api, typed: str, says: str) -> None:
    answer = post(yard, "load", {"code": typed})

    assert (answer.status_code, says in text_of(answer)) == (409, True)
    assert "<b>" not in answer.text
    assert loaded(yard) == []


def test_typed_characters_that_fit_several_orders_are_asked_again(yard: Api) -> None:
    with psycopg.connect(yard.database.owner_url) as owner:
        owner.execute("UPDATE waybill.orders SET order_no = translate(order_no, '12', 'AB') || '-77'")

    several = post(yard, "load", {"code": "77"})
    one = post(yard, "load", {"code": "a-77"})

    assert (several.status_code, "may be one of these: A00A-77, A00B-77" in text_of(several)) == (409, True)
    assert "Order A00A-77 is loaded" in text_of(one)


def test_a_bag_of_another_trip_is_called_wrong_and_keeps_the_trip_back(yard: Api) -> None:
    foreign = order(yard, "c")
    plan(yard, [foreign], van="van-2", driver="E-2")

    told = post(yard, "load", {"code": foreign})

    assert told.status_code == 409
    assert "Wrong bag: order 1003 belongs to T-0002 (van-2). Take it out again." in text_of(told)
    assert "A bag in this van belongs elsewhere" in text_of(told)
    assert "Order 1003 is out of the van" in text_of(post(yard, "load", {"out": foreign}))


def test_the_trip_leaves_when_nothing_blocks_it_any_more(yard: Api) -> None:
    early = post(yard, "leave", {"do": "leave"})

    assert early.status_code == 409
    for part in ("You cannot leave yet", "An order is not loaded", "The ledger's number is missing",
                 "Something on the checklist is not ticked", "Copy of the licence"):  # fmt: skip
        assert part in text_of(early), part
    for code in ("01", "02"):
        assert post(yard, "load", {"code": code}).status_code == 200
    ticks = ["licence_copy", "qr_certificate", "government_id", "badge"]
    kept = post(yard, "leave", {"tick": ticks[:2], "do": "tick"})
    assert kept.text.count(" checked") == 2
    wrong = post(yard, "leave", {"tick": ["rocket"], "do": "leave"})
    assert (wrong.status_code, "rocket is not on the checklist" in text_of(wrong)) == (409, True)
    papers = yard.ask("dispatcher", "PATCH", "/v1/trips/T-0001/papers", {"ledger_no": "L-1"})
    assert papers.status_code == 200, papers.text

    left = post(yard, "leave", {"tick": ticks, "do": "leave"})

    assert (left.status_code, left.headers["location"]) == (303, f"/driver/trips/{trip_id(yard)}")
    assert "left 14:0" in text_of(yard.ask("phone", "GET", "/driver"))
    deed = yard.rows("SELECT actor_kind, actor FROM waybill.audit_event WHERE action = 'trip.departed'")
    assert deed == [("driver", "E-1")]
    twice = post(yard, "leave", {"tick": ticks, "do": "leave"})
    assert (twice.status_code, "was said to have left" in text_of(twice)) == (409, True)


def test_the_trip_of_somebody_else_is_not_there(yard: Api) -> None:
    sign_in(yard, "E-2", "other")

    for page, method in (("load", "GET"), ("load", "POST"), ("leave", "POST")):
        path = f"/driver/trips/{trip_id(yard)}/{page}"
        assert yard.ask("other", method, path, content="code=01&do=leave").status_code == 404, page
    assert loaded(yard) == []


def test_every_rule_and_every_item_that_comes_with_us_has_its_words() -> None:
    items = {item for profile in shipped().values() if "checklist" in profile.settings
             for item in profile.settings["checklist"].value}  # fmt: skip
    for language in LANGUAGES:
        texts = words_of("driver", language).texts
        assert {f"block_{rule}" for rule in Rule} | {f"tick_{item}" for item in items} <= texts.keys()
