"""Addresses that nothing here knows are asked for: a real HTTP server stands in for Nominatim and for Photon."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from contract.clock import true_now
from gateway.places import service as service_module
from gateway.places.asking import ask_next, choose
from gateway.places.normalise import take_apart
from gateway.places.places import Places
from gateway.places.service import AddressService, Candidate, ServiceError
from tests.fixtures.api import Api, clock_at_noon
from tests.integration.gateway.api.test_orders import put

# As docs/api/Output.md of Nominatim has jsonv2, and docs/api-v1.md of Photon its GeoJSON; places are in Helsinki.
NOMINATIM = [
    {
        "place_id": 100149, "licence": "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright",
        "osm_type": "node", "osm_id": 107775, "boundingbox": ["60.1688", "60.1689", "24.9400", "24.9401"],
        "lat": "60.1688123", "lon": "24.9400456", "display_name": "12, Mannerheimintie, Helsinki, 00100, Suomi",
        "category": "place", "type": "house", "place_rank": 30, "importance": 0.00007, "addresstype": "place",
        "address": {"house_number": "12", "road": "Mannerheimintie", "city": "Helsinki", "postcode": "00100"},
    }
]  # fmt: skip
PHOTON = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature", "geometry": {"type": "Point", "coordinates": [24.9400456, 60.1688123]},
            "properties": {"street": "Mannerheimintie", "housenumber": "12", "postcode": "00100", "city": "Helsinki",
                           "country": "Suomi", "countrycode": "FI", "osm_key": "place", "osm_value": "house",
                           "osm_type": "N", "osm_id": 107775, "type": "house"},
        }
    ],
}  # fmt: skip


class Server:
    """What answers: `body` with `status`, or a line that ends in the middle."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []
        self.body: bytes = b"[]"
        self.status = 200
        self.headers: dict[str, str] = {}
        self.hangs = threading.Event()  # set: nothing is answered until `goes_on`
        self.goes_on = threading.Event()
        self.url = ""

    def answers(self, document: Any) -> None:
        self.body = json.dumps(document).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    kept = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            kept.asked.append((parts.path, parse_qs(parts.query), self.headers["user-agent"]))
            if kept.hangs.is_set():
                kept.goes_on.wait(30)
                return
            self.send_response(kept.status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(kept.body)))
            self.end_headers()
            self.wfile.write(kept.body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    kept.url = f"http://127.0.0.1:{listener.server_port}"
    yield kept
    kept.goes_on.set()
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture
def asking(api: Api) -> Api:
    """The API of an installation that has a service and no map."""
    api.app.state.places = Places(asks_service=True)
    return api


def ask(api: Api, server: Server, kind: Any = "nominatim") -> bool:
    """What the worker does, once."""
    service = AddressService(kind, server.url, "Waybill/0 (tests)")
    with psycopg.connect(api.database.gateway_url, autocommit=True) as connection:
        return ask_next(connection, Places(asks_service=True), service, clock_at_noon().now())


def look(api: Api, order: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api.ask("viewer", "GET", f"/v1/orders/{order['id']}").json()
    return found


@pytest.mark.parametrize(
    ("kind", "document", "path"), [("nominatim", NOMINATIM, "/search"), ("photon", PHOTON, "/api")]
)
def test_the_house_that_the_service_names_is_taken(
    asking: Api, server: Server, kind: str, document: Any, path: str
) -> None:
    server.answers(document)
    order = put(asking, customer_name="Elina Salo")
    assert (order["lat"], order["place_problem"]) == (None, "no_map")

    assert ask(asking, server, kind)

    found = look(asking, order)
    assert (found["lat"], found["lon"]) == (60.1688123, 24.9400456)
    assert (found["place_source"], found["place_quality"], found["place_problem"]) == ("service", "house", None)
    ((asked_path, query, agent),) = server.asked
    assert (asked_path, query["q"], agent) == (path, ["Mannerheimintie 12, Helsinki"], "Waybill/0 (tests)")
    assert "Salo" not in str(query)
    events = asking.ask("pos", "GET", "/v1/events").json()["events"]
    assert [one["data"]["changed"] for one in events if one["type"] == "order.changed"] == [["place"]]
    assert asking.rows("SELECT actor FROM waybill.audit_event WHERE action = 'order.place_set'") == [("worker",)]
    # The same address again costs no question; nothing else is due.
    assert put(asking, "again", address="mannerheimintie 12, HELSINKI")["place_source"] == "service"
    assert not ask(asking, server, kind)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"<html>sign in to the hotel's network</html>", 200, "not Nominatim's"),
        (b"", 200, "not Nominatim's"),
        (b'{"error": "no"}', 200, "not Nominatim's"),
        (b'[{"lat": "abc", "lon": "1", "display_name": "x", "place_rank": 30}]', 200, "not Nominatim's"),
        (b'[{"lat": "1e999", "lon": "1", "display_name": "x", "place_rank": 30}]', 200, "not Nominatim's"),
        (b'[{"lat": "95", "lon": "1", "display_name": "x", "place_rank": 30}]', 200, "not Nominatim's"),
        (b"[null]", 200, "not Nominatim's"),
        (b"\xff\xfe", 200, "not Nominatim's"),
        (b"[" * 200_000, 200, "not Nominatim's"),
        (b"[" + b" " * 1_100_000 + b"]", 200, "more than 1000000 bytes"),
        (b"busy", 429, "429"),
        (b"broken", 500, "500"),
        (b"", 302, "302"),
    ],
)
def test_rubbish_is_no_answer_and_no_crash(server: Server, body: bytes, status: int, says: str) -> None:
    server.body, server.status = body, status
    server.headers = {"Location": "http://127.0.0.1:1/elsewhere"} if status == 302 else {}

    with pytest.raises(ServiceError, match=says):
        AddressService("nominatim", server.url, "tests").ask("Mannerheimintie 12", None)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "document", [{}, {"features": [{}]}, {"features": None}, [], "x", {"features": [{"geometry": 1}]}]
)
def test_rubbish_of_a_photon_is_no_answer(server: Server, document: Any) -> None:
    server.answers(document)

    with pytest.raises(ServiceError, match="not Photon's"):
        AddressService("photon", server.url, "tests").ask("Mannerheimintie 12", None)


