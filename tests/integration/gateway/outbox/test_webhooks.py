"""Webhooks from the order to the receiver, a real HTTP server: signed, tried again, logged, replayed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import psycopg
import pytest

from contract.clock import true_now
from gateway.outbox.delivery import send_due, sender, tell
from gateway.outbox.signing import signature
from tests.fixtures.api import Api
from tests.integration.gateway.api.test_orders import put, say


class Receiver:
    """An order system's endpoint: keeps what it is told, and answers as `status` says."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], str]] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.url = ""

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(body) for _, body in self.requests]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            kept.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept.status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def own_network(api: Api) -> None:
    api.app.state.webhook_allow_private = True


def add(api: Api, url: str, who: str = "pos", **more: Any) -> dict[str, Any]:
    answer = api.ask(who, "POST", "/v1/webhooks", {"url": url, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def work(api: Api, *, allow_private: bool = True) -> None:
    """What the worker does, once."""
    with connected(api) as connection:
        tell(connection)
        send_due(connection, sender(allow_private=allow_private))


@contextmanager
def connected(api: Api) -> Iterator[psycopg.Connection]:
    with psycopg.connect(api.database.gateway_url, autocommit=True) as connection:
        yield connection


def deliveries(api: Api, hook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.ask("pos", "GET", f"/v1/webhooks/{hook['id']}/deliveries{query}").json()[
        "deliveries"
    ]
    return found


def test_what_happens_reaches_the_receiver_signed_and_once(api: Api, receiver: Receiver) -> None:
    put(api, "before")  # nobody had asked to be told then
    hook = add(api, receiver.url)

    put(api)
    say(api, "1002", "accepted")
    work(api)
    work(api)

    assert [body["type"] for body in receiver.bodies] == ["order.received", "order.accepted"]
    assert receiver.bodies[0]["data"]["source_ref"] == "w-1"
    for headers, body in receiver.requests:
        signed = signature(hook["secret"], headers["webhook-id"], int(headers["webhook-timestamp"]), body)
        assert headers["webhook-signature"] == signed
    assert [(one["attempts"], one["next_at"]) for one in deliveries(api, hook)] == [(1, None), (1, None)]


def test_only_the_types_and_premises_asked_for(api: Api, receiver: Receiver) -> None:
    add(api, receiver.url, types=["order.accepted"])
    add(api, receiver.url + "/elsewhere", who="pos-elsewhere")
    add(api, receiver.url + "/test", who="pos-test")

    put(api)
    say(api, "1001", "accepted")
    work(api)

    assert [body["type"] for body in receiver.bodies] == ["order.accepted"]


def test_what_did_not_arrive_is_tried_again_and_then_arrives(api: Api, receiver: Receiver) -> None:
    hook = add(api, receiver.url)
    put(api)
    receiver.status, receiver.headers = 503, {"Retry-After": "120"}

    work(api)
    (waiting,) = deliveries(api, hook)
    work(api)  # not due yet
    make_due(api)
    receiver.status = 200
    work(api)

    assert waiting["tries"][0]["status"] == 503
    assert datetime.fromisoformat(waiting["next_at"]) - true_now() > timedelta(seconds=100)
    assert len(receiver.requests) == 2
    assert receiver.requests[0][0]["webhook-id"] == receiver.requests[1][0]["webhook-id"]
    (done,) = deliveries(api, hook)
    assert (done["attempts"], done["delivered_at"] is not None) == (2, True)


def make_due(api: Api) -> None:
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("UPDATE waybill.webhook_delivery SET next_at = %s WHERE next_at IS NOT NULL", [true_now()])


def test_one_receiver_that_fails_holds_up_no_other(api: Api, receiver: Receiver) -> None:
    broken = add(api, "http://127.0.0.1:9/nobody")
    add(api, receiver.url)
    for number in range(3):
        put(api, f"w-{number}")

    work(api)

    assert len(receiver.requests) == 3
    tried = [one for one in deliveries(api, broken) if one["tries"]]
    assert len(tried) == 1
    assert tried[0]["tries"][0]["status"] is None
    assert "refused" in tried[0]["tries"][0]["said"]


def test_it_is_given_up_after_eight_tries_and_can_be_replayed(api: Api, receiver: Receiver) -> None:
    hook = add(api, receiver.url)
    put(api)
    receiver.status = 500
    for _ in range(9):
        work(api)
        make_due(api)

    (given_up,) = deliveries(api, hook, "?failed=true")
    receiver.status = 200
    again = api.ask(
        "pos", "POST", f"/v1/webhooks/{hook['id']}/replay?since={given_up['created_at']}".replace("+", "%2B")
    )
    work(api)

    assert (given_up["attempts"], given_up["next_at"]) == (8, None)
    assert again.json()["deliveries"] == 1
    assert len(receiver.requests) == 9
    assert deliveries(api, hook, "?failed=true") == []


def test_gone_means_never_again(api: Api, receiver: Receiver) -> None:
    hook = add(api, receiver.url)
    put(api)
    receiver.status = 410

    work(api)
    make_due(api)
    work(api)

    assert len(receiver.requests) == 1
    assert api.ask("pos", "GET", f"/v1/webhooks/{hook['id']}").json()["disabled_because"] == "it answered 410 Gone"


def test_a_redirect_is_not_followed(api: Api, receiver: Receiver) -> None:
    hook = add(api, receiver.url)
    put(api)
    receiver.status, receiver.headers = 307, {"Location": "http://169.254.169.254/"}

    work(api)

    assert deliveries(api, hook)[0]["tries"][0]["status"] == 307
    assert len(receiver.requests) == 1


def test_private_addresses_are_refused_unless_allowed(api: Api, receiver: Receiver) -> None:
    hook = add(api, receiver.url.replace("http:", "https:"))
    put(api)

    work(api, allow_private=False)

    (tried,) = deliveries(api, hook)
    assert tried["tries"][0]["status"] is None
    assert "is not a public address; WAYBILL_WEBHOOK_ALLOW_PRIVATE=true allows it" in tried["tries"][0]["said"]
    assert receiver.requests == []


def test_during_a_rotation_both_secrets_are_good(api: Api, receiver: Receiver) -> None:
    hook = add(api, receiver.url)
    new = api.ask("pos", "POST", f"/v1/webhooks/{hook['id']}/rotate").json()["secret"]
    api.ask("pos", "POST", f"/v1/webhooks/{hook['id']}/test")

    work(api)

    headers, body = receiver.requests[0]
    stamp = int(headers["webhook-timestamp"])
    wanted = {signature(secret, headers["webhook-id"], stamp, body) for secret in (new, hook["secret"])}
    assert set(headers["webhook-signature"].split(" ")) == wanted
    assert receiver.bodies[0]["type"] == "waybill.test"


def test_others_webhooks_look_as_if_there_were_none(api: Api, receiver: Receiver) -> None:
    hook = add(api, receiver.url)

    for who in ("pos-elsewhere", "pos-test"):
        assert api.ask(who, "GET", f"/v1/webhooks/{hook['id']}").status_code == 404
        assert api.ask(who, "DELETE", f"/v1/webhooks/{hook['id']}").status_code == 404
        assert api.ask(who, "GET", "/v1/webhooks").json() == []
    assert api.ask("dispatcher", "GET", "/v1/webhooks").status_code == 403
    assert api.ask("pos", "DELETE", f"/v1/webhooks/{hook['id']}").status_code == 204
    assert api.rows("SELECT 1 FROM waybill.webhook") == []
