"""Publishes vehicles' states and orders' milestones, retained, for readers at the broker. Knows no customer.

On every connection all of it is said again: a broker that lost its store has lost what was retained. The database
remembers which topics hold something, so that an order that ended while nobody published is cleared as well.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from contract.clock import Clock, true_now
from contract.states import OrderState, VehicleState
from contract.topics import fleet_topic, milestone_topic, parse_milestone_topic
from gateway.broker_roles import STATES
from gateway.worker.jobs import CONNECT_S, Job
from storage.states import (
    FleetRow,
    OrderRow,
    fleet_states,
    note_cleared,
    note_published,
    open_order_states,
    order_states_of,
    published_topics,
)

log = logging.getLogger(__name__)

_EVERY_S = 2.0
_PATIENCE_S = 20.0
# An order whose window ended so long ago and that nobody ended is forgotten here, not in the records.
_RECENT = timedelta(days=7)


class StatesOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is, and our password there."""

    host: str
    port: int
    password: str
    tls_ca: str | None = None


class BrokerAwayError(Exception):
    """What is to be said cannot be said now; it is said when the broker is back."""


class States:
    """One connection as the user `states`; it reconnects by itself."""

    def __init__(self, options: StatesOptions, database_url: str, clock: Clock) -> None:
        self._options = options
        self._database_url = database_url
        self._clock = clock
        self._connected = threading.Event()
        self._said: dict[str, bytes] = {}  # on this connection
        self._refusal = "it does not answer"
        self._refused: str | None = None  # why it did not take what we said
        self._client: mqtt.Client | None = None

    def run(self) -> None:
        """Says what is new since the last time."""
        client = self._client = self._client or self._start()
        if not self._connected.wait(_PATIENCE_S):
            place = f"{self._options.host}:{self._options.port}"
            raise BrokerAwayError(f"the broker at {place} does not take the user {STATES}: {self._refusal}")
        with psycopg.connect(self._database_url, connect_timeout=CONNECT_S) as connection:
            wanted = self._wanted(connection)
            held = published_topics(connection)
            new = {topic: body for topic, body in wanted.items() if self._said.get(topic) != body}
            # Before: what is at the broker is in the table even when we are killed between the two.
            note_published(connection, sorted(new), true_now())
            connection.commit()
            gone = held - wanted.keys()
            ended = [one for one in map(parse_milestone_topic, sorted(gone)) if one is not None]
            last_words = [_order_message(row) for row in order_states_of(connection, ended)]
            _publish(client, new.items(), retain=True)
            # Whoever listens hears how the order ended; whoever comes later finds nothing.
            _publish(client, last_words, retain=False)
            _publish(client, ((topic, b"") for topic in gone), retain=True)
            if self._refused is not None:
                refused, self._refused = self._refused, None
                raise BrokerAwayError(f"the broker refuses what {STATES} says ({refused}): waybill broker states")
            note_cleared(connection, sorted(gone))
        self._said = wanted

    def stop(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client.on_connect = self._client.on_disconnect = None

    def _wanted(self, connection: psycopg.Connection) -> dict[str, bytes]:
        """Topic -> body of what is to be retained."""
        wanted = dict(map(_vehicle_message, fleet_states(connection)))
        rows = open_order_states(connection, self._clock.now() - _RECENT)
        return wanted | dict(map(_order_message, rows))

    def _start(self) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, STATES, protocol=mqtt.MQTTv5)
        client.username_pw_set(STATES, self._options.password)
        client.max_inflight_messages_set(1000)
        client.max_queued_messages_set(0)
        if self._options.tls_ca is not None:
            client.tls_set(ca_certs=self._options.tls_ca)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.connect_async(self._options.host, self._options.port)
        client.loop_start()
        return client

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self._refusal = f"{reason}; waybill broker states gives it a password"
            return
        self._said = {}
        self._connected.set()

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if self._connected.is_set():
            self._refusal = str(reason)
        self._connected.clear()

    def _on_publish(self, _client: Any, _data: Any, _mid: Any, reason: ReasonCode, _properties: Any) -> None:
        # "No matching subscribers" is none: what is retained waits for them.
        if reason.is_failure:
            self._refused = str(reason)


def _vehicle_message(van: FleetRow) -> tuple[str, bytes]:
    state = VehicleState(
        v=1, premises=van.premises, vehicle=van.vehicle, under_way=van.under_way, fixed_at=van.fixed_at,
        lat_e7=van.lat_e7, lon_e7=van.lon_e7, speed_mps=van.speed_mps, course_deg=van.course_deg, trip_no=van.trip_no,
        drops=van.drops if van.trip_no else None, drops_open=van.drops_open if van.trip_no else None,
    )  # fmt: skip
    return fleet_topic(van.premises, van.vehicle), msgspec.json.encode(state)


def _order_message(order: OrderRow) -> tuple[str, bytes]:
    said = OrderState(v=1, premises=order.premises, order_no=order.order_no, milestone=order.milestone, at=order.at)
    return milestone_topic(order.premises, order.order_no), msgspec.json.encode(said)


def publish_states(options: StatesOptions, database_url: str, clock: Clock) -> Job:
    """Again and again what changed; 2 s is what a map on a wall needs."""
    return Job("states", _EVERY_S, States(options, database_url, clock).run)


def _publish(client: mqtt.Client, messages: Iterable[tuple[str, bytes]], *, retain: bool) -> None:
    """Returns when the broker has all of it; raises when it refuses, or does not answer."""
    sent = [(topic, client.publish(topic, body, qos=1, retain=retain)) for topic, body in messages]
    for topic, message in sent:
        try:
            message.wait_for_publish(_PATIENCE_S)
        except (RuntimeError, ValueError) as error:
            raise BrokerAwayError(f"{topic} could not be published: {error}") from error
        if not message.is_published():
            raise BrokerAwayError(f"the broker did not acknowledge {topic} within {_PATIENCE_S:g} s")
