"""`waybill device settings` through the running gateway to a device at the real broker, and back."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
import pytest

from contract.codec import encode
from contract.messages import Refused, Status
from contract.topics import COMMAND, STATUS, device_topic
from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.fixtures.gateway import Device, eventually, register, running_gateway
from waybill.stack.broker import Broker

MakeDevice = Callable[[str], Device]


@contextmanager
def commands_of(device: Device) -> Iterator[queue.SimpleQueue[dict[str, Any]]]:
    """What the device is told. The broker keeps the last word: a name of its own for each test."""
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    topic = device_topic(device.name, COMMAND)
    device.client.message_callback_add(
        topic, lambda _c, _u, message: message.payload and heard.put(msgspec.json.decode(message.payload))
    )
    device.client.subscribe(topic, qos=1)
    yield heard


def test_settings_reach_the_device_and_its_answer_comes_back(
    waybill_with_broker: Waybill,
    database: Database,
    broker: Broker,
    owner: psycopg.Connection,
    make_device: MakeDevice,
) -> None:
    waybill = waybill_with_broker
    register(owner, "gps-401")
    device = make_device("gps-401")
    with running_gateway(broker, database), commands_of(device) as heard:
        sent = waybill("device", "settings", "gps-401", "heartbeat_s=60", "off_duty=true")
        first = heard.get(timeout=20)
        status = Status(state="online", applied=first["id"])
        device.client.publish(device_topic("gps-401", STATUS), encode(status), qos=1, retain=True)
        eventually(lambda: "has taken them" in waybill("device", "settings", "gps-401").out)

        waybill("device", "settings", "gps-401", "off_duty=null", "turn_deg=20")
        second = heard.get(timeout=20)
        refused = Refused(id=second["id"], field="turn_deg", why="not on this unit")
        status = Status(state="online", applied=first["id"], refused=refused)
        device.client.publish(device_topic("gps-401", STATUS), encode(status), qos=1, retain=True)
        eventually(lambda: "refuses them: turn_deg: not on this unit" in waybill("device", "settings", "gps-401").out)

    assert sent.exit_code == 0
    assert "has not answered yet" in sent.out
    assert first["settings"] == {"heartbeat_s": 60, "off_duty": True}
    assert second["settings"] == {"heartbeat_s": 60, "off_duty": None, "turn_deg": 20}
    audit = "SELECT before, after FROM waybill.audit_event WHERE action = 'device.settings_sent' ORDER BY recorded_at"
    assert owner.execute(audit).fetchall() == [
        ({}, first["settings"]), (first["settings"], second["settings"]),
    ]  # fmt: skip


def test_a_gateway_that_starts_again_repeats_the_command_that_counts(
    waybill_with_broker: Waybill,
    database: Database,
    broker: Broker,
    owner: psycopg.Connection,
    make_device: MakeDevice,
) -> None:
    register(owner, "gps-402")
    for change in ("heartbeat_s=60", "heartbeat_s=90"):
        waybill_with_broker("device", "settings", "gps-402", change)
    device = make_device("gps-402")

    with commands_of(device) as heard:
        with running_gateway(broker, database):
            first = heard.get(timeout=20)
        with running_gateway(broker, database):
            again = heard.get(timeout=20)

    assert first == again
    assert first["settings"] == {"heartbeat_s": 90}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("heartbeat_s=1", "heartbeat_s: "),
        ("colour=red", "colour: no such setting; there are report_interval_s"),
        ("off_duty=perhaps", "off_duty: "),
        ("heartbeat_s", "'heartbeat_s' is not KEY=VALUE"),
    ],
)
def test_what_no_device_would_take_is_refused_and_not_kept(
    waybill: Waybill, owner: psycopg.Connection, word: str, said: str
) -> None:
    register(owner, "gps-403")

    answer = waybill("device", "settings", "gps-403", word)

    assert answer.exit_code == 1
    assert said in answer.error
    assert owner.execute("SELECT count(*) FROM waybill.device_command").fetchone() == (0,)
    assert "was told nothing yet" in waybill("device", "settings", "gps-403").err
