"""The smallest gateway: subscribes, remembers, sends receipts. Stores nothing on disk and judges no fix."""

import asyncio
from collections import defaultdict
from datetime import timedelta

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.clock import true_now
from contract.codec import decode_fixes, decode_status, encode, parse_claim
from contract.fix import Fix
from contract.messages import Receipt, Status
from contract.times import parse_instant
from contract.topics import COMMAND, FIXES, STATUS, STORED, channel_filter, device_topic, parse_topic

# The double judges no time: it takes what either clock would, that of the tests' made-up drives or today's.
DRIVEN_AT = parse_instant("2026-11-23T12:00:00Z")
AHEAD = timedelta(days=1)


class GatewayDouble:
    """Every fix that arrived, by device and spool; `receipts` False = takes fixes but never confirms them."""

    def __init__(self, host: str, port: int, password: str, *, receipts: bool = True, every_s: float = 0.1) -> None:
        self.fixes: dict[tuple[str, str], dict[int, Fix]] = defaultdict(dict)
        self.order: dict[str, list[int]] = defaultdict(list)
        self.statuses: dict[str, list[Status]] = defaultdict(list)
        self.messages = 0
        self.connected = False
        self.receipts = receipts
        self._every_s = every_s
        self._dirty: set[tuple[str, str]] = set()
        self.outbox: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()  # (device, body) of commands, sent retained
        self._address = (host, port, password)

    async def run(self) -> None:
        """Connects again after every loss, until cancelled."""
        host, port, password = self._address
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600
        properties.ReceiveMaximum = 1000
        while True:
            try:
                async with aiomqtt.Client(
                    host,
                    port,
                    username="gateway",
                    password=password,
                    identifier="gateway",
                    protocol=aiomqtt.ProtocolVersion.V5,
                    clean_start=False,
                    properties=properties,
                ) as client:
                    await client.subscribe([(channel_filter(FIXES), 1), (channel_filter(STATUS), 1)])
                    self.connected = True
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._confirm(client))
                        tasks.create_task(self._order(client))
                        tasks.create_task(self._take(client))
            except* aiomqtt.MqttError:
                pass
            await asyncio.sleep(0.1)

    async def _take(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            parsed = parse_topic(str(message.topic))
            assert parsed is not None
            device, channel = parsed
            assert isinstance(message.payload, bytes)
            if channel == STATUS:
                status = decode_status(message.payload)
                assert status is not None
                self.statuses[device].append(status)
                continue
            self.messages += 1
            named = dict(getattr(message.properties, "UserProperty", []))
            claim = parse_claim(named.get("spool"), named.get("first"), named.get("last"))
            clocks = (DRIVEN_AT, true_now() + AHEAD)
            tries = [decode_fixes(device, message.payload, claim, clock) for clock in clocks]
            decoded = min(tries, key=lambda one: len(one.rejects))
            assert claim is not None
            assert not decoded.rejects, decoded.rejects[:1]
            assert [fix.seq for fix in decoded.fixes] == list(range(claim.first, claim.last + 1))
            for fix in decoded.fixes:
                self._remember(device, fix)
            self._dirty.add((device, claim.spool))

    def _remember(self, device: str, fix: Fix) -> None:
        known = self.fixes[device, fix.spool_id].setdefault(fix.seq, fix)
        assert known.fixed_at == fix.fixed_at, "one number, two contents"
        self.order[device].append(fix.seq)

    async def _order(self, client: aiomqtt.Client) -> None:
        while True:
            device, body = await self.outbox.get()
            await client.publish(device_topic(device, COMMAND), body, qos=1, retain=True)

    async def _confirm(self, client: aiomqtt.Client) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            if not self.receipts:
                continue
            for device, spool in list(self._dirty):
                self._dirty.discard((device, spool))
                body = encode(receipt_of(spool, self.fixes[device, spool].keys()))
                await client.publish(device_topic(device, STORED), body, qos=1, retain=True)


def receipt_of(spool: str, numbers: "set[int] | dict[int, Fix] | object") -> Receipt:
    """The receipt for a set of numbers: up to the first hole, and the closed ranges after it."""
    ordered = sorted(numbers)  # type: ignore[call-overload]
    ranges: list[tuple[int, int]] = []
    for number in ordered:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    through = ranges.pop(0)[1] if ranges and ranges[0][0] == 1 else 0
    return Receipt(spool=spool, through=through, also=ranges)
