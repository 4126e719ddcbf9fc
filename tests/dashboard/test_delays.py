"""The page of delays on a seeded day: its figures are those of an independent count over the owner's tables."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from streamlit.testing.v1 import AppTest

from tests.fixtures.examples import NOON
from tests.fixtures.pages import words
from tests.fixtures.seed import seed

DELAYS = "app_pages/delays.py"
Open = Callable[..., AppTest]


def seed_past(owner: psycopg.Connection) -> None:
    """The seeded day with its windows long enough ago that many are over."""
    seed(owner, NOON)
    owner.execute(
        "UPDATE waybill.orders SET window_from = window_from - interval '40 minutes',"
        " window_to = window_to - interval '40 minutes'"
    )


def counted(owner: psycopg.Connection) -> tuple[int, int, int]:
    """Windows that are over, those without a van by their end, and failed attempts: from the tables, not the views."""
    row = owner.execute(
        "WITH over AS (SELECT o.id, o.window_to, o.milestone, o.milestone_at, (SELECT min(d.arrived_at)"
        " FROM waybill.trip_drop d WHERE d.order_id = o.id) AS there_at FROM waybill.orders o"
        " WHERE o.window_to < %(noon)s AND o.milestone <> 'cancelled')"
        " SELECT count(*), count(*) FILTER (WHERE window_to < coalesce(there_at,"
        "   CASE WHEN milestone IN ('delivered', 'failed', 'returned') THEN milestone_at END, %(noon)s)),"
        " count(*) FILTER (WHERE EXISTS (SELECT FROM waybill.milestone m WHERE m.order_id = over.id"
        "   AND m.milestone = 'failed')) FROM over",
        {"noon": NOON},
    ).fetchone()
    assert row is not None
    return row


def test_the_figures_are_those_of_a_count_by_hand(owner: psycopg.Connection, open_page: Open) -> None:
    seed_past(owner)
    orders, late, failed = counted(owner)
    assert orders > late > 0

    test = open_page(DELAYS)

    shown = {metric.label: metric.value for metric in test.metric}
    assert shown["In time"] == f"{(orders - late) / orders:.1%}"
    assert shown["Failed"] == str(failed)
    assert f"Late orders: {late} of {orders}" in words(test)


def test_a_part_can_be_looked_at_by_van_and_driver(owner: psycopg.Connection, open_page: Open) -> None:
    seed_past(owner)
    test = open_page(DELAYS)

    test.segmented_control(key="delays_by").set_value("Van").run()

    rows = owner.execute(
        "SELECT DISTINCT v.name FROM waybill.orders o JOIN waybill.trip_drop d ON d.order_id = o.id"
        " JOIN waybill.trip t ON t.id = d.trip_id JOIN waybill.vehicle v ON v.id = t.vehicle_id"
        " WHERE o.window_to < %s", [NOON]
    )  # fmt: skip
    vans = {name for (name,) in rows}
    assert set(test.dataframe[0].value["Van"]) == vans


def test_days_without_promises_and_too_many_days_say_what_to_do(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=1)
    test = open_page(DELAYS)
    today = NOON.date()

    test.date_input(key="delays_period").set_value((today.replace(day=1), today.replace(day=1))).run()
    assert "No window ended in these days" in words(test)

    test.date_input(key="delays_period").set_value((today.replace(year=today.year - 1), today)).run()
    assert "choose at most 92" in words(test)


def test_without_premises_it_says_how_to_make_them(open_page: Open) -> None:
    assert "waybill init" in words(open_page(DELAYS))
