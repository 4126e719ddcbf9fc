"""Devices with a certificate in place of a password: enrolled, kept to their topics, rotated and revoked. Over TLS."""

from __future__ import annotations

import asyncio
import queue
import ssl
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from contract.clock import SYSTEM, true_now
from firmware_bridge import mounting_check
from firmware_bridge.bridge import BridgeOptions
from firmware_bridge.broker_link import ClientCertificate
from firmware_bridge.enrolment import make_key, read_enrolment
from firmware_bridge.mounting_check import Finding, check_mounting
from firmware_bridge.sources.urls import open_source
from gateway.broker_admin import BrokerAdmin
from gateway.device_ca import load_ca, make_ca, read_request
from tests.fixtures.command_line import Waybill, caller, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, BROKER_GATEWAY_PASSWORD, new_broker
from tests.integration.waybill.test_bridge_setup import SOURCE, unit
from waybill.stack.broker import Broker
from waybill.stack.broker_tls import TlsListeners
from waybill.stack.ports import Ports

FORBIDDEN = 0x87


@dataclass
class Place:
    """A broker with its TLS listeners on, and who signs for it."""

    broker: Broker
    tls: TlsListeners
    ca_dir: Path

    @property
    def admin(self) -> BrokerAdmin:
        return BrokerAdmin(self.broker.host, self.broker.port, BROKER_ADMIN_PASSWORD)

    def certificate(self, user: str) -> ClientCertificate:
        """Signed by the installation, whether its broker was told of the user or not."""
        key_pem, csr_pem = make_key()
        signed = load_ca(self.ca_dir).sign(read_request(csr_pem), user, true_now())
        return ClientCertificate(signed.pem, key_pem)


@pytest.fixture(scope="module")
def place(server_folder: Path, server_ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("ca")
    assert caller({})("broker", "certificates", str(folder), "--host", "127.0.0.1").exit_code == 0
    tls = TlsListeners(server_ports.claim(0), server_ports.claim(0), folder)
    with new_broker(server_folder / "tls", server_ports, tls) as broker:
        yield Place(broker, tls, folder)


@dataclass
class Line:
    """One TLS connection that does not come back by itself, and what the broker said to it."""

    client: paho.Client
    said: queue.SimpleQueue[object] = field(default_factory=queue.SimpleQueue)

    def next(self) -> object:
        return self.said.get(timeout=10)

    def publish(self, topic: str) -> int:
        self.client.publish(topic, b"{}", qos=1)
        answer = self.next()
        assert isinstance(answer, int), answer
        return answer

    def subscribe(self, topic: str) -> int:
        self.client.subscribe(topic, qos=1)
        answer = self.next()
        assert isinstance(answer, int), answer
        return answer


@contextmanager
def line(
    place: Place,
    port: int,
    *,
    client_id: str,
    certificate: ClientCertificate | None = None,
    password: str | None = None,
) -> Iterator[Line]:
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5, reconnect_on_failure=False
    )
    made = Line(client)
    context = ssl.create_default_context(cafile=str(place.ca_dir / "device-ca.pem"))
    if certificate is not None:
        certificate.load_into(context)
    client.tls_set_context(context)
    client.username_pw_set(client_id, password)
    client.on_connect = lambda _c, _d, _f, reason, _p: made.said.put(str(reason))
    client.on_disconnect = lambda *_rest: made.said.put("cut off")
    client.on_publish = lambda _c, _d, _mid, reason, _p: made.said.put(reason.value)
    client.on_subscribe = lambda _c, _d, _mid, reasons, _p: made.said.put(reasons[0].value)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield made
    finally:
        client.disconnect()
        client.loop_stop()
        client.on_connect = client.on_disconnect = client.on_publish = client.on_subscribe = None


def test_a_certificate_opens_its_devices_topics_and_no_other(place: Place) -> None:
    place.admin.admit("gps-501", 1)
    with line(place, place.tls.certificate_port, client_id="x", certificate=place.certificate("gps-501.1")) as one:
        assert one.next() == "Success"
        assert one.publish("waybill/v1/gps-501/status") < 0x80
        assert one.publish("waybill/v1/gps-501/fixes") < 0x80
        assert [one.subscribe(f"waybill/v1/gps-501/{channel}") for channel in ("stored", "rejected", "command")] == [
            1
        ] * 3
        for topic in ("gps-502/fixes", "gps-502/status", "gps-501.1/fixes", "gps-501/stored", "gps-501/command"):
            assert one.publish(f"waybill/v1/{topic}") == FORBIDDEN, topic
        for topic in ("waybill/v1/gps-502/stored", "waybill/v1/gps-501/fixes", "waybill/v1/+/fixes", "#", "$SYS/#"):
            assert one.subscribe(topic) == FORBIDDEN, topic
        assert one.publish("$CONTROL/dynamic-security/v1") == FORBIDDEN


