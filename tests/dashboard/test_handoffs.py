"""The page of handoffs and exceptions: what the vehicles say of attempts, what waits for an explanation, and whose."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import psycopg
from streamlit.testing.v1 import AppTest

from storage.ids import new_id
from tests.fixtures.examples import NOON
from tests.fixtures.pages import words
from tests.fixtures.seed import Seeded, seed

HANDOFFS, ORDERS = "app_pages/handoffs.py", "app_pages/orders.py"
Open = Callable[..., AppTest]


def attempt(owner: psycopg.Connection, seeded: Seeded, order_no: str, verdict: str | None, why: str = "why") -> UUID:
    """A delivered order with the word of its second witness; None: it waits."""
    handoff_id = new_id(NOON)
    owner.execute(
        "INSERT INTO waybill.handoff (id, premises_id, order_id, trip_id, attempt_no, outcome, at, proofs, offline,"
        " actor_kind, actor, recorded_at) SELECT %(id)s, o.premises_id, o.id, d.trip_id, 1, 'delivered', %(noon)s,"
        " '{}', false, 'driver', 'E-1', %(noon)s FROM waybill.orders o JOIN waybill.trip_drop d ON d.order_id = o.id"
        " WHERE o.id = %(order)s",
        {"id": handoff_id, "order": seeded.orders[order_no], "noon": NOON},
    )
    if verdict is not None:
        owner.execute(
            "INSERT INTO waybill.policy_version (premises_id, version, thresholds, first_used_at)"
            " VALUES (%s, 'v', '{}', %s) ON CONFLICT DO NOTHING", [seeded.premises_id, NOON],
        )  # fmt: skip
        owner.execute(
            "INSERT INTO waybill.witness (id, premises_id, handoff_id, version, cause, verdict, why, at, clock,"
            " within_s, no_data, evidence, policy_version, made_at, recorded_at)"
            " VALUES (%(id)s, %(premises)s, %(handoff)s, 1, 'handoff', %(verdict)s, %(why)s, %(noon)s, 'told', 300,"
            " CASE WHEN %(verdict)s = 'no_data' THEN 'no_fix' END, '[]', 'v', %(noon)s, %(noon)s)",
            {"id": new_id(NOON), "premises": seeded.premises_id, "handoff": handoff_id, "verdict": verdict, "why": why,
             "noon": NOON},
        )  # fmt: skip
    return handoff_id


def test_each_attempt_stands_with_the_word_of_its_witness(owner: psycopg.Connection, open_page: Open) -> None:
    seeded = seed(owner, NOON, vans=2)
    attempt(owner, seeded, "1010", "corroborated")
    attempt(owner, seeded, "1011", "contradicted", "the vehicle came no nearer than 840 m")
    attempt(owner, seeded, "1020", "no_data")
    attempt(owner, seeded, "1021", None)

    test = open_page(HANDOFFS)

    assert "4 attempts: 1 contradicted, 1 no data, 1 not judged yet, 1 corroborated" in words(test)
    table = test.dataframe[0].value
    said = dict(zip(table["Order"], table["Why"], strict=True))
    assert said["orders?order=1011"] == "The vehicle came no nearer than 840 m"

    test.selectbox(key="handoffs_verdict").set_value("contradicted").run()
    assert list(test.dataframe[0].value["Order"]) == ["orders?order=1011"]

    test.text_input(key="handoffs_text").set_value("no such thing").run()
    assert "No attempt to hand over matches" in words(test)


def test_orders_of_a_test_key_are_not_among_them(owner: psycopg.Connection, open_page: Open) -> None:
    seeded = seed(owner, NOON, vans=1)
    attempt(owner, seeded, "1010", "contradicted")
    owner.execute("UPDATE waybill.orders SET test = true WHERE order_no = '1010'")

    assert "No attempt to hand over matches" in words(open_page(HANDOFFS))


def test_an_order_shows_its_attempts_with_the_word_of_the_witness(owner: psycopg.Connection, open_page: Open) -> None:
    seeded = seed(owner, NOON, vans=1)
    attempt(owner, seeded, "1010", "contradicted", "the vehicle came no nearer than 840 m")

    told = words(open_page(ORDERS, order="1010"))

    assert "Delivered, attempt 1" in told
    assert "Contradicted: The vehicle came no nearer than 840 m" in told


def test_exceptions_name_who_owes_the_explanation_and_the_longest_wait_comes_first(
    owner: psycopg.Connection, open_page: Open
) -> None:
    seeded = seed(owner, NOON, vans=2)
    for van, hours, explanation in ((1, 1, None), (2, 3, None), (1, 9, "a flat tyre")):
        owner.execute(
            "INSERT INTO waybill.exception (id, premises_id, kind, trip_id, during, rule, opened_at, closed_at,"
            " explanation, explained_by) SELECT %(id)s, t.premises_id, 'unexplained_stop', t.id,"
            " tstzrange(%(at)s, %(at)s, '[]'), 'stood 12 min', %(at)s, CASE WHEN %(why)s::text IS NOT NULL THEN %(at)s"
            " END, %(why)s, CASE WHEN %(why)s::text IS NOT NULL THEN 'Ada' END"
            " FROM waybill.trip t WHERE t.vehicle_id = %(vehicle)s",
            {"id": new_id(NOON), "at": NOON.replace(hour=NOON.hour - hours), "why": explanation,
             "vehicle": seeded.vans[van - 1].vehicle_id},
        )  # fmt: skip
    test = open_page(HANDOFFS)

    test.segmented_control(key="handoffs_part").set_value("Exceptions").run()

    table = test.dataframe[0].value
    assert list(table["Van"]) == ["van-2", "van-1"]
    assert all(table["Who owes it"])
    test.toggle(key="exceptions_all").set_value(True).run()
    assert list(test.dataframe[0].value["Explanation"]) == ["", "", "a flat tyre"]


def test_with_nothing_to_explain_it_says_so(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=1)
    test = open_page(HANDOFFS)

    test.segmented_control(key="handoffs_part").set_value("Exceptions").run()

    assert "Nothing waits for an explanation" in words(test)
