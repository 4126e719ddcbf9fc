"""What a broken or hostile device may send without stopping the gateway for the others."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import psycopg
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.clock import true_now
from contract.times import format_instant
from contract.topics import FIXES, STATUS, device_topic
from tests.fixtures.database import Database
from tests.fixtures.gateway import Device, eventually, register, running_gateway
from waybill.stack.broker import Broker

MakeDevice = Callable[[str], Device]


def fix_body(spool: str = "0123456789abcdef", **changes: object) -> bytes:
    entry = {"fixed_at": format_instant(true_now()), "lat": 60.17, "lon": 24.94, "seq": 1}
    return msgspec.json.encode({"v": 1, "spool": spool, "fixes": [{**entry, **changes}]})


def send_with_properties(device: Device, seq: int, pairs: list[tuple[str, str]]) -> None:
    properties = Properties(PacketTypes.PUBLISH)
    properties.UserProperty = pairs
    topic = device_topic(device.name, FIXES)
    device.client.publish(topic, fix_body(seq=seq), qos=1, properties=properties).wait_for_publish(10)


def counts(owner: psycopg.Connection) -> tuple[int, ...] | None:
    """Rejects, and fixes of both devices."""
    return owner.execute("SELECT (SELECT count(*) FROM waybill.reject), (SELECT count(*) FROM waybill.fix)").fetchone()


def hostile_messages(device: Device) -> None:
    for body in (
        fix_body(quality="\x00"),
        fix_body(satellites=10**300),
        fix_body(seq=2, zzz="\x00" * 9),
        msgspec.json.encode({"spool": "0123456789abcdef", "boot": 2**40, "fixes": []}),
        fix_body(seq=2**63 - 1),
        b"[" * 200_000,
        b"\x00",
    ):
        device.send_raw(body)
    send_with_properties(device, 3, [("spool", "0123456789abcdef"), ("first", "1"), ("last", "9" * 20_000)])
    send_with_properties(device, 4, [("spool", "\u00e4"), ("first", "-1"), ("last", "\u00b2")])
    for status in (b'{"state":"\\u0000"}', b'{"state":"online","backlog":1e400}', b'{"state":"online","at":"\\u0000"}'):
        device.client.publish(device_topic(device.name, STATUS), status, qos=1).wait_for_publish(10)


def test_whatever_one_device_sends_another_is_stored_and_confirmed(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "hostile-a")
    register(owner, "hostile-b", vehicle="01900000-0000-7000-8000-000000000003", name="van-2")
    with running_gateway(broker, database):
        hostile, honest = make_device("hostile-a"), make_device("hostile-b")

        hostile_messages(hostile)
        honest.spool = "fedcba9876543210"  # a spool is one device's
        honest.send_raw(fix_body(honest.spool), first=1, last=1)
        honest.receipt(through=1)
        eventually(lambda: counts(owner) == (9, 4))
