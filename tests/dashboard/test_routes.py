"""The page of routes: a vehicle's day moment by moment, and who was near a place by the vehicles' own truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from contract.geo import distance_m, from_e7
from tests.fixtures.derived import seed_derived
from tests.fixtures.examples import NOON
from tests.fixtures.pages import layers, words
from tests.fixtures.seed import SILENT_VAN, Seeded, seed

ROUTES = "app_pages/routes.py"
Open = Callable[..., AppTest]


def near_by_truth(seeded: Seeded, place_e7: tuple[int, int], radius_m: float, minutes: int) -> dict[str, float]:
    """The vans that were within the radius in the last minutes, as often as they report, and how near."""
    nearest = {}
    for van in seeded.vans:
        until = NOON - timedelta(minutes=12) if van.number == SILENT_VAN else NOON
        away = [
            distance_m(*place_e7, van.truth.at(at).lat_e7, van.truth.at(at).lon_e7)
            for step in range(0, minutes * 60, 3)
            if (at := NOON - timedelta(seconds=step)) < NOON and at <= until
        ]
        if away and min(away) <= radius_m:
            nearest[van.name] = min(away)
    return nearest


def test_a_day_shows_the_way_what_was_found_and_the_chosen_moment(owner: psycopg.Connection, open_page: Open) -> None:
    seeded = seed(owner, NOON, vans=2)
    seed_derived(owner, seeded)

    test = open_page(ROUTES, van="van-1")

    assert layers(test)["trail"]["data"]["features"][0]["geometry"]["coordinates"]
    assert {"Stop", "Gap", "Zone", "Off the planned way"} <= set(test.dataframe[0].value["Kind"])
    before = layers(test)["stops"]["data"][-1]
    moment = test.slider[0]
    moment.set_value(moment.value - timedelta(minutes=15)).run()
    after = layers(test)["stops"]["data"][-1]
    assert before["icon"] == after["icon"] == "ring"
    assert before["at"] != after["at"]


def test_a_day_without_fixes_says_what_to_do(owner: psycopg.Connection, open_page: Open) -> None:
    seed(owner, NOON, vans=1)
    test = open_page(ROUTES, van="van-1")

    test.date_input(key="routes_day").set_value(NOON.date() - timedelta(days=40)).run()

    assert "van-1 has no fixes of" in words(test)


def test_who_was_near_a_place_is_who_was_there_by_the_truth(owner: psycopg.Connection, open_page: Open) -> None:
    seeded = seed(owner, NOON)
    there = seeded.vans[0].truth.at(NOON - timedelta(minutes=10))
    expected = near_by_truth(seeded, (there.lat_e7, there.lon_e7), 250, 20)
    assert "van-1" in expected
    test = open_page(ROUTES)
    test.segmented_control(key="routes_part").set_value("Who was here").run()
    test.text_input(key="routes_place").set_value(f"{from_e7(there.lat_e7)}, {from_e7(there.lon_e7)}").run()
    test.selectbox(key="routes_radius").set_value(250).run()
    local = NOON + timedelta(hours=2)  # the premises' clock

    test.time_input(key="routes_from").set_value((local - timedelta(minutes=20)).time()).run()
    test.time_input(key="routes_to").set_value(local.time()).run()

    table = test.dataframe[0].value
    found = dict(zip(table["Vehicle"], table["Nearest, m"], strict=True))
    assert set(found) == set(expected)
    assert all(found[name] == pytest.approx(metres, abs=35) for name, metres in expected.items())


@pytest.mark.parametrize(("text", "says"), [("somewhere", "“somewhere” is no place"), ("0, 0", "No vehicle had")])
def test_a_strange_place_is_said_to_be_strange(
    owner: psycopg.Connection, open_page: Open, text: str, says: str
) -> None:
    seed(owner, NOON, vans=1)
    test = open_page(ROUTES)
    test.segmented_control(key="routes_part").set_value("Who was here").run()

    test.text_input(key="routes_place").set_value(text).run()

    assert says in "\n".join([words(test), *(warning.value for warning in test.warning)])
