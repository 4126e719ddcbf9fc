"""After an outage: the van shows where it is now within seconds, and the backlog drains beside it in order."""

import asyncio
import bisect
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware_bridge.bridge import Bridge, BridgeOptions
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.nmea.position import Position
from firmware_bridge.sources.source import Source
from firmware_bridge.spool import Spool
from firmware_bridge.spooled import Origin
from tests.fixtures.proxy import proxy_to
from tests.integration.firmware_bridge.gateway_double import GatewayDouble
from tests.integration.firmware_bridge.scene import PASSWORD, double, running, until
from tests.unit.firmware_bridge.nmea.writing import drive
from waybill.stack.broker import Broker

BACKLOG = 6000
OUTAGE_BEGAN = datetime(2026, 11, 23, 6, tzinfo=UTC)
EPOCHS = [drive(1, start=datetime(2026, 11, 23, 9, tzinfo=UTC) + timedelta(seconds=s)) for s in range(400)]


class Receiver(Source):
    """Ten epochs a second from nine o'clock on."""

    name = "test"

    async def chunks(self) -> AsyncIterator[bytes]:
        for epoch in EPOCHS:
            yield epoch
            yield b""
            await asyncio.sleep(0.1)


class CatchingUp(Receiver):
    """The same, but the past on purpose."""

    @property
    def catching_up(self) -> bool:
        return True


def fill(path: Path) -> None:
    """What an outage leaves in the spool."""
    spool = Spool(path, Origin(device="gps-01"))
    spool.append(
        Position(fixed_at=OUTAGE_BEGAN + timedelta(seconds=s), lat_e7=601_700_000 + s, lon_e7=249_400_000)
        for s in range(BACKLOG)
    )
    spool.close()


def bridge_to(port: int, folder: Path, source: Source, drain_s: float = 15.0) -> Bridge:
    broker = BrokerAddress(host="127.0.0.1", port=port, password=PASSWORD)
    path = folder / "spool.db"
    return Bridge(BridgeOptions(device="gps-01", source=source, spool_path=path, broker=broker, drain_s=drain_s))


def live_first_times(order: list[int]) -> list[int]:
    return [seq for seq in order if seq > BACKLOG]


def test_the_present_arrives_within_seconds_while_the_backlog_drains(own_broker: Broker, tmp_path: Path) -> None:
    fill(tmp_path / "spool.db")

    async def play() -> tuple[GatewayDouble, int, int]:
        loop = asyncio.get_running_loop()
        # 700 kB of backlog on a line of 150 kB/s: without a live stream the present would wait five seconds.
        with proxy_to("127.0.0.1", own_broker.port) as proxy:
            proxy.slow(bytes_per_s=150_000)
            async with running(double(own_broker)) as gateway:
                await until(lambda: gateway.connected, "the gateway's session")
                bridge = bridge_to(proxy.port, tmp_path, Receiver())
                stop = asyncio.Event()
                task = loop.create_task(bridge.run(stop))
                order = gateway.order["gps-01"]
                await until(lambda: len(live_first_times(order)) >= 5, "five fixes of the present", 5.0)
                backlog_then = bridge.progress().backlog
                await until(lambda: BACKLOG - 1 in order, "the whole backlog", 30.0)
                live_then = len(live_first_times(order))
                stop.set()
                await task
                assert bridge.progress().backlog == 0
                spooled = bridge.progress().spooled
                assert sorted(gateway.fixes["gps-01", bridge.progress().spool]) == list(range(1, spooled + 1))
        return gateway, backlog_then, live_then

    gateway, backlog_then, live_then = asyncio.run(play())

    order = gateway.order["gps-01"]
    assert backlog_then > BACKLOG / 2, "the present came only after most of the backlog"
    assert live_then > 20, "the backlog starved the live stream"
    split_at = order[0]
    assert split_at >= BACKLOG, "the newest fix must go first"
    live = [seq for seq in order if seq >= split_at]
    assert live == list(range(split_at, max(order) + 1)), "the live stream lost its order"
    assert [seq for seq in order if seq < split_at] == list(range(1, split_at)), "the backlog lost its order"


def test_a_source_that_catches_up_goes_strictly_in_order(own_broker: Broker, tmp_path: Path) -> None:
    fill(tmp_path / "spool.db")

    async def play() -> GatewayDouble:
        async with running(double(own_broker)) as gateway:
            await until(lambda: gateway.connected, "the gateway's session")
            bridge = bridge_to(own_broker.port, tmp_path, CatchingUp())
            stop = asyncio.Event()
            task = asyncio.create_task(bridge.run(stop))
            await until(lambda: len(gateway.order["gps-01"]) > BACKLOG + 5, "backlog and present")
            stop.set()
            await task
            return gateway

    gateway = asyncio.run(play())

    order = gateway.order["gps-01"]
    assert order == list(range(1, len(order) + 1))


@pytest.mark.parametrize("fault", ["cut", "half open"])
def test_a_line_that_fails_while_it_drains_loses_nothing(own_broker: Broker, tmp_path: Path, fault: str) -> None:
    fill(tmp_path / "spool.db")

    async def play() -> tuple[GatewayDouble, str, int, int]:
        with proxy_to("127.0.0.1", own_broker.port) as proxy:
            async with running(double(own_broker)) as gateway:
                await until(lambda: gateway.connected, "the gateway's session")
                bridge = bridge_to(proxy.port, tmp_path, Receiver())
                stop = asyncio.Event()
                task = asyncio.create_task(bridge.run(stop))
                await until(lambda: bridge.progress().connected, "the first link")
                for _ in range(3):
                    seen = len(gateway.order["gps-01"])
                    await until(lambda seen=seen: len(gateway.order["gps-01"]) > seen, "some fixes")  # type: ignore[misc]
                    proxy.cut() if fault == "cut" else proxy.half_open()
                    before = proxy.connections
                    await asyncio.to_thread(proxy.heal)
                    if fault == "cut":
                        await until(lambda before=before: proxy.connections > before, "a new link")  # type: ignore[misc]
                stop.set()
                await task
                progress = bridge.progress()
        return gateway, progress.spool, progress.spooled, progress.backlog

    gateway, spool, spooled, backlog = asyncio.run(play())

    assert backlog == 0
    assert sorted(gateway.fixes["gps-01", spool]) == list(range(1, spooled + 1))
    first_arrivals = list(dict.fromkeys(gateway.order["gps-01"]))
    assert longest_fall(first_arrivals) <= 2, "more than two streams, or one that lost its order"


def longest_fall(numbers: list[int]) -> int:
    """Length of the longest falling subsequence: 1 for one stream in order, 2 for two that are mixed (Dilworth)."""
    piles: list[int] = []
    for number in numbers:
        place = bisect.bisect_left(piles, -number)
        piles[place : place + 1] = [-number]
    return len(piles)


def test_a_bridge_stops_although_the_line_is_dead(own_broker: Broker, tmp_path: Path) -> None:
    async def play() -> bool:
        with proxy_to("127.0.0.1", own_broker.port) as proxy:
            bridge = bridge_to(proxy.port, tmp_path, Receiver(), drain_s=0.2)
            stop = asyncio.Event()
            task = asyncio.create_task(bridge.run(stop))
            await until(lambda: bridge.progress().connected, "the link")
            proxy.half_open()
            stop.set()
            await asyncio.wait_for(task, 20)
            return bridge.progress().connected

    assert not asyncio.run(play())
