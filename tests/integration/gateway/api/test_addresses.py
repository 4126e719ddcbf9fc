"""Places of orders over HTTP on the real database: found on the map, waiting, pinned, flagged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.places.index import write_index
from gateway.places.places import Places
from gateway.worker.addresses import look_through
from tests.fixtures.api import Api, clock_at_noon
from tests.integration.gateway.api.test_orders import put

MAP = {
    ("Mannerheimintie", "12", ""): (601_688_000, 249_400_000),
    ("Mannerheimintie", "14", ""): (601_690_000, 249_401_000),
    ("Kirkkokatu", "3", "Helsinki"): (601_700_000, 249_500_000),
    ("Kirkkokatu", "3", "Espoo"): (602_000_000, 246_500_000),
}


@pytest.fixture
def mapped(api: Api, tmp_path: Path) -> Api:
    """The API with a small map."""
    write_index(tmp_path / "addresses.sqlite", MAP, {}, "")
    api.app.state.places = Places(tmp_path)
    return api


def waiting(api: Api, who: str = "dispatcher", query: str = "") -> list[dict[str, Any]]:
    answer = api.ask(who, "GET", f"/v1/addresses/waiting{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["addresses"]
    return found


def pin(api: Api, key: str, lat: float = 60.17, lon: float = 24.95, who: str = "dispatcher", **more: Any) -> Any:
    return api.ask(who, "POST", f"/v1/orders/{key}/pin", {"lat": lat, "lon": lon, **more})


def test_an_address_on_the_map_has_its_place_at_once(mapped: Api) -> None:
    order = put(mapped, address="Helsinki, mannerheimint. 12 A 5".replace("mannerheimint.", "Mannerheimintie"))

    assert (order["lat"], order["lon"]) == (60.1688, 24.94)
    assert (order["place_source"], order["place_quality"]) == ("index", "near")
    assert "Mannerheimintie 12 on the map" in order["place_note"]
    assert waiting(mapped) == []


def test_the_order_of_another_town_is_not_taken_to_ours(mapped: Api) -> None:
    here = put(mapped, "a", address="Kirkkokatu 3, 00170 Helsinki")
    either = put(mapped, "b", address="Kirkkokatu 3")
    other = put(mapped, "c", address="Kirkkokatu 3, Turku")

    assert here["lon"] == 24.95
    assert (either["lat"], either["place_problem"]) == (None, "several_places")
    assert (other["lat"], other["place_problem"]) == (None, "other_town")
    assert "Espoo, Helsinki only" in other["place_note"]


@pytest.mark.parametrize(
    ("address", "problem", "says", "does"),
    [
        ("Mannerheimintie 99", "unknown_house", "knows Mannerheimintie, but no number 99", "pin the order"),
        ("Nowhere Road 1", "unknown_street", "no street of this name", "waybill map build"),
        ("Mannerheimintie", "no_house_number", "no house number", "correct the address"),
    ],
)
def test_an_unknown_address_waits_with_its_remedy(
    mapped: Api, address: str, problem: str, says: str, does: str
) -> None:
    order = put(mapped, address=address)

    (found,) = waiting(mapped)
    assert (found["order_no"], found["lat"], found["problem"]) == (order["order_no"], None, problem)
    assert says in found["says"]
    assert does in found["remedy"]


def test_without_a_map_an_order_is_taken_and_told_which_command_helps(api: Api) -> None:
    order = put(api)

    assert (order["lat"], order["place_problem"]) == (None, "no_map")
    (found,) = waiting(api)
    assert "waybill map build EXTRACT.osm.pbf" in found["remedy"]
    assert "waybill map build" in api.ask("viewer", "GET", "/v1/addresses/search?q=Main+Street+5").json()["says"]


def test_a_map_that_cannot_be_read_refuses_no_order(api: Api, tmp_path: Path) -> None:
    (tmp_path / "addresses.sqlite").write_bytes(b"no database at all" * 100)
    api.app.state.places = Places(tmp_path)

    assert put(api)["place_problem"] == "no_map"


def test_a_point_far_from_its_address_is_taken_and_told(mapped: Api) -> None:
    order = put(mapped, lat=60.18, lon=24.94)
    near = put(mapped, "near", lat=60.1690, lon=24.94)

    assert (order["lat"], order["place_source"], order["place_problem"]) == (60.18, "order", "far_from_address")
    assert "1.2 km from Mannerheimintie 12 on the map" in order["place_note"]
    assert near["place_problem"] is None
    assert [one["order_no"] for one in waiting(mapped)] == [order["order_no"]]
    assert waiting(mapped, query="?unresolved=true") == []


def test_a_point_outside_the_map_is_told(mapped: Api) -> None:
    assert put(mapped, address="Nowhere 1", lat=48.2, lon=16.37)["place_problem"] == "outside_map"


def test_a_pin_places_the_order_and_its_address_from_then_on(mapped: Api) -> None:
    first = put(mapped, address="Nowhere Road 1, Apt 4")
    same = put(mapped, "same", address="1 nowhere rd")
    other = put(mapped, "other", address="Nowhere Road 2")

    answer = pin(mapped, first["order_no"], note="behind the house")

    order = answer.json()
    assert (order["lat"], order["place_source"], order["place_quality"]) == (60.17, "pin", "door")
    assert "behind the house" in order["place_note"]
    assert answer.headers["etag"] == mapped.ask("viewer", "GET", f"/v1/orders/{order['id']}").headers["etag"]
    assert [one["order_no"] for one in waiting(mapped)] == [other["order_no"]]
    assert mapped.ask("viewer", "GET", f"/v1/orders/{same['id']}").json()["place_source"] == "pin"
    assert put(mapped, "later", address="Nowhere Rd 1")["lon"] == 24.95
    # Put again as it was, the order keeps its pin.
    assert put(mapped, address="Nowhere Road 1, Apt 4")["place_source"] == "pin"
    record = mapped.ask("dispatcher", "GET", f"/v1/orders/{order['id']}/record").json()
    (event,) = [one for one in record["audit"] if one["action"] == "order.place_set"]
    assert (event["actor"], event["reason"]) == ("dispatcher", "behind the house")
    assert (event["before"]["lat_e7"], event["after"]["lat_e7"]) == (None, 601_700_000)
    told = mapped.ask("pos", "GET", "/v1/events").json()["events"]
    assert [one["data"]["changed"] for one in told if one["type"] == "order.changed"] == [["place"], ["place"]]


def test_a_pin_wins_over_the_map_and_over_the_orders_own_point(mapped: Api) -> None:
    pin(mapped, put(mapped)["id"], 60.1689, 24.9402)

    assert put(mapped, "b")["place_source"] == "pin"
    given = put(mapped, "c", lat=60.19, lon=24.94)
    assert (given["lat"], given["given_lat"], given["place_problem"]) == (60.1689, 60.19, "far_from_address")
    assert "its own is not taken" in given["place_note"]


def test_who_may_pin_and_what(mapped: Api) -> None:
    order = put(mapped, address="Nowhere Road 1")

    assert pin(mapped, order["id"], who="viewer").status_code == 403
    assert pin(mapped, order["id"], who="stranger").status_code == 404
    assert waiting(mapped, "stranger") == []
    assert pin(mapped, "9999").status_code == 404
    assert pin(mapped, order["id"], lat=91).status_code == 422
    assert pin(mapped, order["id"], lat=0, lon=0).json()["errors"][0]["at"] == "body.lat"
    mapped.ask("dispatcher", "POST", f"/v1/orders/{order['id']}/cancel", {"reason": "x"})
    assert pin(mapped, order["id"]).status_code == 409
    assert waiting(mapped) == []


def test_a_test_orders_pin_teaches_nothing_to_real_ones(mapped: Api) -> None:
    test = put(mapped, who="pos-test", address="Nowhere Road 1")
    real = put(mapped, address="Nowhere Road 1")

    assert pin(mapped, test["order_no"], who="pos-test").status_code == 200
    assert [one["order_no"] for one in waiting(mapped)] == [real["order_no"]]
    assert waiting(mapped, "pos-test") == []


def test_a_changed_address_has_another_place_and_no_address_costs_a_change(mapped: Api) -> None:
    first = put(mapped)
    same = put(mapped)
    moved = put(mapped, address="Mannerheimintie 14, Helsinki")
    gone = put(mapped, address="Nowhere 1")

    assert (first["lat"], same["lat"], moved["lat"], gone["lat"]) == (60.1688, 60.1688, 60.169, None)
    assert mapped.rows("SELECT count(*) FROM waybill.audit_event WHERE action = 'order.changed'") == [(2,)]


def test_the_list_has_pages(mapped: Api) -> None:
    for number in range(5):
        put(mapped, f"w-{number}", address=f"Nowhere {number}")

    seen, path = [], "/v1/addresses/waiting?limit=2"
    while path:
        page = mapped.ask("dispatcher", "GET", path).json()
        seen += [one["source_ref"] for one in page["addresses"]]
        path = f"/v1/addresses/waiting?limit=2&after={page['next']}" if page["next"] else ""
    assert sorted(seen) == [f"w-{number}" for number in range(5)]


def test_candidates_for_a_form(mapped: Api) -> None:
    pin(mapped, put(mapped)["id"], 60.1689, 24.9402)

    found = mapped.ask("viewer", "GET", "/v1/addresses/search?q=mannerheimintie+12,+Helsinki").json()["candidates"]
    assert [(one["source"], one["quality"]) for one in found][:2] == [("pin", "door"), ("index", "house")]
    assert mapped.ask("viewer", "GET", "/v1/addresses/search?q=%2A").json()["candidates"] == []
    assert mapped.ask("stranger", "GET", "/v1/addresses/search?q=a&premises=store").status_code == 404


def test_orders_that_waited_have_their_place_when_the_map_is_there(api: Api, tmp_path: Path) -> None:
    order = put(api)
    write_index(tmp_path / "addresses.sqlite", MAP, {}, "")

    with psycopg.connect(api.database.gateway_url, autocommit=True) as connection:
        assert look_through(connection, Places(tmp_path), clock_at_noon()) == 1

    assert api.ask("viewer", "GET", f"/v1/orders/{order['id']}").json()["place_source"] == "index"
    assert waiting(api) == []
