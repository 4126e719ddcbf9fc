"""A database that was brought back to an older state: no receipt may claim more than it has, wherever one was kept."""

from __future__ import annotations

from collections.abc import Callable

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from contract.codec import encode
from contract.messages import Receipt
from contract.topics import device_topic
from tests.fixtures.database import Database
from tests.fixtures.gateway import Device, eventually, register, running_gateway
from tests.fixtures.servers import BROKER_GATEWAY_PASSWORD
from waybill.stack.broker import Broker


def leave_receipt(broker: Broker, device: str, receipt: Receipt) -> None:
    """A retained receipt, as a gateway left it before the database was lost."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gateway", protocol=paho.MQTTv5)
    client.username_pw_set("gateway", BROKER_GATEWAY_PASSWORD)
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.publish(device_topic(device, "stored"), encode(receipt), qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_a_receipt_of_what_the_database_lost_is_replaced_for_every_device(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: Callable[[str], Device]
) -> None:
    register(owner, "older-a")
    device = make_device("older-a")
    lost = Receipt(spool=device.spool, through=50)
    leave_receipt(broker, "older-a", lost)
    assert device.receipt(50) == lost

    with running_gateway(broker, database):
        replaced = device.receipts.get(timeout=15)
        later = make_device("older-a")  # what a unit hears that was away meanwhile
        kept = eventually(lambda: None if later.receipts.empty() else later.receipts.get())

    assert (replaced.through, replaced.also) == (0, [])
    assert replaced.spool != device.spool
    assert kept == replaced
