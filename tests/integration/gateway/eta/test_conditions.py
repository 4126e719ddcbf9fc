"""Closures and slowdowns over HTTP: entered, effective at once, ended; and feeds that say all they know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from gateway.eta.keeping import Keeper
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import HOME_LAT, HOME_LON, add_driver, add_van, change, numbers, order, plan

HOUR = timedelta(hours=1)
AREA = {"geometry": {"type": "Point", "coordinates": [HOME_LON + 0.01, HOME_LAT]}, "radius_m": 400}
JAM = {"kind": "traffic", "says": "Jam at the harbour", "speed_share": 0.25, **AREA}


def enter(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.ask("dispatcher", "POST", "/v1/conditions", {**JAM, **more})
    assert answer.status_code == 201, answer.text
    entered: dict[str, Any] = answer.json()
    return entered


def way_s(api: Api) -> float:
    """An hour from now: the clock of the API goes on from noon."""
    with psycopg.connect(api.database.gateway_url) as connection:
        ways = Keeper(None).ways_for(connection, NOON + HOUR)(api.store, "Europe/Helsinki")
    here, there = ((round(HOME_LAT * 1e7), round((HOME_LON + east) * 1e7)) for east in (0.0, 0.02))
    return ways.way(here, there, NOON + HOUR).seconds


def test_a_slowdown_counts_from_when_it_is_entered_until_it_is_ended(api: Api) -> None:
    usual = way_s(api)
    entered = enter(api)
    slowed = way_s(api)
    listed = api.ask("dispatcher", "GET", "/v1/conditions").json()
    ended = api.ask("dispatcher", "POST", f"/v1/conditions/{entered['id']}/end", {})

    assert slowed > 1.5 * usual
    assert [one["says"] for one in listed] == ["Jam at the harbour"]
    assert ended.status_code == 200
    assert way_s(api) == usual
    assert api.ask("dispatcher", "POST", f"/v1/conditions/{entered['id']}/end", {}).status_code == 409


def test_what_is_ended_before_it_began_never_holds(api: Api) -> None:
    begins, ends = NOON + 2 * HOUR, NOON + 3 * HOUR
    entered = enter(api, from_at=begins.isoformat(), to_at=ends.isoformat())

    ended = api.ask("dispatcher", "POST", f"/v1/conditions/{entered['id']}/end", {}).json()

    assert ended["from_at"] == ended["to_at"] == entered["from_at"]
    assert api.ask("dispatcher", "GET", "/v1/conditions").json() == []


def test_the_effect_of_a_change_heeds_it(api: Api) -> None:
    add_van(api, "van-1")
    add_driver(api, "E-1")
    trip = plan(api, [order(api, "1"), order(api, "2", 2)])
    backwards = {"kind": "resequence", "orders": numbers(trip)[::-1]}
    before = change(api, trip["trip_no"], backwards, dry_run=True)
    enter(api)
    after = change(api, trip["trip_no"], backwards, dry_run=True)

    def arrivals(told: dict[str, Any]) -> list[str]:
        return [one["arrival_after"] for one in told["trips"][0]["orders"]]

    assert all(later > earlier for later, earlier in zip(arrivals(after), arrivals(before), strict=True))


def test_others_premises_and_their_dispatchers_are_left_alone(api: Api) -> None:
    entered = enter(api)

    assert api.ask("stranger", "GET", "/v1/conditions").json() == []
    assert api.ask("stranger", "POST", f"/v1/conditions/{entered['id']}/end", {}).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"geometry": None, "radius_m": None}, "road"),
        ({"road": "Mannerheimintie"}, "road"),
        ({"geometry": None, "radius_m": None, "road": "Mannerheimintie"}, "road"),
        ({"geometry": {"type": "LineString", "coordinates": [[24, 60], [25, 60]]}}, "geometry"),
        ({"radius_m": None}, "geometry"),
        ({"to_at": (NOON - HOUR).isoformat()}, "to_at"),
        ({"speed_share": 1.0}, "speed_share"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(api: Api, wrong: dict[str, Any], field: str) -> None:
    answer = api.ask("dispatcher", "POST", "/v1/conditions", {**JAM, **wrong})

    assert answer.status_code == 422, answer.text
    assert field in answer.text


def test_a_feed_says_all_it_knows_and_what_it_names_no_more_ends(api: Api) -> None:
    def feed(*conditions: dict[str, Any]) -> dict[str, int]:
        answer = api.ask("dispatcher", "PUT", "/v1/conditions/feeds/roadworks", {"conditions": list(conditions)})
        assert answer.status_code == 200, answer.text
        told: dict[str, int] = answer.json()
        return told

    one, two = {**JAM, "ref": "1"}, {**JAM, "ref": "2", "says": "Ice"}
    mine = enter(api)

    assert feed(one, two) == {"begun": 2, "ended": 0, "kept": 0}
    assert feed(one, {**two, "speed_share": 0.5}) == {"begun": 1, "ended": 1, "kept": 1}
    assert feed() == {"begun": 0, "ended": 2, "kept": 0}
    left = api.ask("dispatcher", "GET", "/v1/conditions").json()
    assert [row["id"] for row in left] == [mine["id"]]
    refused = api.ask("dispatcher", "PUT", "/v1/conditions/feeds/people", {"conditions": []})
    assert refused.status_code == 422
