"""The live fleet page against a real database: what it shows, filters, and says when something is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.environment import READER_URL
from tests.fixtures.examples import MINUTE, NOON
from tests.fixtures.forecasts import forecast
from tests.fixtures.pages import layers, words
from tests.fixtures.seed import BARE_VAN, LATE_VAN, SILENT_VAN, seed, seed_premises

Open = Callable[..., AppTest]


def listed(test: AppTest) -> dict[str, Any]:
    """What the list beside the map was given."""
    found: dict[str, Any] = json.loads(test.get("bidi_component")[0].proto.json)
    return found


def test_every_van_is_on_the_map_and_in_the_list(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON)

    test = open_page()

    names = {f"van-{number}" for number in range(1, 9)}
    assert {row["name"] for row in layers(test)["vans"]["data"]} == names
    assert {row["name"] for row in listed(test)["vans"]} == names | {f"van-{BARE_VAN}"}
    assert listed(test)["vans"][0]["name"] == f"van-{LATE_VAN}"
    assert "Data as of 14:00:00 EET" in words(test)
    assert "OpenStreetMap</a> contributors" in words(test)


def test_counters_filter_map_and_list_together(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON)
    test = open_page()

    test.get("button_group")[0].set_value("silent").run()

    shown = [row["name"] for row in layers(test)["vans"]["data"] if row["size"]]
    assert shown == [row["name"] for row in listed(test)["vans"]] == [f"van-{SILENT_VAN}"]
    assert len(layers(test)["vans"]["data"]) == 8


def test_the_list_says_when_a_van_comes_and_that_it_will_probably_be_late(
    owner: psycopg.Connection, open_page: Open
) -> None:
    seed(owner, NOON)
    before = listed(open_page(van="van-1"))
    assert next(row for row in before["vans"] if row["name"] == "van-1")["eta"] == ""
    coming = next(drop["order"] for drop in before["trip"]["drops"] if drop["kind"] == "next")
    owner.execute("UPDATE waybill.orders SET window_to = %s WHERE order_no = %s", [NOON + 30 * MINUTE, coming])
    forecast(owner, coming, NOON, late_risk=0.63)

    st.cache_data.clear()
    test = open_page(van="van-1")

    row = next(row for row in listed(test)["vans"] if row["name"] == "van-1")
    assert (row["state"], row["sign"], row["eta"]) == ("At risk, 63 %", "at_risk", "ETA 14:35–14:50 EET")
    assert any("ETA 14:35–14:50 EET, late risk 63 %" in drop["when"] for drop in listed(test)["trip"]["drops"])


def test_a_link_with_a_van_opens_it_with_route_trail_and_drops(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON)

    test = open_page(van="van-2")

    assert listed(test)["chosen"] == "van-2"
    assert [drop["seq"] for drop in listed(test)["trip"]["drops"]] == [1, 2, 3, 4, 5]
    assert {"planned", "trail", "drops"} <= set(layers(test))
    assert layers(test)["trail"]["data"]["features"][0]["geometry"]["coordinates"]


def test_an_unknown_van_in_a_link_opens_nothing(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=1)

    test = open_page(van="van-77")

    assert listed(test)["chosen"] is None
    assert "trail" not in layers(test)


def test_a_gap_in_the_trail_stays_open(owner: psycopg.Connection, open_page: Open) -> None:
    van = seed(owner, NOON, vans=1).vans[0]
    # the hypertable lets the owner delete; the gateway's role may not
    owner.execute(
        "DELETE FROM waybill.fix WHERE device_id = %s AND fixed_at BETWEEN %s AND %s",
        [van.device_id, NOON - timedelta(minutes=9), NOON - timedelta(minutes=5)],
    )

    test = open_page(van="van-1")

    assert len(layers(test)["trail"]["data"]["features"][0]["geometry"]["coordinates"]) == 2


def test_without_premises_it_says_how_to_make_them(open_page: Open) -> None:
    assert "waybill init" in words(open_page())


def test_without_vehicles_it_says_how_to_add_one(owner: psycopg.Connection, open_page: Open) -> None:
    seed_premises(owner, NOON)

    assert "waybill vehicle add" in words(open_page())


def test_without_devices_it_says_how_to_fit_one(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=0)

    assert "waybill device add gps-01 --fit van-1" in words(open_page())


def test_without_fixes_it_says_where_to_look(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=1)
    owner.execute("DELETE FROM waybill.last_fix")

    told = words(open_page())

    assert "No fixes yet" in told
    assert "waybill status" in told


def test_a_database_without_schema_is_told_with_the_remedy(owner: psycopg.Connection, open_page: Open) -> None:
    owner.execute("DROP SCHEMA reading CASCADE")

    assert "waybill db migrate" in words(open_page())


def test_without_an_address_it_names_the_setting(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(READER_URL)

    assert READER_URL in words(open_page())


def test_when_the_database_goes_away_the_last_picture_stays(
    owner: psycopg.Connection, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(owner, NOON, vans=2)
    test = open_page()
    monkeypatch.setenv(READER_URL, "postgresql://waybill_reader@127.0.0.1:1/nowhere")

    st.cache_data.clear()
    test.run()

    assert not test.exception
    assert "The database does not answer" in words(test)
    assert len(layers(test)["vans"]["data"]) == 2
