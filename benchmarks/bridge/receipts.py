"""A gateway that only reads the announced numbers and sends receipts as often as the real one. Stores nothing."""

from __future__ import annotations

import threading
import time
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.codec import encode
from contract.messages import Receipt
from contract.topics import FIXES, STORED, channel_filter, device_topic

RECEIPT_EVERY_S = 2.0  # gateway/ingest/receipts.py


class Receipts:
    """Confirms what arrived, per spool; `first_arrived_s` per number range answers when something came."""

    def __init__(self, host: str, port: int, password: str) -> None:
        self._lock = threading.Lock()
        self._ranges: dict[str, list[tuple[int, int]]] = {}
        self.arrivals: list[tuple[float, int, int]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gateway", protocol=paho.MQTTv5)
        self._client.username_pw_set("gateway", password)
        self._client.on_message = self._take
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = 1000
        self._client.connect(host, port, properties=properties)
        self._client.loop_start()
        self._client.subscribe(channel_filter(FIXES), qos=1)
        assert self._ready.wait(10)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._confirm)
        self._thread.start()

    def _take(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        named = dict(message.properties.UserProperty)  # type: ignore[union-attr]
        first, last = int(named["first"]), int(named["last"])
        with self._lock:
            self._ranges[named["spool"]] = _with(self._ranges.get(named["spool"], []), first, last)
            self.arrivals.append((time.monotonic(), first, last))

    def _confirm(self) -> None:
        while not self._stop.wait(RECEIPT_EVERY_S):
            with self._lock:
                ranges = {spool: list(each) for spool, each in self._ranges.items()}
            for spool, each in ranges.items():
                through = each.pop(0)[1] if each[0][0] == 1 else 0
                body = encode(Receipt(spool=spool, through=through, also=each))
                self._client.publish(device_topic("gps-01", STORED), body, qos=1, retain=True)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()


def _with(ranges: list[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """The closed ranges with one more, touching ones joined."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted([*ranges, (first, last)]):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return joined
