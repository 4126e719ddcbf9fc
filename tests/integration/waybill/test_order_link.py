"""`waybill order link` as a person calls it: printed, replaced, refused."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from gateway.orders.service import place_order
from storage.audit import Actor
from storage.orders import NewOrder
from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.fixtures.gateway import NOON
from tests.fixtures.seed import seed_premises


def test_a_link_is_printed_and_replaced(waybill: Waybill, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(database.owner_url) as connection:
        premises_id = seed_premises(connection, NOON)
        for ref, test in (("1", False), ("2", True)):
            order = NewOrder(
                source="web", source_ref=ref, customer_name="Elina", address="Kaivokatu 1", window_from=NOON,
                window_to=NOON + timedelta(hours=1), placed_at=NOON, test=test,
            )  # fmt: skip
            place_order(connection, premises_id, order, Actor("system", "tests"))

    here = waybill("order", "link", "1001")
    monkeypatch.setenv("WAYBILL_PUBLIC_URL", "https://track.example.org")
    printed = waybill("order", "link", "1001").out.strip()
    replaced = waybill("order", "link", "1001", "--replace", "wrong number").out.strip()
    unknown, test_order = waybill("order", "link", "9999"), waybill("order", "link", "test-1")

    assert here.out.startswith("http://127.0.0.1:8080/t/")
    assert "public_url is not set" in here.err
    assert printed.startswith("https://track.example.org/t/")
    assert printed.rpartition("/")[2] == here.out.strip().rpartition("/")[2]
    assert replaced != printed
    assert waybill("order", "link", "1001").out.strip() == replaced
    for refused in (unknown, test_order):
        assert refused.exit_code == 1
        assert "there is no order" in refused.error + refused.err
