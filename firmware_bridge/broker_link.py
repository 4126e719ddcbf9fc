"""One connection to the broker: how it is opened, and what the broker answers to each message. Knows no spool."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.client import MQTT_ERR_SUCCESS
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

KEEPALIVE_S = 30
# The broker keeps our subscriptions and the receipts it has for us through an outage of this length; after that the
# retained receipt is enough. (A day: a van stands over night.)
SESSION_EXPIRY_S = 86_400
# Only what went to somebody's session counts as sent; 0x10 says that no gateway was ever connected.
NO_SUBSCRIBERS = 0x10
FAILURE = 0x80
TAKEN_OVER = 0x8E  # another connection has come under our name

REMEDIES = {
    0x10: "no gateway has subscribed yet: start the gateway",
    0x87: "the broker's rules forbid it: user name, device name and topic must agree; check the device's credential",
    0x97: "the broker's quota is full: see max_queued_messages and memory_limit in mosquitto.conf",
    0x95: "the message is larger than the broker's max_packet_size",
}


class ClientCertificate(msgspec.Struct, frozen=True):
    """How a device shows who it is in place of a password: PEM texts, the key unencrypted."""

    certificate_pem: str
    key_pem: str

    def load_into(self, context: ssl.SSLContext) -> None:
        # ssl takes them from a file only: one in memory, so that the key lies on no disk a second time.
        descriptor = os.memfd_create("certificate")
        try:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(f"{self.key_pem}\n{self.certificate_pem}\n".encode())
            context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        except ssl.SSLError as error:
            raise ValueError(f"certificate and key of the device do not fit together: {error}") from error
        finally:
            os.close(descriptor)


def read_certificate(certificate_file: Path, key_file: Path) -> ClientCertificate:
    """From the two files of a setting; raises OSError, or ValueError when they do not fit together."""
    certificate = ClientCertificate(certificate_file.read_text(encoding="utf-8"), key_file.read_text(encoding="utf-8"))
    certificate.load_into(ssl.create_default_context())
    return certificate


class BrokerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is and how a device shows who it is.

    `ca_file`, or its content `ca_pem`, switches TLS on; so does `certificate`, with the system's authorities if neither
    of them is given.
    """

    host: str
    port: int
    password: str | None = None
    certificate: ClientCertificate | None = None
    ca_file: Path | None = None
    ca_pem: str | None = None

    @property
    def uses_tls(self) -> bool:
        return self.ca_file is not None or self.ca_pem is not None or self.certificate is not None

    def tls(self) -> ssl.SSLContext | None:
        if not self.uses_tls:
            return None
        context = ssl.create_default_context(
            cafile=None if self.ca_file is None else str(self.ca_file), cadata=self.ca_pem
        )
        if self.certificate is not None:
            self.certificate.load_into(context)
        return context


class BrokerLink(aiomqtt.Client):
    """aiomqtt's client, with the reason codes of PUBACKs.

    aiomqtt 2.5.1 drops the reason code in `_on_publish`, so that `publish()` returns normally when the ACL refuses
    (0x87) or nobody subscribes (0x10). This class reads the code there, and sends without waiting for the PUBACK, so
    that several messages are under way at once and keep their order.
    """

    def __init__(self, device: str, address: BrokerAddress, will: aiomqtt.Will, answered: Callable[[int, int], None]):
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        super().__init__(
            address.host,
            address.port,
            username=device,
            password=address.password,
            identifier=device,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=properties,
            keepalive=KEEPALIVE_S,
            will=will,
            tls_context=address.tls(),
        )
        self._answered = answered
        self.taken_over = False  # it ended because another unit has our name

    def send(self, topic: str, body: bytes, user_properties: list[tuple[str, str]]) -> int:
        """Puts one QoS 1 message on its way and gives its id; `answered(mid, reason)` tells what became of it."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.UserProperty = user_properties
        info = self._client.publish(topic, body, qos=1, properties=properties)
        if info.rc != MQTT_ERR_SUCCESS:
            raise aiomqtt.MqttCodeError(info.rc, "could not send")
        return info.mid

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: ReasonCode, properties: Any) -> None:
        super()._on_publish(client, userdata, mid, reason_code, properties)
        self._answered(mid, int(reason_code.value))

    def _on_disconnect(
        self, client: Any, userdata: Any, flags: Any, reason_code: ReasonCode, properties: Any = None
    ) -> None:
        self.taken_over = reason_code.value == TAKEN_OVER
        super()._on_disconnect(client, userdata, flags, reason_code, properties)
        if self._disconnected.done() and not self._disconnected.cancelled():
            # Looked at here, because aiomqtt leaves it unread when a connection breaks before anybody waits for a
            # message, and asyncio then prints "exception was never retrieved" for every broken line.
            self._disconnected.exception()


class ReadRefusedError(aiomqtt.MqttError):
    """The broker lets a device in but not read its receipts: nothing it sends could ever be confirmed."""


def is_refusal(reason: int) -> bool:
    return reason == NO_SUBSCRIBERS or reason >= FAILURE


def remedy(reason: int) -> str:
    return REMEDIES.get(reason, "see MQTT 5's list of reason codes")


def connect_remedy(error: BaseException, device: str, address: BrokerAddress) -> str:
    """What to do about a connection that failed, in words a technician can use."""
    text = str(error)
    if isinstance(error, ReadRefusedError):
        return f"check the device's credential: waybill device enroll {device} on the server gives a new one"
    if isinstance(error, MqttConnectError) or "ot authorized" in text:
        return f"the broker does not accept the name {device} with this password: check the device's credential"
    if "refused" in text:
        return f"nothing listens there: start the broker, or correct the port {address.port}"
    if "ALERT" in text.upper():
        return (
            f"the broker wants another certificate of the device: waybill device enroll {device} on the server"
            if address.certificate
            else f"the port {address.port} may be the one for devices with a certificate"
        )
    if "CERTIFICATE" in text.upper():
        return "the broker's certificate is expired, for another name, or not signed by the authorities given (ca_file)"
    return "check the address and the link; fixes are kept in the spool meanwhile"
