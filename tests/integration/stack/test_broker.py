"""The broker's doors, tried with real clients; no topic of another device, no name without its password."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from contract.topics import COMMAND, FIXES, REJECTED, STATUS, STORED, channel_filter
from gateway.broker_admin import BrokerAdmin, BrokerAdminError, BrokerRefusedError, BrokerUnreachableError
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, BROKER_GATEWAY_PASSWORD, new_broker
from waybill.stack.broker import Broker, BrokerError
from waybill.stack.ports import Ports

PATIENCE_S = 5.0
CHANNELS = (FIXES, STATUS, STORED, REJECTED, COMMAND)


class Client:
    """A plain MQTT 5 client that waits for each answer."""

    def __init__(self, broker: Broker, name: str | None, password: str | None) -> None:
        self._mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, "any", protocol=mqtt.MQTTv5, reconnect_on_failure=False)
        if name is not None:
            self._mqtt.username_pw_set(name, password)
        self._answers: dict[str, list[ReasonCode]] = {}
        self._changed = threading.Condition()
        self.received: list[tuple[str, bytes]] = []
        self._mqtt.on_connect = lambda _c, _d, _f, reason, _p: self._note("connect", [reason])
        self._mqtt.on_publish = lambda _c, _d, mid, reason, _p: self._note(f"publish {mid}", [reason])
        self._mqtt.on_subscribe = lambda _c, _d, mid, reasons, _p: self._note(f"subscribe {mid}", reasons)
        self._mqtt.on_message = self._receive
        self._mqtt.connect(broker.host, broker.port)
        self._mqtt.loop_start()
        self.connected = self._answer("connect")

    def publish(self, topic: str, payload: bytes = b"x") -> str:
        return self._answer(f"publish {self._mqtt.publish(topic, payload, qos=1).mid}")

    def subscribe(self, topic: str) -> str:
        return self._answer(f"subscribe {self._mqtt.subscribe(topic, qos=1)[1]}")

    def wait_for(self, topic: str) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: topic in [name for name, _ in self.received], PATIENCE_S)

    def close(self) -> None:
        self._mqtt.disconnect()
        self._mqtt.loop_stop()

    def _note(self, question: str, answer: list[ReasonCode]) -> None:
        with self._changed:
            self._answers[question] = answer
            self._changed.notify_all()

    def _receive(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.received.append((message.topic, message.payload))
            self._changed.notify_all()

    def _answer(self, question: str) -> str:
        with self._changed:
            assert self._changed.wait_for(lambda: question in self._answers, PATIENCE_S), f"no answer to {question}"
            return str(self._answers[question][0])


@contextmanager
def client(broker: Broker, name: str | None, password: str | None) -> Iterator[Client]:
    made = Client(broker, name, password)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def two_devices(broker_admin: BrokerAdmin) -> None:
    broker_admin.put({"gps-01": "first", "gps-02": "second"})


@pytest.mark.usefixtures("two_devices")
def test_device_writes_its_own_topics_and_is_refused_on_all_others(broker: Broker) -> None:
    with client(broker, "gps-01", "first") as device, client(broker, "gateway", BROKER_GATEWAY_PASSWORD) as gateway:
        for channel in (FIXES, STATUS):
            gateway.subscribe(channel_filter(channel))
        answers = {
            (name, channel): device.publish(f"waybill/v1/{name}/{channel}")
            for name in ("gps-01", "gps-02", "gateway", "gps-01/x", "")
            for channel in CHANNELS
        }
        elsewhere = [
            device.publish(topic)
            for topic in ("anything", "waybill/v1/gps-01", "waybill/v2/gps-01/fixes", "owntracks/gps-01/phone",
                          "flespi/message/gw/devices/1", "$CONTROL/dynamic-security/v1")
        ]  # fmt: skip

    allowed = {place for place, answer in answers.items() if answer == "Success"}
    assert allowed == {("gps-01", FIXES), ("gps-01", STATUS)}
    assert {answer for place, answer in answers.items() if place not in allowed} == {"Not authorized"}
    assert set(elsewhere) == {"Not authorized"}


@pytest.mark.usefixtures("two_devices")
def test_device_hears_only_what_is_said_to_it(broker: Broker) -> None:
    with client(broker, "gps-01", "first") as device, client(broker, "gateway", BROKER_GATEWAY_PASSWORD) as gateway:
        for topic in ("#", "waybill/v1/+/fixes", "waybill/v1/gps-01/stored", "$CONTROL/#"):
            device.subscribe(topic)
        with client(broker, "gps-02", "second") as other:
            other.publish("waybill/v1/gps-02/fixes")
        for channel in (STORED, REJECTED, COMMAND):
            gateway.publish(f"waybill/v1/gps-02/{channel}")
        gateway.publish("waybill/v1/gps-01/stored")

        assert device.wait_for("waybill/v1/gps-01/stored")
        assert {topic for topic, _ in device.received} == {"waybill/v1/gps-01/stored"}


@pytest.mark.usefixtures("two_devices")
def test_a_foreign_sender_writes_its_one_topic_beside_its_own_and_no_other(
    broker: Broker, broker_admin: BrokerAdmin
) -> None:
    broker_admin.put({"phone-1": "first"})
    broker_admin.allow("phone-1", ["owntracks/jj/phone"])
    broker_admin.allow("phone-1", ["owntracks/jj/tablet"])  # in place of the first
    topics = ("owntracks/jj/phone", "owntracks/jj/tablet/event", "owntracks/phone-1/x", "waybill/v1/gps-01/fixes")

    with client(broker, "phone-1", "first") as phone, client(broker, "gateway", BROKER_GATEWAY_PASSWORD) as gateway:
        gateway.subscribe("owntracks/+/+")
        allowed = phone.publish("owntracks/jj/tablet")
        refused = {phone.publish(topic) for topic in topics}
        heard = gateway.wait_for("owntracks/jj/tablet")
    broker_admin.remove(["phone-1"])
    broker_admin.put({"phone-1": "again"})
    with client(broker, "phone-1", "again") as phone:
        afterwards = phone.publish("owntracks/jj/tablet")
    broker_admin.remove(["phone-1"])

    assert (allowed, heard) == ("Success", True)
    assert refused == {"Not authorized"}
    assert afterwards == "Not authorized"


@pytest.mark.parametrize(
    ("name", "password"),
    [("gps-01", "second"), ("gps-01", ""), ("gps-99", "first"), ("gateway", "first"), ("admin", "x"), (None, None)],
)
def test_nobody_enters_without_the_right_name_and_password(
    broker: Broker, name: str | None, password: str | None
) -> None:
    with client(broker, name, password) as stranger:
        assert stranger.connected == "Not authorized"


def test_gateway_and_admin_do_their_own_work_only(broker: Broker) -> None:
    with client(broker, "gateway", BROKER_GATEWAY_PASSWORD) as gateway:
        assert gateway.publish("waybill/v1/gps-01/fixes") == "Not authorized"
        assert gateway.publish("$CONTROL/dynamic-security/v1") == "Not authorized"
    with client(broker, "admin", BROKER_ADMIN_PASSWORD) as admin:
        assert admin.publish("waybill/v1/gps-01/fixes") == "Not authorized"
        assert admin.publish("waybill/v1/gps-01/stored") == "Not authorized"


def test_credential_is_replaced_and_removed_while_the_broker_runs(broker: Broker, broker_admin: BrokerAdmin) -> None:
    broker_admin.put({"gps-50": "old"})
    broker_admin.put({"gps-50": "new"})
    with client(broker, "gps-50", "old") as late, client(broker, "gps-50", "new") as device:
        after_replacing = (late.connected, device.connected)

    broker_admin.remove(["gps-50", "gps-51"])
    with client(broker, "gps-50", "new") as device:
        after_removing = device.connected

    assert after_replacing == ("Not authorized", "Success")
    assert after_removing == "Not authorized"


@pytest.mark.parametrize("name", ["admin", "gateway", "GPS-1", "gps/1", "+", "", "a" * 33])
def test_names_that_are_no_device_are_refused_before_the_broker_hears_of_them(
    broker_admin: BrokerAdmin, name: str
) -> None:
    with pytest.raises(BrokerAdminError, match=r"device name"):
        broker_admin.put({name: "x"})


def test_wrong_administrator_and_missing_broker_are_told_apart(broker: Broker, server_ports: Ports) -> None:
    with pytest.raises(BrokerRefusedError, match="WAYBILL_BROKER_ADMIN_PASSWORD"):
        BrokerAdmin(broker.host, broker.port, "wrong").put({"gps-60": "x"})
    with pytest.raises(BrokerUnreachableError, match="no broker at"):
        BrokerAdmin(broker.host, server_ports.claim(0), "x").put({"gps-60": "x"})


def test_two_administrators_at_once_both_get_their_way(broker: Broker, broker_admin: BrokerAdmin) -> None:
    names = [[f"pair-{side}-{number}" for number in range(60)] for side in (1, 2)]
    threads = [threading.Thread(target=broker_admin.put, args=(dict.fromkeys(side, "p"),)) for side in names]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for side in names:
        with client(broker, side[-1], "p") as device:
            assert device.connected == "Success"


def test_a_thousand_credentials_leave_the_broker_healthy(server_folder: Path, server_ports: Ports) -> None:
    # With memory_limit in mosquitto.conf the broker runs "out of memory" after some 20 of them.
    with new_broker(server_folder / "many-devices", server_ports) as broker:
        admin = BrokerAdmin(broker.host, broker.port, BROKER_ADMIN_PASSWORD)
        admin.put({f"gps-{number:04}": "p" for number in range(1000)})

        with client(broker, "gps-0999", "p") as device:
            assert device.publish("waybill/v1/gps-0999/fixes") != "Not authorized"


def test_killed_broker_keeps_names_and_starts_again_on_the_same_data(server_folder: Path, server_ports: Ports) -> None:
    broker = new_broker(server_folder / "killed-broker", server_ports)
    with broker:
        BrokerAdmin(broker.host, broker.port, BROKER_ADMIN_PASSWORD).put({"gps-01": "first"})
        broker.kill()
        assert broker.pid is None
        broker.start()
        with client(broker, "gps-01", "first") as device:
            assert device.connected == "Success"


def test_a_broker_whose_state_is_rubbish_names_the_file_and_starts_without_it(
    server_folder: Path, server_ports: Ports
) -> None:
    broker = new_broker(server_folder / "rubbish-broker", server_ports)
    with broker:
        BrokerAdmin(broker.host, broker.port, BROKER_ADMIN_PASSWORD).put({"gps-01": "first"})
        broker.stop()
        kept = broker.data_dir / "state" / "mosquitto.db"
        kept.write_bytes(b"\x93rubbish" * 60)

        with pytest.raises(BrokerError, match=r"mosquitto\.db cannot be read: move it away"):
            broker.start()
        kept.rename(kept.with_suffix(".unreadable"))
        broker.start()

        with client(broker, "gps-01", "first") as device:
            assert device.connected == "Success"  # credentials are a file of their own