def test_who_says_anothers_name_throws_nobody_off(place: Place) -> None:
    """Neither by client id nor by user name, on every door: the certificate or the password decides."""
    place.admin.put({"gps-503": "password-503", "gps-504": "password-504"})
    place.admin.admit("gps-505", 1)
    port, doors = place.tls.password_port, place.tls
    with line(place, port, client_id="gps-503", password="password-503") as sitting:
        assert sitting.next() == "Success"
        with line(
            place, doors.certificate_port, client_id="gps-503", certificate=place.certificate("gps-505.1")
        ) as thief:
            assert thief.next() == "Success"
            assert thief.publish("waybill/v1/gps-503/status") == FORBIDDEN
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gps-503", protocol=paho.MQTTv5)
        client.username_pw_set("gps-504", "password-504")
        client.tls_set_context(ssl.create_default_context(cafile=str(place.ca_dir / "device-ca.pem")))
        entered: queue.SimpleQueue[str] = queue.SimpleQueue()
        client.on_connect = lambda _c, _d, _f, reason, _p: entered.put(str(reason))
        client.connect("127.0.0.1", port)
        client.loop_start()
        try:
            assert entered.get(timeout=10) == "Success"
            assert sitting.publish("waybill/v1/gps-503/status") < 0x80
            assert sitting.said.empty(), "cut off by somebody who said its name"
        finally:
            client.disconnect()
            client.loop_stop()
            client.on_connect = None


def test_a_certificates_number_counts_and_a_password_is_no_way_round(place: Place) -> None:
    old, new = place.certificate("gps-506.1"), place.certificate("gps-506.2")
    place.admin.admit("gps-506", 1)
    with line(place, place.tls.certificate_port, client_id="a", certificate=old) as using_the_old:
        assert using_the_old.next() == "Success"
        place.admin.admit("gps-506", 2)
        assert using_the_old.next() == "cut off"
    with line(place, place.tls.certificate_port, client_id="a", certificate=old) as back:
        assert back.next() == "Success"  # the broker asks nobody before the first message
        assert back.publish("waybill/v1/gps-506/fixes") == FORBIDDEN
        assert back.publish("waybill/v1/gps-506.1/fixes") == FORBIDDEN
        assert back.subscribe("waybill/v1/gps-506/stored") == FORBIDDEN
    with line(place, place.tls.certificate_port, client_id="a", certificate=new) as current:
        assert current.next() == "Success"
        assert current.publish("waybill/v1/gps-506/fixes") < 0x80
        place.admin.shut("gps-506", 2)
        assert current.next() == "cut off"
    with line(place, place.tls.certificate_port, client_id="a", certificate=new) as revoked:
        assert revoked.next() == "Success"
        assert revoked.publish("waybill/v1/gps-506/fixes") == FORBIDDEN
    with line(place, place.tls.password_port, client_id="gps-506.2", password="") as without:
        assert without.next() != "Success"


def test_what_others_signed_and_what_nobody_signed_does_not_get_in(place: Place, tmp_path: Path) -> None:
    make_ca(tmp_path, true_now())
    key_pem, csr_pem = make_key()
    forged = load_ca(tmp_path).sign(read_request(csr_pem), "gps-501.1", true_now())
    for certificate in (ClientCertificate(forged.pem, key_pem), None):
        with line(place, place.tls.certificate_port, client_id="gps-501.1", certificate=certificate) as outside:
            assert outside.next() == "cut off"
    # The certificate of the broker's own is for a server.
    server = ClientCertificate(*((place.ca_dir / name).read_text() for name in ("fullchain.pem", "privkey.pem")))
    with line(place, place.tls.certificate_port, client_id="gps-501.1", certificate=server) as posing:
        assert posing.next() == "cut off"


def test_a_certificate_of_the_authority_that_the_broker_was_not_told_of_opens_no_device(place: Place) -> None:
    with line(place, place.tls.certificate_port, client_id="a", certificate=place.certificate("gps-507.9")) as lost:
        assert lost.next() == "Success"
        assert lost.publish("waybill/v1/gps-507/fixes") == FORBIDDEN


@pytest.fixture
def server(place: Place, database: Database) -> Waybill:
    """The command line on the server's machine."""
    return caller(
        {
            **settings_of_tests(database),
            "WAYBILL_BROKER_PORT": str(place.broker.port),
            "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
            "WAYBILL_BROKER_ADMIN_PASSWORD": BROKER_ADMIN_PASSWORD,
            "WAYBILL_DEVICE_CA_DIR": str(place.ca_dir),
        }
    )


@pytest.fixture
def url(place: Place, database: Database, server_ports: Ports, tmp_path: Path) -> Iterator[str]:
    environ = {
        **settings_of_tests(database),
        "WAYBILL_BROKER_PORT": str(place.broker.port),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
        "WAYBILL_BROKER_ADMIN_PASSWORD": BROKER_ADMIN_PASSWORD,
        "WAYBILL_DEVICE_BROKER_TLS_CA": str(place.ca_dir / "device-ca.pem"),
        "WAYBILL_DEVICE_BROKER_CERTIFICATE_PORT": str(place.tls.certificate_port),
        "WAYBILL_DEVICE_CA_DIR": str(place.ca_dir),
        "WAYBILL_API_PORT": str(port := server_ports.claim(0)),
    }
    logs = {name: tmp_path / f"{name}.log" for name in ("gateway", "api")}
    with (
        waybill_process("gateway", environ=environ, log=logs["gateway"]),
        waybill_process("api", environ=environ, log=logs["api"]),
    ):
        eventually(lambda: "action=connected" in logs["gateway"].read_text())
        eventually(lambda: "action=listening" in logs["api"].read_text())
        yield f"http://127.0.0.1:{port}"


