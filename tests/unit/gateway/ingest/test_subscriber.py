"""How long messages at hand wait for others before they become a batch. No broker."""

from __future__ import annotations

import time

import pytest

from contract.clock import true_now
from gateway.ingest.inbox import Message
from gateway.ingest.subscriber import BrokerOptions, Subscriber

FOR_EVER_S = 1e6  # a test that waits so long never ends


@pytest.fixture
def subscriber() -> Subscriber:
    """One that was never started."""
    options = BrokerOptions(host="127.0.0.1", port=1, username="gateway", password="word", client_id="gateway")
    return Subscriber(options, [])


def messages(count: int) -> list[Message]:
    return [Message("waybill/v1/gps-01/fixes", b"{}", None, true_now(), number, 1) for number in range(1, count + 1)]


def test_a_message_that_waited_for_the_batch_before_waits_for_no_other(
    subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriber._deliver(messages(1))
    stored_at_s = time.monotonic() + FOR_EVER_S
    monkeypatch.setattr(time, "monotonic", lambda: stored_at_s)

    assert len(subscriber.take(10, linger_s=FOR_EVER_S / 2, timeout_s=0.0)) == 1


def test_a_message_just_come_waits_for_others_until_there_are_enough(subscriber: Subscriber) -> None:
    subscriber._deliver(messages(1))
    subscriber._deliver(messages(499))

    assert len(subscriber.take(1000, linger_s=FOR_EVER_S, timeout_s=0.0)) == 500


def test_of_more_than_a_batch_the_rest_is_the_next_one_at_once(subscriber: Subscriber) -> None:
    subscriber._deliver(messages(7))

    taken = [subscriber.take(5, linger_s=FOR_EVER_S, timeout_s=FOR_EVER_S) for _ in range(2)]

    assert [[message.packet_id for message in batch] for batch in taken] == [[1, 2, 3, 4, 5], [6, 7]]


def test_without_messages_there_is_nothing_to_take(subscriber: Subscriber) -> None:
    assert subscriber.take(10, linger_s=FOR_EVER_S, timeout_s=0.0) == []
