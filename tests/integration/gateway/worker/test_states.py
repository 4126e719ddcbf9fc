"""Vehicles' states and orders' milestones at a real broker: retained, cleared, and only for whoever may read them."""

from __future__ import annotations

import json
import queue
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from contract.topics import STATE_FILTERS
from gateway.broker_admin import BrokerAdmin
from gateway.worker.states import BrokerAwayError, States, StatesOptions
from tests.fixtures.api import Api, clock_at_noon
from tests.fixtures.gateway import NOON, eventually
from tests.fixtures.trips import HOME_LAT, HOME_LON, add_driver, add_van, do, order, plan, stand
from waybill.stack.broker import Broker

READER = "wall-map"


class Listener:
    """What somebody with these credentials hears."""

    def __init__(self, broker: Broker, user: str, password: str, filters: tuple[str, ...]) -> None:
        self.heard: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()
        self.granted: queue.Queue[list[Any]] = queue.Queue()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, user, protocol=mqtt.MQTTv5)
        self.client.username_pw_set(user, password)
        self.client.on_connect = lambda client, *_: client.subscribe([(one, 1) for one in filters])
        self.client.on_subscribe = lambda _client, _data, _mid, reasons, _properties: self.granted.put(reasons)
        self.client.on_message = lambda _client, _data, message: self.heard.put(
            (message.topic, bytes(message.payload), message.retain)
        )
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()

    def next(self) -> tuple[str, Any, bool]:
        topic, body, retained = self.heard.get(timeout=10)
        return topic, json.loads(body) if body else None, retained

    def all_of(self, count: int) -> dict[str, Any]:
        return {topic: body for topic, body, _ in (self.next() for _ in range(count))}


@contextmanager
def listening(broker: Broker, user: str, password: str, filters: tuple[str, ...] = STATE_FILTERS) -> Iterator[Listener]:
    made = Listener(broker, user, password, filters)
    try:
        yield made
    finally:
        made.client.disconnect()
        made.client.loop_stop()
        made.client.on_connect = made.client.on_message = made.client.on_subscribe = None


def publisher(api: Api, broker: Broker, broker_admin: BrokerAdmin) -> States:
    password = secrets.token_hex(8)
    broker_admin.let_publish_states(password)
    options = StatesOptions(host=broker.host, port=broker.port, password=password)
    return States(options, api.database.gateway_url, clock_at_noon())


@pytest.fixture
def states(api: Api, broker: Broker, broker_admin: BrokerAdmin) -> Iterator[States]:
    """The publisher on the test's database; the broker holds nothing of an earlier test."""
    broker_admin.let_read_states(READER, "secret")
    made = publisher(api, broker, broker_admin)
    yield made
    made.stop()
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("UPDATE waybill.orders SET milestone = 'cancelled'")
        owner.execute("UPDATE waybill.vehicle SET retired_at = %s", [NOON])
    last = publisher(api, broker, broker_admin)
    last.run()
    last.stop()


def test_a_reader_sees_states_that_are_cleared_when_the_order_ends(api: Api, broker: Broker, states: States) -> None:
    add_van(api, "van-1")
    add_driver(api, "E-1")
    number = order(api, "a")
    plan(api, [number])
    stand(api, "van-1", HOME_LAT, HOME_LON, NOON)
    states.run()

    van, milestone = "waybill/v1/fleet/store.van-1/state", f"waybill/v1/orders/store.{number}/milestone"
    with listening(broker, READER, "secret") as reader:
        first = reader.all_of(2)
        assert first[van] == {
            "v": 1, "premises": "store", "vehicle": "van-1", "under_way": False, "fixed_at": "2026-11-23T12:00:00Z",
            "lat_e7": 601709000, "lon_e7": 249432000, "trip_no": "T-0001", "drops": 1, "drops_open": 1,
        }  # fmt: skip
        assert first[milestone]["milestone"] == "queued"
        assert "Elina" not in json.dumps(first)

        do(api, "T-0001", "depart")
        states.run()
        assert {body.get("under_way", body.get("milestone")) for body in reader.all_of(2).values()} == {
            True, "out_for_delivery",
        }  # fmt: skip
        states.run()  # nothing is new: nothing is said
        api.ask("dispatcher", "POST", f"/v1/orders/{number}/milestones", {"milestone": "delivered"})
        states.run()
        told = [reader.next() for _ in range(3)]
        assert [(body["milestone"], retained) for topic, body, retained in told if topic == milestone and body] == [
            ("delivered", False)
        ]
        assert (milestone, None, False) in told
    with listening(broker, READER, "secret") as late:
        assert list(late.all_of(1)) == [van]
    assert api.rows("SELECT topic FROM waybill.published_topic") == [(van,)]


def test_what_ended_while_nobody_published_is_cleared_by_the_next_one(
    api: Api, broker: Broker, broker_admin: BrokerAdmin, states: States
) -> None:
    number = order(api, "a")
    states.run()
    states.stop()
    api.ask("dispatcher", "POST", f"/v1/orders/{number}/cancel", {"reason": "changed their mind"})

    again = publisher(api, broker, broker_admin)
    try:
        again.run()
    finally:
        again.stop()

    assert api.rows("SELECT topic FROM waybill.published_topic") == []


def test_a_test_order_is_told_to_nobody(api: Api, states: States) -> None:
    order(api, "t", who="pos-test")

    states.run()

    assert api.rows("SELECT topic FROM waybill.published_topic") == []


def test_a_reader_reads_nothing_of_devices_and_writes_nothing(broker: Broker, states: States) -> None:
    states.run()

    with listening(broker, READER, "secret", ("waybill/v1/+/fixes", f"waybill/v1/{READER}/stored", "#")) as reader:
        assert all(reason.is_failure for reason in reader.granted.get(timeout=10))
        refused = []
        reader.client.on_publish = lambda _client, _data, _mid, reason, _properties: refused.append(reason)
        for topic in (f"waybill/v1/{READER}/fixes", "waybill/v1/fleet/store.van-1/state"):
            reader.client.publish(topic, b"{}", qos=1).wait_for_publish(10)
        assert [reason.is_failure for reason in refused] == [True, True]


def test_a_broker_that_does_not_let_us_in_is_told_with_the_way_out(
    api: Api, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.worker.states._PATIENCE_S", 0.1)
    stranger = States(StatesOptions(host=broker.host, port=broker.port, password="wrong"), api.database.gateway_url,
                      clock_at_noon())  # fmt: skip

    def told() -> str:
        with pytest.raises(BrokerAwayError) as caught:
            stranger.run()
        return str(caught.value)

    try:
        eventually(lambda: "waybill broker states gives it a password" in told(), within_s=60, how=told)
    finally:
        stranger.stop()
