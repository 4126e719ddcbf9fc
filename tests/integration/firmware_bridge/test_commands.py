"""Commands through a real broker: taken live, answered at once, kept for a start without a link."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from firmware_bridge.bridge import Bridge, BridgeOptions
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.sources.source import Source
from tests.integration.firmware_bridge.gateway_double import GatewayDouble
from tests.integration.firmware_bridge.scene import PASSWORD, address, double, running, until
from tests.integration.firmware_bridge.test_live import Receiver
from waybill.stack.broker import Broker

FIVE = b'{"id":"five","settings":{"report_interval_s":5,"distance_m":1000,"turn_deg":90}}'


@asynccontextmanager
async def driving(broker: BrokerAddress, spool: Path, source: Source | None = None) -> AsyncIterator[Bridge]:
    """A bridge on a straight drive at ten epochs a second, until the block ends."""
    options = BridgeOptions(device="gps-01", source=source or Receiver(), spool_path=spool, broker=broker, drain_s=2.0)
    stop, bridge = asyncio.Event(), Bridge(options)
    task = asyncio.create_task(bridge.run(stop))
    try:
        yield bridge
    finally:
        stop.set()
        await task


def answered(gateway: GatewayDouble, applied: str | None, refused: str | None = None) -> bool:
    """Whether the newest status says so."""
    statuses = gateway.statuses["gps-01"]
    if not statuses:
        return False
    newest = statuses[-1]
    return newest.applied == applied and (newest.refused.id if newest.refused else None) == refused


def test_a_command_is_taken_live_and_answered_at_once(own_broker: Broker, tmp_path: Path) -> None:
    async def play() -> GatewayDouble:
        async with running(double(own_broker)) as gateway, driving(address(own_broker), tmp_path / "spool.db"):
            await until(lambda: len(gateway.order["gps-01"]) >= 5, "fixes at one a second")
            await gateway.outbox.put(("gps-01", FIVE))
            await until(lambda: answered(gateway, "five"), "the answer")
            assert gateway.statuses["gps-01"][-1].report_interval_s == 5.0
            taken_at = len(gateway.order["gps-01"])
            await until(lambda: len(gateway.order["gps-01"]) >= taken_at + 4, "fixes every five seconds")
            await gateway.outbox.put(("gps-01", b'{"id":"bad","settings":{"report_interval_s":-1}}'))
            await until(lambda: answered(gateway, "five", "bad"), "the refusal")
        return gateway

    gateway = asyncio.run(play())

    (numbers,) = gateway.fixes.values()
    times = [numbers[seq].fixed_at for seq in sorted(numbers)]
    steps = [later - earlier for earlier, later in pairwise(times)]
    assert steps[0] == timedelta(seconds=1)
    assert timedelta(seconds=5) in steps
    refused = gateway.statuses["gps-01"][-1].refused
    assert refused is None or refused.field == "report_interval_s"


def test_off_duty_no_position_leaves_the_vehicle_also_without_a_link(own_broker: Broker, tmp_path: Path) -> None:
    spool = tmp_path / "spool.db"

    async def play() -> tuple[GatewayDouble, int]:
        async with running(double(own_broker)) as gateway, driving(address(own_broker), spool) as bridge:
            await until(lambda: len(gateway.order["gps-01"]) >= 3, "fixes on duty")
            await gateway.outbox.put(("gps-01", b'{"id":"home","settings":{"off_duty":true}}'))
            await until(lambda: answered(gateway, "home"), "the answer")
            assert gateway.statuses["gps-01"][-1].off_duty
            await until(lambda: bridge.progress().counts["off_duty"] > 15, "positions off duty")
            await until(lambda: bridge.progress().backlog == 0, "all of duty's fixes confirmed")
            spooled = bridge.progress().spooled
        nowhere = BrokerAddress(host="127.0.0.1", port=1, password=PASSWORD)
        async with driving(nowhere, spool) as bridge:
            await until(lambda: bridge.progress().counts["off_duty"] > 15, "positions off duty without a link")
            assert (await bridge._status()).off_duty
            assert bridge.progress().spooled == spooled
        async with running(double(own_broker)) as gateway_again, driving(address(own_broker), spool) as bridge:
            await gateway_again.outbox.put(("gps-01", b'{"id":"work","settings":{"off_duty":null}}'))
            await until(lambda: bridge.progress().spooled > spooled, "fixes on duty again")
        return gateway, spooled

    gateway, spooled = asyncio.run(play())

    assert sorted(gateway.order["gps-01"]) == list(range(1, spooled + 1))


def test_a_retained_command_reaches_a_unit_that_was_away_and_holds_without_a_link(
    own_broker: Broker, tmp_path: Path
) -> None:
    spool = tmp_path / "spool.db"

    async def play() -> float:
        async with running(double(own_broker)) as gateway:
            await until(lambda: gateway.connected, "the gateway's session")
            await gateway.outbox.put(("gps-01", FIVE))
            await until(gateway.outbox.empty, "the command on its way")
            async with driving(address(own_broker), spool):
                await until(lambda: answered(gateway, "five"), "the answer")
        nowhere = BrokerAddress(host="127.0.0.1", port=1, password=PASSWORD)
        async with driving(nowhere, spool) as bridge:
            return (await bridge._status()).report_interval_s or 0.0

    assert asyncio.run(play()) == 5.0
