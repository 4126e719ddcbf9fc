"""The retained status in the broker holds how the unit does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest

from contract.codec import decode_status
from contract.messages import Status
from contract.topics import STATUS, device_topic
from firmware_bridge import publisher
from firmware_bridge.bridge import Bridge, BridgeOptions
from firmware_bridge.sources.source import Source
from tests.fixtures.servers import BROKER_GATEWAY_PASSWORD
from tests.integration.firmware_bridge.scene import address, double, running, until
from tests.unit.firmware_bridge.nmea.writing import sentence
from waybill.stack.broker import Broker


class Receiver(Source):
    """An open antenna, three good epochs an hour ahead of the clock, then epochs without fix."""

    name = "test"

    async def chunks(self) -> AsyncIterator[bytes]:
        start = datetime.now(UTC) + timedelta(hours=1)  # noqa: TID251 - held against the bridge's system clock
        yield sentence("GPTXT,01,01,02,ANTSTATUS=OPEN") + b"$GPRMC,broken*00\r\n"
        for second in range(1000):
            at = start + timedelta(seconds=second)
            status = "A" if second < 3 else "V"
            place = "6010.2000,N,02456.4000,E" if second < 3 else ",,,"
            yield sentence(f"GPRMC,{at:%H%M%S}.00,{status},{place},9.0,0.0,{at:%d%m%y},,,{'A' if second < 3 else 'N'}")
            yield b""
            await asyncio.sleep(0.05)


async def retained_status(broker: Broker, device: str) -> Status:
    """What somebody who connects now is told at once."""
    client = aiomqtt.Client(
        broker.host, broker.port, username="gateway", password=BROKER_GATEWAY_PASSWORD, identifier="gateway"
    )
    async with asyncio.timeout(10), client:
        await client.subscribe(device_topic(device, STATUS), qos=1)
        async for message in client.messages:
            assert message.retain
            assert isinstance(message.payload, bytes)
            status = decode_status(message.payload)
            assert status is not None
            return status
    raise AssertionError("no retained status")


def last_status(statuses: list[Status], done: Callable[[Status], bool]) -> bool:
    return bool(statuses) and done(statuses[-1])


def test_the_retained_status_tells_how_the_unit_does(
    own_broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "STATUS_S", 0.2)

    async def play() -> Status:
        options = BridgeOptions(
            device="gps-01",
            source=Receiver(),
            spool_path=tmp_path / "spool.db",
            broker=address(own_broker),
            drain_s=1.0,
        )
        stop = asyncio.Event()
        bridge = Bridge(options)
        task = asyncio.create_task(bridge.run(stop))
        try:
            async with running(double(own_broker)) as gateway:
                told = gateway.statuses["gps-01"]
                await until(lambda: last_status(told, lambda one: (one.through or 0) >= 1), "a receipt in the status")
                await until(
                    lambda: last_status(told, lambda one: one.left_out.get("void", 0) > 3), "epochs without fix"
                )
            return await retained_status(own_broker, "gps-01")
        finally:
            stop.set()
            await task

    status = asyncio.run(play())

    assert status.state == "online"
    assert status.gnss is not None
    assert (status.gnss.fix, status.gnss.antenna, status.gnss.silent_s) == (False, "open", None)
    assert status.clock_offset_s == pytest.approx(3600, abs=5)
    assert status.clock_steps == 0
    assert status.uptime_s is not None
    assert status.uptime_s > 0
    assert status.link is not None
    assert 0 <= status.link.connected_s <= status.uptime_s
    assert status.link.reconnects == 0
    assert status.left_out["bad_checksum"] == 1
    assert (status.report_interval_s, status.heartbeat_s) == (1.0, 30.0)
    assert (status.stuck_s, status.battery_pct, status.external_power) == (None, None, None)
