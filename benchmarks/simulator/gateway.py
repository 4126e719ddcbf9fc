"""A gateway for a whole fleet that counts fixes, takes the time they needed and sends receipts. Stores nothing."""

from __future__ import annotations

import threading
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.clock import true_now
from contract.codec import encode
from contract.messages import Receipt
from contract.times import parse_instant
from contract.topics import FIXES, STORED, channel_filter, device_topic, parse_topic

RECEIPT_EVERY_S = 2.0  # gateway/ingest/receipts.py


class FleetGateway:
    """Bridges send in order, and a clean broker loses none: the last number seen confirms all before it."""

    def __init__(self, host: str, port: int, password: str) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[str, int]] = {}
        self._fresh: set[str] = set()
        self.fixes = 0
        self.lags_s: list[float] = []
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = 10_000
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gateway", protocol=paho.MQTTv5)
        self._client.username_pw_set("gateway", password)
        self._client.on_message = self._take
        self._client.connect(host, port, properties=properties)
        self._client.loop_start()
        self._client.subscribe(channel_filter(FIXES), qos=1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._confirm)
        self._thread.start()

    def _take(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        named = dict(message.properties.UserProperty)  # type: ignore[union-attr]
        device, _ = parse_topic(message.topic) or ("", "")
        # The newest fix of the message, read without decoding the others.
        at = message.payload.rindex(b'"fixed_at":"') + 12
        newest = message.payload[at : message.payload.index(b'"', at)].decode()
        lag_s = (true_now() - parse_instant(newest)).total_seconds()
        with self._lock:
            self.fixes += int(named["last"]) - int(named["first"]) + 1
            self.lags_s.append(lag_s)
            self._last[device] = (named["spool"], max(int(named["last"]), self._last.get(device, ("", 0))[1]))
            self._fresh.add(device)

    def _confirm(self) -> None:
        while not self._stop.wait(RECEIPT_EVERY_S):
            with self._lock:
                due = {device: self._last[device] for device in self._fresh}
                self._fresh.clear()
            for device, (spool, through) in due.items():
                body = encode(Receipt(spool=spool, through=through, also=[]))
                self._client.publish(device_topic(device, STORED), body, qos=1, retain=True)

    def forget_lags(self) -> None:
        with self._lock:
            self.lags_s.clear()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()
