"""A day's orders in one CSV file: all of them, or none and what is wrong."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fixtures.api import Api

HEADING = "number,customer_name,address,window_from,window_to,item,quantity,unit_price_minor,currency"
DAY = f"""{HEADING}
7,Elina Salo,"Mannerheimintie 12, Helsinki",2026-11-23 14:00,2026-11-23 16:00,Rye bread,2,349,EUR
7,,,,,Wine,1,1790,
8,Juha Rantanen,Kaisaniemenkatu 3,2026-11-23T13:00:00Z,2026-11-23T15:00:00Z,,,,
"""


def send(api: Api, text: str, query: str = "", who: str = "dispatcher") -> httpx.Response:
    return api.ask(
        who, "POST", f"/v1/orders/import{query}", content=text.encode(), headers={"content-type": "text/csv"}
    )


def test_a_day_is_taken_in_and_taken_again_without_doubling(api: Api) -> None:
    dry = send(api, DAY.replace("7,,,,,", "7,,,,,"), "?dry_run=true").json()
    first = send(api, DAY).json()
    again = send(api, DAY.replace("Kaisaniemenkatu 3", "Kaisaniemenkatu 4")).json()

    assert (dry["created"], dry["done"]) == (2, False)
    assert (first["created"], first["done"]) == (2, True)
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 1, 1)
    order = api.ask("viewer", "GET", "/v1/orders/by-ref/import/7").json()
    assert order["window_from"].startswith("2026-11-23T12:00:00")  # 14:00 of Helsinki, where the premises are
    assert [line["item"] for line in order["lines"]] == ["Rye bread", "Wine"]
    assert order["total_minor"] == 2 * 349 + 1790


def test_a_point_alone_is_an_address_in_a_file_too(api: Api) -> None:
    heading, times = "number,customer_name,address,window_from,window_to,lat,lon", "2026-11-23 14:00,2026-11-23 16:00"

    answer = send(api, f"{heading}\n7,Elina Salo,,{times},60.1688,24.94\n")
    without = send(api, f"{heading}\n8,Elina Salo,,{times},,\n9,Elina Salo,,{times},60.1688,\n")

    assert answer.json()["created"] == 1, answer.text
    assert api.ask("viewer", "GET", "/v1/orders/by-ref/import/7").json()["address"] == "60.16880, 24.94000"
    assert [(one["line"], one["column"]) for one in without.json()["wrong"]] == [(2, "address"), (3, "lat")]


def test_everything_that_is_wrong_is_said_and_nothing_is_done(api: Api) -> None:
    bad = DAY + "9,Timo,Street 1,yesterday,2026-11-23T15:00:00Z,Bread,-1,5,\n8,Somebody Else,,,,,,,\nx,y\n"

    answer = send(api, bad)

    assert answer.status_code == 422
    said = {(one["line"], one["column"]) for one in answer.json()["wrong"]}
    without = send(api, DAY.replace(",EUR", ",")).json()["wrong"]
    assert [(one["line"], one["column"]) for one in without] == [(2, "currency")]
    assert said == {(5, "window_from"), (5, "quantity"), (6, "customer_name"), (7, None)}
    assert api.rows("SELECT 1 FROM waybill.orders") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("number,customer_name\n", "the column window_from is missing"),
        (f"{HEADING},colour\n", "no column is called 'colour'"),
        (f'{HEADING}\n7,"Eli', "not CSV (RFC 4180)"),
        (f"{HEADING}\n,Eli,A,2026-11-23 14:00,2026-11-23 15:00,,,,\n", "the order has no number"),
    ],
)
def test_a_file_that_is_none_is_refused(api: Api, text: str, says: str) -> None:
    answer = send(api, text)

    assert answer.status_code == 422
    assert says in answer.text


def test_a_key_imports_under_its_own_name(api: Api) -> None:
    assert send(api, DAY, "?source=other", who="pos").status_code == 200

    refs: list[tuple[Any, ...]] = api.rows("SELECT DISTINCT source FROM waybill.orders")
    assert refs == [("pos",)]
