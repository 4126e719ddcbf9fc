"""The orders page against a real database: finding orders and reading one."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.fixtures.examples import MINUTE, NOON
from tests.fixtures.forecasts import forecast, message
from tests.fixtures.pages import ORDERS, layers, words
from tests.fixtures.seed import FAILED_VAN, LATE_VAN, seed

Open = Callable[..., AppTest]


def numbers(test: AppTest) -> list[str]:
    return list(test.dataframe[0].value["Order"])


def test_todays_orders_are_listed_by_window(owner: psycopg.Connection, open_page: Open) -> None:
    seeded = seed(owner, NOON)

    test = open_page(ORDERS)

    assert set(numbers(test)) == set(seeded.orders)
    assert f"{len(seeded.orders)} orders" in words(test)


def test_search_and_filters_narrow_the_list(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON)
    test = open_page(ORDERS)

    test.text_input(key="orders_text").input("van-2").run()
    assert all(number.startswith("102") for number in numbers(test))

    test.multiselect(key="orders_milestones").set_value(["delivered"]).run()
    assert 0 < len(numbers(test)) < 5

    test.text_input(key="orders_text").input("no such thing").run()
    assert "No order matches" in words(test)


def test_late_only(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON)
    test = open_page(ORDERS)

    test.toggle(key="orders_late").set_value(True).run()

    assert set(test.dataframe[0].value["Van"]) == {f"van-{LATE_VAN}"}


def test_other_days_are_reached_by_the_date_or_all_at_once(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=1)
    owner.execute("UPDATE waybill.orders SET window_from = window_from - interval '2 days',"
                  " window_to = window_to - interval '2 days'")  # fmt: skip
    test = open_page(ORDERS)
    assert "No order matches" in words(test)

    test.toggle(key="orders_every_day").set_value(True).run()

    assert len(numbers(test)) == 6


def test_long_lists_come_in_pages(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=8)
    owner.execute(
        "INSERT INTO waybill.orders (id, premises_id, order_no, source, source_ref, customer_name, address,"
        " window_from, window_to, placed_at, milestone, milestone_at, created_at)"
        " SELECT gen_random_uuid(), premises_id, 'x' || n, 'web', 'x' || n, 'Elina Salo', 'Kaivokatu 1', %(noon)s,"
        " %(noon)s + interval '1 hour', %(noon)s, 'received', %(noon)s, %(noon)s"
        " FROM (SELECT DISTINCT premises_id FROM waybill.orders) p, generate_series(1, 60) n",
        {"noon": NOON},
    )
    test = open_page(ORDERS)
    assert len(numbers(test)) == 50

    test.number_input(key="orders_page").set_value(3).run()

    assert 0 < len(numbers(test)) < 50

    # Fewer match than when the page was chosen: its last page is shown, and no number beyond it.
    test.text_input(key="orders_text").set_value("Elina Salo").run()
    test.number_input(key="orders_page").set_value(2).run()
    owner.execute("DELETE FROM waybill.orders WHERE order_no LIKE 'x%'")
    st.cache_data.clear()
    test.run()
    assert 0 < len(numbers(test)) < 50


def test_one_order_is_told_in_a_sentence_with_its_timeline_route_and_goods(
    owner: psycopg.Connection, open_page: Open
) -> None:
    seed(owner, NOON)

    test = open_page(ORDERS, order="1030")

    told = words(test)
    assert "Order 1030 for Anna Turunen was delivered at" in told
    assert "after its window" in told
    assert "detected from fixes" in told
    assert "declared by store" in told
    assert "trip T-0003" in told
    assert "Total 45.90 EUR" in told
    assert layers(test)["trail"]["data"]["features"][0]["geometry"]["coordinates"]


def test_one_order_says_when_it_comes_why_and_what_its_customer_was_told(
    owner: psycopg.Connection, open_page: Open
) -> None:
    seed(owner, NOON, vans=1)
    owner.execute("UPDATE waybill.orders SET window_to = %s WHERE order_no = '1014'", [NOON + 30 * MINUTE])
    forecast(owner, "1014", NOON, late_risk=0.63)
    message(owner, "1014", NOON, "Have your <b>ID</b> ready.")

    told = words(open_page(ORDERS, order="1014"))

    assert "expected 14:35–14:50 EET; the window until 14:30 EET will probably be missed" in told
    assert "ETA 14:35–14:50 EET, late risk 63 %" in told
    assert "driving times on the street network" in told
    assert "later than was said before" in told
    assert "e-mail to elina@example.org: delivered to the mail server" in told
    assert "Have your &lt;b&gt;ID&lt;/b&gt; ready." in told
    assert "Nothing yet" in words(open_page(ORDERS, order="1010"))


def test_an_order_can_be_named_by_its_id(owner: psycopg.Connection, open_page: Open) -> None:
    seeded = seed(owner, NOON)

    assert "Order 1030 for" in words(open_page(ORDERS, order=str(seeded.orders["1030"])))


def test_a_failed_handoff_names_its_reason(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON)

    assert "no valid ID was shown" in words(open_page(ORDERS, order=f"10{FAILED_VAN}0"))


def test_an_unknown_order_is_said_to_be_unknown(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=1)

    assert "No order 9999" in words(open_page(ORDERS, order="9999"))


def test_text_from_orders_is_never_taken_as_markup(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=1)
    owner.execute("UPDATE waybill.orders SET customer_name = '<img src=x onerror=alert(1)>', customer_note ="
                  " 'Gate <b>3</b>', customer_note_at = now() WHERE order_no = '1010'")  # fmt: skip

    told = words(open_page(ORDERS, order="1010"))

    assert "<img" not in told
    assert "&lt;img" in told
    assert "Gate &lt;b&gt;3&lt;/b&gt;" in told


def test_without_premises_it_says_how_to_make_them(open_page: Open) -> None:
    assert "waybill init" in words(open_page(ORDERS))
