"""The gateway's MQTT connection: messages in, acknowledgements out after the commit. Knows no database.

The seam for another client library: start, take, acknowledge, publish, leave, stop.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from contextlib import suppress
from typing import Any, cast

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.ingest.inbox import Message
from gateway.ingest.line import Lines

log = logging.getLogger(__name__)

# Of Mosquitto's counters (mosquitto(8)) those that tell what it holds for us and what it threw away.
STORED_MESSAGES, DROPPED_MESSAGES = "$SYS/broker/store/messages/count", "$SYS/broker/publish/messages/dropped"
BROKER_COUNTERS = (STORED_MESSAGES, DROPPED_MESSAGES)

_ENOUGH = 500
_SLACK = 1_000  # statuses and what else comes beside a full window


class BrokerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is and who we are there."""

    host: str
    port: int
    username: str
    password: str
    client_id: str
    tls_ca: str | None = None
    # Messages the broker may have in flight to us: it also bounds our memory. A small value starves a gateway
    # that acknowledges after the commit (97 positions/s at Mosquitto's own default of 20), and it must never
    # shrink on a live session.
    receive_maximum: int = 20_000
    session_expiry_s: int = 7 * 24 * 3600  # the broker keeps what comes while the gateway is down


class Subscriber:
    """Receives with manual acknowledgement on a persistent MQTT 5 session. Reconnects by itself."""

    def __init__(self, options: BrokerOptions, filters: list[str]) -> None:
        self._options = options
        self._filters = filters
        self._inbox: queue.SimpleQueue[tuple[float, list[Message]]] = queue.SimpleQueue()  # since when they are here
        self._left: list[Message] = []  # of a run that was more than one batch
        self._received = self._taken = self._acknowledged = 0  # each counted by one thread only
        self._away = True
        self._lines = Lines(options.tls_ca, self._deliver)
        self.connected = threading.Event()  # and subscribed: what devices send now is for us
        self.connections = 0  # how often a connection was made
        self.refusal: str | None = None  # why the broker does not let us in or subscribe
        self.broker_counters: dict[str, float] = {}
        self._client = self._make_client()

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._options.client_id,
            protocol=paho.MQTTv5,
            manual_ack=True,
        )
        client.username_pw_set(self._options.username, self._options.password)
        client.reconnect_delay_set(min_delay=1, max_delay=10)
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(1000)
        client.tls_set_context(cast("Any", self._lines))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.message_callback_add("$SYS/#", self._on_broker_counter)
        return client

    def start(self) -> None:
        """Begins to connect in a thread of its own; a broker that is not there yet is waited for. Once is enough."""
        if not self._away:
            return
        self._away = False
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._options.session_expiry_s
        properties.ReceiveMaximum = self._options.receive_maximum
        self._client.connect_async(
            self._options.host, self._options.port, keepalive=30, clean_start=False, properties=properties
        )
        self._client.loop_start()

    def leave(self) -> None:
        """Ends the connection until the next start; what is not acknowledged comes again with it, or to another."""
        self._away = True
        self._client.disconnect()
        self._client.loop_stop()
        self.connected.clear()

    def stop(self) -> None:
        """Leaves for good."""
        self.leave()
        # Without the way back to us, and without us, the client goes at once and closes its own sockets: paho leaves
        # that to __del__, and the collector may come for the sockets first.
        self._client.on_connect = self._client.on_disconnect = None
        self._client.on_subscribe = None
        self._client.message_callback_remove("$SYS/#")
        del self._client

    def take(self, most: int, linger_s: float, timeout_s: float) -> list[Message]:
        """The messages at hand, at most `most`: waits `timeout_s` for the first, which waits `linger_s` for others.

        What came while the batch before was stored has waited already: under load nothing lingers.
        """
        taken, self._left = self._left, []
        wait_s = 0.0 if taken else timeout_s
        give_up_at_s = 0.0 if taken else None
        while len(taken) < most:
            try:
                here_at_s, run = self._inbox.get(timeout=wait_s) if wait_s > 0 else self._inbox.get_nowait()
            except queue.Empty:
                break
            taken += run
            give_up_at_s = here_at_s + linger_s if give_up_at_s is None else give_up_at_s
            # Enough to pay for a transaction: whoever waits for more then wastes the time in which it could be stored.
            wait_s = 0.0 if len(taken) >= _ENOUGH else give_up_at_s - time.monotonic()
        self._left = taken[most:]
        del taken[most:]
        self._taken += len(taken)
        return taken

    def unacknowledged(self) -> int:
        """Messages that came in and are not stored and acknowledged yet."""
        return self._received - self._acknowledged

    def acknowledge(self, messages: list[Message]) -> None:
        """Sends the PUBACKs, in order. Those of an earlier connection are left out: the broker sends them again."""
        self._acknowledged += len(messages)
        line = self._lines.current
        if line is not None:  # a message at QoS 0 has no number
            line.acknowledge(m.packet_id for m in messages if m.session == line.session and m.packet_id)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Sends at QoS 1; while the broker is away the client keeps it."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def _on_connect(self, client: paho.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        del userdata, properties
        self.refusal = str(reason) if reason.is_failure else None
        if reason.is_failure:
            log.error(
                "broker refuses the gateway: check WAYBILL_BROKER_USERNAME and WAYBILL_BROKER_PASSWORD",
                extra={"action": "broker_refused", "reason": str(reason)},
            )
            return
        self.connections += 1
        # A resumed session has every status already; an old one sent again would look like a sign of life.
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        # At QoS 0 the broker keeps none of its counters for a gateway that is away.
        counters = SubscribeOptions(qos=0)
        client.subscribe(
            [*((name, options) for name in self._filters), *((name, counters) for name in BROKER_COUNTERS)]
        )
        log.info("connected to the broker", extra={"action": "connected", "resumed": flags.session_present})

    def _on_disconnect(self, client: paho.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        del client, userdata, flags, properties
        self.connected.clear()
        level = logging.WARNING if reason.is_failure else logging.INFO
        log.log(level, "connection to the broker ended", extra={"action": "disconnected", "reason": str(reason)})

    def _on_subscribe(self, client: paho.Client, userdata: Any, mid: int, reasons: Any, properties: Any) -> None:
        del client, userdata, mid, properties
        for name, reason in zip(self._filters, reasons, strict=False):
            if reason.is_failure:
                self.refusal = f"subscription to {name}: {reason}"
                log.error(
                    "the broker's access list refuses the gateway's subscription: see broker.acl",
                    extra={"action": "subscription_refused", "filter": name, "reason": str(reason)},
                )
        self.connected.set()

    def _deliver(self, messages: list[Message]) -> None:
        """Called by the line. What is sent at QoS 0 knows no Receive Maximum: then the line waits for the pipeline."""
        self._inbox.put((time.monotonic(), messages))
        self._received += len(messages)
        while self._received - self._taken > self._options.receive_maximum + _SLACK and not self._away:
            time.sleep(0.01)

    def _on_broker_counter(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        """What the broker tells of itself: nothing to be stored, so the line leaves it to paho."""
        del client, userdata
        with suppress(ValueError):
            self.broker_counters[message.topic] = float(message.payload)
