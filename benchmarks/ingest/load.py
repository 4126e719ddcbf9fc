"""Devices that publish as fast as the broker takes it: packets made beforehand, raw sockets, QoS 1. Measures nothing.

A client library would cost several times the processor time of the broker and hide what is measured.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from contract.codec import encode_fixes
from contract.fix import Fix, Quality
from contract.topics import FIXES, PROPERTY_FIRST, PROPERTY_LAST, PROPERTY_SPOOL, device_topic

_PACE_S = (
    0.002  # between two looks when paced: to wake for every PUBACK would take a fifth of a core from what is measured
)
WINDOW = 500  # unacknowledged messages per connection, as the peers of PERFORMANCE.md had in total


class Address(msgspec.Struct, frozen=True):
    """Where the broker is, the password of every device, and the certificate to trust when it speaks TLS."""

    host: str
    port: int
    password: str
    certificate: Path | None


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _packet(kind: int, body: bytes) -> bytes:
    length, left = b"", len(body)
    while True:
        left, digit = divmod(left, 128) if left >= 128 else (0, left)
        if left == 0:
            return bytes([kind]) + length + bytes([digit]) + body
        length += bytes([digit | 0x80])


def connect_packet(name: str, password: str) -> bytes:
    """MQTT 5 CONNECT, clean start, with user name and password."""
    head = _string("MQTT") + bytes([5, 0xC2]) + struct.pack(">H", 60) + b"\x00"
    return _packet(0x10, head + _string(name) + _string(name) + _string(password))


def publish_packet(topic: str, packet_id: int, claim: tuple[str, int, int], body: bytes) -> bytes:
    """MQTT 5 PUBLISH at QoS 1 with the claim as user properties."""
    pairs = ((PROPERTY_SPOOL, claim[0]), (PROPERTY_FIRST, str(claim[1])), (PROPERTY_LAST, str(claim[2])))
    properties = b"".join(b"\x26" + _string(name) + _string(value) for name, value in pairs)
    assert len(properties) < 128
    return _packet(0x32, _string(topic) + struct.pack(">H", packet_id) + bytes([len(properties)]) + properties + body)


def make_messages(device: str, spool: str, count: int, per_message: int, start: datetime) -> list[bytes]:
    """The packets of one device: `count` messages of `per_message` fixes a second apart, the first after `start`."""
    topic = device_topic(device, FIXES)
    packets = []
    for number in range(count):
        first = number * per_message + 1
        fixes = [_fix(device, spool, seq, start) for seq in range(first, first + per_message)]
        claim = (spool, first, first + per_message - 1)
        packets.append(publish_packet(topic, number % 65_535 + 1, claim, encode_fixes(fixes, 1)))
    return packets


def _fix(device: str, spool: str, seq: int, start: datetime) -> Fix:
    fixed_at = start + timedelta(seconds=seq)
    away = abs(int(fixed_at.timestamp()) % 10_000 - 5000)  # up and down one street, 1 m a second, in every load alike
    return Fix(
        device=device, spool_id=spool, seq=seq, fixed_at=fixed_at, lat_e7=601_700_000 + away * 90,
        lon_e7=249_400_000, altitude_m=21.5, speed_mps=1.0, course_deg=0.5, hdop=0.9, satellites=11,
        quality=Quality.GPS,
    )  # fmt: skip


class _Connection:
    def __init__(self, address: Address, name: str, packets: list[bytes]) -> None:
        self.packets = packets
        self.sent = 0
        self.acknowledged = 0
        self.refused = 0
        self.socket = socket.create_connection((address.host, address.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.certificate is not None:
            context = ssl.create_default_context(cafile=address.certificate)
            self.socket = context.wrap_socket(self.socket, server_hostname=address.host)
        self.socket.sendall(connect_packet(name, address.password))
        answer = self.socket.recv(256)
        if answer[:1] != b"\x20" or answer[3] != 0:
            raise ConnectionError(f"{name}: the broker refuses the connection: {answer.hex()}")
        self._rest = answer[2 + answer[1] :]
        self.socket.settimeout(0)
        self._out = b""

    @property
    def done(self) -> bool:
        return self.acknowledged == len(self.packets)

    def write(self, allowed: int) -> None:
        if not self._out:
            upto = min(len(self.packets), self.acknowledged + WINDOW, allowed)
            if upto > self.sent:
                self._out = b"".join(self.packets[self.sent : upto])
                self.sent = upto
        if self._out:
            try:
                self._out = self._out[self.socket.send(self._out) :]
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return

    def read(self) -> None:
        try:
            data = self._rest + self.socket.recv(65_536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        at = 0
        while at + 2 <= len(data) and at + 2 + data[at + 1] <= len(data):
            if data[at] == 0x40:
                self.acknowledged += 1
                self.refused += data[at + 1] > 2 and data[at + 4] != 0
            at += 2 + data[at + 1]
        self._rest = data[at:]


def publish_all(address: Address, devices: dict[str, list[bytes]], allowed: Callable[[], int] | None = None) -> int:
    """Publishes every device's packets; `allowed` paces: how many of each device may be out by now.

    Gives how many PUBACKs told of a refusal or of no subscriber.
    """
    with selectors.DefaultSelector() as selector:
        connections = [_Connection(address, name, packets) for name, packets in devices.items()]
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while not all(connection.done for connection in connections):
            most = 2**62 if allowed is None else allowed()
            for connection in connections:
                connection.write(most)
            if allowed is not None:
                time.sleep(_PACE_S)
            for key, _ in selector.select(timeout=0.001):
                key.data.read()
        for connection in connections:
            connection.socket.close()
        return sum(connection.refused for connection in connections)