def test_a_service_that_does_not_answer_in_time_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "TIMEOUT_S", 0.2)
    server.hangs.set()

    with pytest.raises(ServiceError, match="timed out"):
        AddressService("nominatim", server.url, "tests").ask("Mannerheimintie 12", None)


def test_a_service_that_is_down_keeps_the_order_waiting_and_is_asked_again(asking: Api, server: Server) -> None:
    server.status = 503
    order = put(asking)

    assert ask(asking, server)

    assert look(asking, order)["lat"] is None
    (waits,) = asking.ask("dispatcher", "GET", "/v1/addresses/waiting").json()["addresses"]
    assert waits["ask_at"] is not None
    assert not ask(asking, server), "not before its time"
    (row,) = asking.rows("SELECT place_ask_at, place_tries FROM waybill.orders")
    assert timedelta(seconds=30) < row[0] - true_now() < timedelta(minutes=2)
    assert row[1] == 1
    with psycopg.connect(asking.database.owner_url) as owner:
        owner.execute("UPDATE waybill.orders SET place_ask_at = %s", [true_now()])
    server.status = 200
    server.answers(NOMINATIM)
    assert ask(asking, server)
    assert look(asking, order)["place_source"] == "service"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"place_rank": 26, "address": {"road": "Mannerheimintie"}}, "but not this house number"),
        ({"address": {"house_number": "14"}}, "but not this house number"),
        ({"lat": "48.2", "lon": "16.37"}, "within 200 km of the premises"),
    ],
)
def test_an_answer_that_is_not_this_house_waits_for_a_person(
    asking: Api, server: Server, change: dict[str, Any], says: str
) -> None:
    with psycopg.connect(asking.database.owner_url) as owner:
        owner.execute("UPDATE waybill.premises SET lat_e7 = 601700000, lon_e7 = 249400000")
    server.answers([{**NOMINATIM[0], **change}])
    order = put(asking)

    ask(asking, server)

    found = look(asking, order)
    assert (found["lat"], found["place_problem"]) == (None, "service_unsure")
    assert says in found["place_note"]
    assert not ask(asking, server), "it has said what it knows"


def test_a_pin_made_while_the_service_was_asked_stays(asking: Api, server: Server) -> None:
    order = put(asking)
    asking.ask("dispatcher", "POST", f"/v1/orders/{order['id']}/pin", {"lat": 60.2, "lon": 24.9})
    server.answers(NOMINATIM)

    assert not ask(asking, server)
    assert look(asking, order)["place_source"] == "pin"
    assert server.asked == []


def test_without_a_service_nothing_is_due(api: Api) -> None:
    put(api)

    assert api.rows("SELECT place_ask_at FROM waybill.orders") == [(None,)]


def test_two_houses_far_apart_are_no_answer() -> None:
    here = Candidate(601_700_000, 249_400_000, "house", "5", "5, High Street, Oberdorf")
    there = Candidate(601_900_000, 249_400_000, "house", "5", "5, High Street, Unterdorf")
    near = Candidate(601_700_100, 249_400_000, "house", "5", "entrance")

    address = take_apart("High Street 5")
    assert choose([here, near], address, None) == here
    assert "at several places" in str(choose([here, there], address, None))
    assert choose([], address, None) == "the service knows no such address"
