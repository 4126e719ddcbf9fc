"""Doors are learned from handoffs, and win over map and order; a newer pin wins over them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from gateway.places.index import write_index
from gateway.places.learning import learn
from gateway.places.places import Places
from storage.ids import new_id
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import add_van
from tests.integration.gateway.api.test_orders import put

HOUSE = (601_688_000, 249_400_000)
GATE = (601_693_000, 249_402_000)  # 57 m from there
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(api: Api, tmp_path: Path) -> Api:
    write_index(tmp_path / "addresses.sqlite", {("Mannerheimintie", "12", ""): HOUSE}, {}, "")
    api.app.state.places = Places(tmp_path)
    add_van(api, "van-1")
    return api


def hand_over(
    api: Api, order: dict[str, Any], at: tuple[int, int], when: datetime, *, fixes: int = 9, detected: bool = True
) -> None:
    """The order was on a trip, its arrival was seen, the van stood there and sent fixes, it was delivered."""
    with psycopg.connect(api.database.owner_url) as owner:
        row = owner.execute("SELECT id FROM waybill.vehicle").fetchone()
        device = owner.execute("SELECT id FROM waybill.device").fetchone()
        assert row is not None
        assert device is not None
        trip, order_id = new_id(when), UUID(order["id"])
        owner.execute(
            "INSERT INTO waybill.trip (id, premises_id, trip_no, vehicle_id, planned_departure_at, departed_at,"
            " ended_at, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [trip, api.store, f"T-{trip}", row[0], when, when - MINUTE, when + 9 * MINUTE, when],
        )
        owner.execute(
            "INSERT INTO waybill.trip_drop (id, premises_id, trip_id, order_id, seq, arrived_at, left_at)"
            " VALUES (%s, %s, %s, %s, 1, %s, %s)",
            [new_id(when), api.store, trip, order_id, when, when + 5 * MINUTE],
        )
        for milestone, known in (("arrived", "detected" if detected else "declared"), ("delivered", "declared")):
            owner.execute(
                "INSERT INTO waybill.milestone (id, premises_id, order_id, trip_id, milestone, at, known, declared_by,"
                " recorded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [new_id(when), api.store, order_id, trip, milestone, when, known,
                 "driver x" if known == "declared" else None, when],
            )  # fmt: skip
        owner.execute("UPDATE waybill.orders SET milestone = 'delivered' WHERE id = %s", [order_id])
        for number in range(fixes):
            wild = 90_000 if number == 0 else number * 10
            fixed_at = when + number * timedelta(seconds=20)
            owner.execute(
                "INSERT INTO waybill.fix (device_id, fixed_at, received_at, seq, spool_id, lat_e7, lon_e7, replayed,"
                " source) VALUES (%s, %s, %s, %s, 1, %s, %s, false, 'dedicated')",
                [device[0], fixed_at, fixed_at, int(fixed_at.timestamp()), at[0] + wild, at[1]],
            )


def teach(api: Api) -> int:
    with psycopg.connect(api.database.gateway_url) as connection:
        return learn(connection, NOON - timedelta(days=3))


def test_a_door_learned_from_two_handoffs_wins_over_the_map_and_the_orders_point(shop: Api) -> None:
    first, second = put(shop, "a"), put(shop, "b", address="Helsinki, Mannerheimintie 12, Apt 3")
    assert first["place_source"] == "index"
    hand_over(shop, first, GATE, NOON - 60 * MINUTE)
    assert teach(shop) == 1
    assert put(shop, "c")["place_source"] == "index", "one visit may have been round the corner"
    hand_over(shop, second, (GATE[0] + 500, GATE[1]), NOON - 30 * MINUTE)
    assert teach(shop) == 1

    order = put(shop, "d")

    assert (order["place_source"], order["place_quality"]) == ("handoffs", "door")
    assert abs(order["lat"] * 1e7 - GATE[0]) < 600
    assert "middle of 2 handoffs" in order["place_note"]
    assert put(shop, "e", lat=60.1688, lon=24.94)["place_source"] == "handoffs"
    assert put(shop, "f", lat=60.2, lon=24.94)["place_problem"] == "far_from_address"
    assert teach(shop) == 0, "nothing is learned twice"
    ((n, spread_m, used_at),) = shop.rows("SELECT n, spread_m, used_at FROM waybill.door")
    assert n == 2
    assert spread_m < 60
    assert used_at is not None


def test_a_newer_pin_wins_until_handoffs_teach_again(shop: Api) -> None:
    for number, minutes in (("a", 60), ("b", 30)):
        hand_over(shop, put(shop, number), GATE, NOON - minutes * MINUTE)
    teach(shop)
    wrong = put(shop, "c")
    assert wrong["place_source"] == "handoffs"

    shop.ask("dispatcher", "POST", f"/v1/orders/{wrong['id']}/pin", {"lat": 60.1680, "lon": 24.9390})

    assert put(shop, "d")["place_source"] == "pin"
    for number, minutes in (("e", 60), ("f", 90)):
        hand_over(shop, put(shop, number), (601_680_500, 249_390_500), NOON + minutes * MINUTE)
    teach(shop)
    assert put(shop, "g")["place_source"] == "handoffs"


@pytest.mark.parametrize("how", [{"fixes": 2}, {"detected": False}])
def test_a_handoff_that_no_fixes_confirm_teaches_nothing(shop: Api, how: dict[str, Any]) -> None:
    for number, minutes in (("a", 60), ("b", 30)):
        hand_over(shop, put(shop, number), GATE, NOON - minutes * MINUTE, **how)

    assert teach(shop) == 0
    assert put(shop, "c")["place_source"] == "index"


def test_handoffs_all_over_a_large_site_teach_nothing(shop: Api) -> None:
    for number, north, minutes in (("a", 0, 30), ("b", 40_000, 60), ("c", -40_000, 90)):
        hand_over(shop, put(shop, number), (HOUSE[0] + north, HOUSE[1]), NOON - minutes * MINUTE)

    assert teach(shop) == 3
    assert put(shop, "d")["place_source"] == "index"


def test_what_premises_learned_is_their_own(shop: Api) -> None:
    for number, minutes in (("a", 60), ("b", 30)):
        hand_over(shop, put(shop, number), GATE, NOON - minutes * MINUTE)
    teach(shop)

    said = {
        "customer_name": "x", "address": "Mannerheimintie 12, Helsinki", "window_from": NOON.isoformat(),
        "window_to": (NOON + 60 * MINUTE).isoformat(),
    }  # fmt: skip
    there = shop.ask("stranger", "PUT", "/v1/orders/by-ref/other/1", said).json()
    assert there["place_source"] == "index"


def test_an_order_does_not_wait_for_another_one_to_the_same_door(shop: Api) -> None:
    """A day's import keeps its transaction open; an order that waited for its door could make it wait in return."""
    order = put(shop, "a")
    shop.ask("dispatcher", "POST", f"/v1/orders/{order['id']}/pin", {"lat": 60.1680, "lon": 24.9390})
    with psycopg.connect(shop.database.gateway_url) as one, psycopg.connect(shop.database.gateway_url) as other:
        other.execute("SET lock_timeout = '5s'")
        for connection in (one, other):
            place = Places().place_of(connection, shop.store, "Mannerheimintie 12, Helsinki", None, NOON)
            assert place.source == "pin"
