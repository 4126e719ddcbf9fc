"""Phones at a real broker, a real API and a real gateway on one database, with a clock that moves when told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast

import httpx
import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from contract.clock import Clock, true_now
from contract.foreign import OSMAND, Sender
from gateway.api.app import make_app
from gateway.broker_admin import BrokerAdmin
from gateway.master.devices import add_device, find_device, issue_credentials
from gateway.master.senders import add_sender
from storage.audit import Actor
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually
from waybill.stack.broker import Broker

STAFF = Actor("account", "chief")


class MovedClock:
    """Shows what it was told last, and goes on from there; stands in for contract.clock.Clock."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def move(self, shown: datetime) -> None:
        self._ahead = shown - true_now()

    def at(self, wall: datetime) -> datetime:
        return wall + self._ahead

    def now(self) -> datetime:
        return self.at(true_now())

    def as_clock(self) -> Clock:
        return cast("Clock", self)


def add_phone(
    database: Database, broker_admin: BrokerAdmin, name: str, *senders: Sender, kind: str = "phone"
) -> tuple[str, str]:
    """A device with these senders; its broker password and the token of its sender by HTTP."""
    with psycopg.connect(database.gateway_url) as connection, connection.transaction():
        add_device(connection, name, actor=STAFF, at=true_now(), kind=kind)
        device = find_device(connection, name)
        tokens = [add_sender(connection, device, sender, actor=STAFF, at=true_now()) for sender in senders]
        passwords = issue_credentials(connection, broker_admin, [name], actor=STAFF, at=true_now())
    return passwords[name], next((token for token in tokens if token), "")


class Phone:
    """An MQTT 3.1.1 client that knows the PUBACK and nothing more, as OwnTracks is."""

    def __init__(self, broker: Broker, user: str, password: str) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=user, protocol=paho.MQTTv311)
        self.client.username_pw_set(user, password)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        eventually(self.client.is_connected)

    def publish(self, topic: str, body: bytes) -> None:
        self.client.publish(topic, body, qos=1).wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def phone(broker: Broker, user: str, password: str) -> Iterator[Phone]:
    made = Phone(broker, user, password)
    try:
        yield made
    finally:
        made.close()


class Http:
    """The API over the test's database."""

    def __init__(self, database: Database) -> None:
        self._url = database.gateway_url
        self._app = make_app(self._connect)

    @contextmanager
    def _connect(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self._url, connect_timeout=3) as connection:
            yield connection

    def send(self, token: str, body: bytes, *, method: str = "GET", address: str = "203.0.113.7") -> httpx.Response:
        """The body as query with GET, as body with POST."""
        path = f"/v1/osmand/{token}"
        more: dict[str, Any] = {"content": body} if method == "POST" else {}
        url = path if method == "POST" else f"{path}?{body.decode()}"

        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://api", timeout=30) as client:
                return await client.request(method, url, **more)

        return asyncio.run(request())


def osmand(address: str) -> Sender:
    return Sender(OSMAND, address)
