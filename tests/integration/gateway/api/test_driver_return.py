"""What is left of a trip comes back: counted, received by somebody with a name, and the trip ends."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest

from storage.ids import new_id
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.phones import sign_in, text_of
from tests.fixtures.trips import add_driver, add_van, do, order, plan


@pytest.fixture
def back(api: Api) -> Api:
    """A trip that left with two orders: the first was paid in cash and delivered, the second was refused."""
    add_van(api, "van-1")
    add_driver(api, "E-1")
    add_driver(api, "E-2")
    orders = [order(api, "a", due_minor=500), order(api, "b")]
    plan(api, orders)
    for one in orders:
        do(api, "T-0001", "load", {"code": one})
    do(api, "T-0001", "depart")
    sign_in(api)
    return api


def finish(api: Api) -> None:
    for number, milestone in (("1001", {"milestone": "delivered"}),
                              ("1002", {"milestone": "failed", "reason_code": "RECIPIENT_ABSENT"})):  # fmt: skip
        said = api.ask("dispatcher", "POST", f"/v1/orders/{number}/milestones", milestone)
        assert said.status_code == 201, said.text
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("UPDATE waybill.handoff SET paid_minor = 500, paid_by = 'cash' WHERE outcome = 'delivered'")


def path(api: Api) -> str:
    return f"/driver/trips/{api.rows('SELECT id FROM waybill.trip')[0][0]}/return"


def fields(api: Api) -> list[str]:
    """The counts that are asked for, lines first."""
    order_id = api.rows("SELECT id FROM waybill.orders WHERE order_no = '1002'")[0][0]
    return [f"n-{order_id}-1", f"n-{order_id}-2", "cash-EUR"]


def hand_in(api: Api, who: str = "phone", **said: Any) -> httpx.Response:
    return api.ask(who, "POST", path(api), content=urlencode({name.replace("__", "-"): value for name, value in
                                                              said.items()}))  # fmt: skip


def counted(api: Api, *counts: str, **more: Any) -> httpx.Response:
    return hand_in(api, **dict(zip(fields(api), counts, strict=True)), **more)


def test_what_is_left_is_counted_received_and_the_trip_ends(back: Api) -> None:
    finish(back)
    page = text_of(back.ask("phone", "GET", path(back)))
    assert "Order 1002: 2 Riesling 0.75 l. How many are here?" in page
    assert "Order 1002: 1.5 kg Ice." in page
    assert "5.00 EUR were paid at the doors" in page

    answer = counted(back, "2", "1,5", "5.00", received_by="Maria Salo")

    assert answer.status_code == 303, text_of(answer)
    shown = text_of(back.ask("phone", "GET", answer.headers["location"]))
    assert "Handed in. Your trip is over." in shown
    assert "ended 14:" in shown
    told = back.ask("viewer", "GET", "/v1/trips/T-0001/return").json()
    assert (told["employee_no"], told["received_by"], told["recorded_by"]) == ("E-1", "Maria Salo", "driver E-1")
    assert [(one["item"], one["aboard"], one["counted"]) for one in told["goods"]] == [
        ("Riesling 0.75 l", "2", "2"), ("Ice", "1.5", "1.5"),
    ]  # fmt: skip
    assert told["cash"] == [{"currency": "EUR", "due_minor": 500, "counted_minor": 500}]
    ledger = back.ask("viewer", "GET", "/v1/trips/T-0001/ledger").json()
    assert ledger["aboard"] == []
    assert [one["kind"] for one in ledger["movements"]][-2:] == ["return", "return"]
    assert back.rows("SELECT milestone FROM waybill.orders WHERE order_no = '1002'") == [("returned",)]
    again = counted(back, "2", "1,5", "5.00", received_by="Maria Salo")
    assert again.status_code in (303, 409)
    assert back.rows("SELECT count(*) FROM waybill.trip_return") == [(1,)]


def test_what_is_missing_needs_a_word_and_is_lost_on_the_ledger(back: Api) -> None:
    finish(back)

    silent = counted(back, "1", "1.5", "4.5", received_by="Maria Salo")
    assert (silent.status_code, "say what happened" in text_of(silent)) == (409, True)
    assert 'value="4.5"' in silent.text  # what was typed stays
    answer = counted(back, "1", "1.5", "4.5", received_by="Maria Salo", note="one bottle broke")

    assert answer.status_code == 303, text_of(answer)
    told = back.ask("viewer", "GET", "/v1/trips/T-0001/return").json()
    assert (told["goods"][0]["counted"], told["cash"][0]["counted_minor"], told["note"]) == (
        "1", 450, "one bottle broke",
    )  # fmt: skip
    moved = back.rows(
        "SELECT m.kind, m.quantity::text, m.note FROM waybill.ledger_movement m JOIN waybill.orders o"
        " ON o.id = m.order_id WHERE m.quantity < 0 AND o.order_no = '1002' ORDER BY m.id"
    )
    assert moved[0] == ("loss", "-1", "one bottle broke")
    assert sorted(kind for kind, _, _ in moved) == ["loss", "return", "return"]


@pytest.mark.parametrize(
    ("counts", "more", "says"),
    [
        (("", "1.5", "5"), {"received_by": "M"}, "How much is here of 1002 · Riesling"),
        (("-1", "1.5", "5"), {"received_by": "M"}, "How much is here of"),
        (("NaN", "1.5", "5"), {"received_by": "M"}, "How much is here of"),
        (("3", "1.5", "5"), {"received_by": "M"}, "no more than 2 each can be here"),
        (("2", "1.5", "5.001"), {"received_by": "M"}, "How much cash EUR"),
        (("2", "1.5", "1e999"), {"received_by": "M"}, "How much cash EUR"),
        (("2", "1.5", "5"), {}, "Say who receives it"),
    ],
)
def test_what_was_not_counted_rightly_is_asked_again(
    back: Api, counts: tuple[str, ...], more: dict[str, str], says: str
) -> None:
    finish(back)

    answer = counted(back, *counts, **more)

    assert (answer.status_code, says in text_of(answer)) == (409, True), text_of(answer)
    assert back.rows("SELECT 1 FROM waybill.trip_return") == []
    assert back.rows("SELECT ended_at FROM waybill.trip") == [(None,)]


def test_a_trip_with_open_orders_does_not_come_back(back: Api) -> None:
    page = text_of(back.ask("phone", "GET", path(back)))

    assert "Not done with yet: 1001, 1002" in page
    tried = hand_in(back)
    assert tried.status_code == 409
    assert back.rows("SELECT 1 FROM waybill.trip_return") == []


def test_a_van_that_fixes_showed_coming_back_is_handed_in_all_the_same(back: Api) -> None:
    finish(back)
    with psycopg.connect(back.database.owner_url) as owner:
        owner.execute("UPDATE waybill.trip SET ended_at = departed_at")
        owner.execute("UPDATE waybill.orders SET milestone = 'returned' WHERE order_no = '1002'")
        owner.execute(
            "INSERT INTO waybill.milestone (id, premises_id, order_id, trip_id, milestone, at, known, recorded_at)"
            " SELECT %s, premises_id, id, (SELECT id FROM waybill.trip), 'returned', %s, 'detected', %s"
            " FROM waybill.orders WHERE order_no = '1002'", [new_id(NOON), NOON, NOON],
        )  # fmt: skip

    answer = counted(back, "2", "1.5", "5", received_by="Maria Salo")

    assert answer.status_code == 303, text_of(answer)
    assert back.ask("viewer", "GET", "/v1/trips/T-0001/ledger").json()["aboard"] == []


def test_the_return_of_somebody_else_is_not_there(back: Api) -> None:
    finish(back)
    sign_in(back, "E-2", "other")

    assert back.ask("other", "GET", path(back)).status_code == 404
    assert hand_in(back, "other", received_by="M").status_code == 404
    assert back.ask("stranger", "GET", "/v1/trips/T-0001/return").status_code == 404
    assert back.ask("viewer", "GET", "/v1/trips/T-0001/return").status_code == 404  # nobody handed it in