def link_of(enrolment: Path, folder: Path) -> Finding:
    """What the mounting check says of the link."""

    async def check() -> Finding:
        enrolled = read_enrolment(enrolment)
        source = open_source(SOURCE, SYSTEM)
        options = BridgeOptions(
            device=enrolled.device, source=source, spool_path=folder / "checked.db", broker=enrolled.address()
        )
        return next(finding for finding in [each async for each in check_mounting(options)] if finding.what == "link")

    return asyncio.run(check())


def test_a_technicians_way_with_a_certificate(
    server: Waybill, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("LISTEN_S", 1.0), ("LINK_S", 3.0), ("RECEIPT_S", 1.0)):
        monkeypatch.setattr(mounting_check, name, seconds)
    code = server("device", "add", "gps-511", "--tls").out.strip()
    enrolled = unit(tmp_path, "enroll", url, code, program="waybill-bridge")
    assert enrolled.returncode == 0, enrolled.stderr
    first = tmp_path / "enrolment.toml"
    held = tomllib.loads(first.read_text())
    assert (held["device"], "password" in held, "key_pem" in held) == ("gps-511", False, True)
    assert stat.S_IMODE(first.stat().st_mode) == 0o600

    capture = ("--source", SOURCE.replace("rate=1", "rate=max"), "--spool", str(tmp_path / "spool.db"))
    checked = unit(tmp_path, "bridge", "check", "--enrolment", str(first), "--source", SOURCE)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "with TLS as gps-511" in checked.stdout
    listed = server("device", "list").out
    assert "certificate until" in " ".join(listed.split())

    rotated = server("device", "rotate", "gps-511")
    second = unit(tmp_path, "bridge", "enroll", url, rotated.out.strip(), "--out", str(tmp_path / "second.toml"))
    assert second.returncode == 0, second.stderr
    ran = unit(tmp_path, "bridge", "--enrolment", str(tmp_path / "second.toml"), *capture)
    assert (ran.returncode, "confirmed by receipts" in ran.stdout) == (0, True), ran.stdout + ran.stderr
    old = link_of(first, tmp_path)
    assert not old.passed
    assert "waybill device enroll gps-511 on the server gives a new one" in old.said

    assert server("device", "revoke", "gps-511", "--reason", "stolen").exit_code == 0
    revoked = link_of(tmp_path / "second.toml", tmp_path)
    assert not revoked.passed
    assert "do not let this device read its receipts" in revoked.said


def test_a_bridge_without_a_code_takes_certificate_and_key_from_files(
    place: Place, server: Waybill, url: str, tmp_path: Path
) -> None:
    server("device", "add", "gps-512", "--tls")
    place.admin.admit("gps-512", 1)
    certificate = place.certificate("gps-512.1")
    (tmp_path / "gps.pem").write_text(certificate.certificate_pem)
    (tmp_path / "gps.key").write_text(certificate.key_pem)
    files = ("--certificate-file", "gps.pem", "--key-file", "gps.key", "--ca-file", str(place.ca_dir / "device-ca.pem"))
    broker = ("--device", "gps-512", "--broker", f"127.0.0.1:{place.tls.certificate_port}", *files)
    source = ("--spool", "spool.db", "--source", SOURCE.replace("rate=1", "rate=max"))

    ran = unit(tmp_path, "bridge", *broker, *source, program="waybill-bridge")

    assert ran.returncode == 0, ran.stderr
    assert "0 wait for receipts" in ran.stderr


def test_the_authority_is_made_once_and_never_replaced(tmp_path: Path) -> None:
    waybill = caller({})
    first = waybill("broker", "certificates", str(tmp_path / "ca"), "--host", "broker.example", "--host", "10.0.0.7")
    kept = {file.name: file.read_bytes() for file in (tmp_path / "ca").iterdir()}
    again = waybill("broker", "certificates", str(tmp_path / "ca"), "--host", "other.example")

    assert first.out.count(": made") == 2
    assert again.out.count(": was there already") == 2
    assert {file.name: file.read_bytes() for file in (tmp_path / "ca").iterdir()} == kept
    assert set(kept) == {"device-ca.pem", "device-ca.key", "fullchain.pem", "privkey.pem"}
    for name in ("device-ca.key", "privkey.pem"):
        assert stat.S_IMODE((tmp_path / "ca" / name).stat().st_mode) == 0o600
    (tmp_path / "ca" / "device-ca.key").unlink()
    half = waybill("broker", "certificates", str(tmp_path / "ca"))
    assert half.exit_code != 0
    assert "device-ca.pem without its other half" in half.error
    assert (tmp_path / "ca" / "device-ca.pem").read_bytes() == kept["device-ca.pem"]
