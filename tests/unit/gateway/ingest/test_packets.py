"""The gateway's reader of PUBLISH packets: wherever the bytes are cut, and whatever they hold."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.codec import Claim
from gateway.ingest.inbox import Message
from gateway.ingest.packets import MalformedError, pubacks, read_claim, read_packets

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SPOOL = "0123456789abcdef"


def length_of(size: int) -> bytes:
    found = b""
    while True:
        size, digit = divmod(size, 128)
        found += bytes([digit | 0x80 if size else digit])
        if not size:
            return found


def publish(topic: str, payload: bytes, *, packet_id: int = 7, qos: int = 1, properties: bytes = b"\x00") -> bytes:
    number = struct.pack(">H", packet_id) if qos else b""
    body = struct.pack(">H", len(topic.encode())) + topic.encode() + number + properties + payload
    return bytes([0x30 | qos << 1]) + length_of(len(body)) + body


def claim_properties(**others: object) -> bytes:
    """As another implementation, paho's, packs them."""
    properties = Properties(PacketTypes.PUBLISH)
    for name, value in others.items():
        setattr(properties, name, value)
    properties.UserProperty = [("spool", SPOOL), ("first", "3"), ("last", "5")]
    return bytes(properties.pack())


def read(data: bytes) -> tuple[list[Message], bytes, int]:
    return read_packets(data, NOW, 4)


def test_a_message_carries_topic_body_claim_number_and_connection() -> None:
    data = publish("waybill/v1/gps-07/fixes", b'{"a":1}', packet_id=513, properties=claim_properties())

    message = Message("waybill/v1/gps-07/fixes", b'{"a":1}', Claim(SPOOL, 3, 5), NOW, 513, 4)
    assert read(data) == ([message], b"", len(data))


def test_a_message_at_qos_0_has_no_number() -> None:
    messages, _, _ = read(publish("t", b"body", qos=0))

    assert [(message.packet_id, message.payload) for message in messages] == [(0, b"body")]


def test_what_the_broker_tells_of_itself_is_left_to_the_client_library() -> None:
    data = publish("$SYS/broker/uptime", b"7 seconds", qos=0)

    assert read(data) == ([], data, len(data))


def test_other_properties_are_passed_over() -> None:
    properties = claim_properties(
        PayloadFormatIndicator=1,
        MessageExpiryInterval=60,
        ContentType="application/json",
        ResponseTopic="back",
        CorrelationData=b"\x26\x00",
        SubscriptionIdentifier=300,
    )

    messages, _, _ = read(publish("t", b"body", properties=properties))

    assert [(message.claim, message.payload) for message in messages] == [(Claim(SPOOL, 3, 5), b"body")]


@given(st.lists(st.sampled_from([0, 1, 126, 127, 128, 20_000]), min_size=1, max_size=6), st.data())
def test_wherever_the_bytes_are_cut_every_packet_comes_once_and_in_order(sizes: list[int], data: st.DataObject) -> None:
    pong = b"\xd0\x00"
    packets = [publish("t", b"x" * size, packet_id=number) + pong for number, size in enumerate(sizes, 1)]
    stream = b"".join(packets)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    messages, others, unread = [], b"", b""
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found, rest, used = read(unread + stream[start:end])
        unread = (unread + stream[start:end])[used:]
        messages += found
        others += rest

    assert [(message.packet_id, len(message.payload)) for message in messages] == list(enumerate(sizes, 1))
    assert others == pong * len(sizes)
    assert unread == b""


@pytest.mark.parametrize(
    "data",
    [
        b"\x32\x80\x80\x80\x80\x01",  # a length of more than four bytes
        b"\x32\x01\x00",  # shorter than the length of its topic
        b"\x32\x04\x00\x09tt",  # a topic beyond its end
        publish("t", b"", properties=b"\x05\x26"),  # properties beyond its end
        publish("t", b"", properties=b"\x02\x26\x00"),  # a user property that ends too early
        publish("t", b"", properties=b"\x02\x7e\x00"),  # a property that MQTT 5 does not know
    ],
)
def test_bytes_that_are_no_mqtt_end_the_connection(data: bytes) -> None:
    with pytest.raises(MalformedError, match="the broker sent"):
        read(data)


@given(st.binary(max_size=200))
def test_rubbish_is_read_or_ends_the_connection_and_nothing_else(data: bytes) -> None:
    try:
        messages, others, used = read(data)
    except MalformedError:
        return
    assert used <= len(data)
    assert len(others) + sum(len(message.payload) for message in messages) <= used


@given(st.binary(max_size=100))
def test_rubbish_in_properties_is_no_claim_or_ends_the_connection(data: bytes) -> None:
    try:
        claim = read_claim(data)
    except MalformedError:
        return
    assert claim is None or claim.first <= claim.last


def test_a_claim_that_is_no_utf_8_or_names_no_numbers_is_none() -> None:
    def pair(name: bytes, value: bytes) -> bytes:
        return b"\x26" + struct.pack(">H", len(name)) + name + struct.pack(">H", len(value)) + value

    assert read_claim(pair(b"spool", b"\xff") + pair(b"first", b"1") + pair(b"last", b"1")) is None
    assert read_claim(pair(b"spool", b"a") + pair(b"first", b"one") + pair(b"last", b"1")) is None
    assert read_claim(pair(b"spool", b"a") + pair(b"first", b"1")) is None


def test_acknowledgements_are_packets_of_four_bytes_in_order() -> None:
    assert pubacks([1, 65_535, 258]) == b"\x40\x02\x00\x01\x40\x02\xff\xff\x40\x02\x01\x02"
    assert pubacks([]) == b""
