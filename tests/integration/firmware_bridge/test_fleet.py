"""Several simulated bridges in one process: the past at full speed, then the clock's speed, then a second start."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec

from contract.clock import Clock, true_now
from contract.fix import Quality
from contract.times import parse_instant
from firmware_bridge.bridge import BridgeOptions, BridgeProgress
from firmware_bridge.fleet import Fleet
from firmware_bridge.sim.day import PlannedDrop, PlannedTrip, VehicleDay
from firmware_bridge.sim.polyline import Place
from firmware_bridge.sources.simulate import SimulatedSource
from tests.integration.firmware_bridge.gateway_double import GatewayDouble
from tests.integration.firmware_bridge.scene import address, double, running, until
from waybill.stack.broker import Broker

OPENS_AT = parse_instant("2026-11-23T07:00:00Z")
DROPS = (PlannedDrop(order="o-1", place=Place(60.18, 24.95), service_s=120.0),)


def options(broker: Broker, folder: Path, clock: Clock, number: int) -> BridgeOptions:
    day = VehicleDay(
        vehicle=f"van-{number}",
        premises=Place(60.17, 24.94),
        trips=(PlannedTrip(departs_at=OPENS_AT + timedelta(minutes=2), drops=DROPS),),
    )
    return BridgeOptions(
        device=f"gps-0{number}",
        source=SimulatedSource(day, None, 7, clock, start=OPENS_AT),
        spool_path=folder / f"{number}.db",
        broker=address(broker),
        clock=clock,
    )


async def drive(
    broker: Broker, folder: Path, clock: Clock, gateway: GatewayDouble, seconds: float
) -> list[BridgeProgress]:
    """Runs two vans until the present and `seconds` of the clock's time more."""
    fleet = Fleet([options(broker, folder, clock, number) for number in (1, 2)])
    stop = asyncio.Event()
    task = asyncio.create_task(fleet.run(stop))
    await asyncio.wait_for(fleet.caught_up(), 20)
    enough_at = clock.now() + timedelta(seconds=seconds)
    await until(lambda: clock.now() >= enough_at, "the clock")
    stop.set()
    await asyncio.wait_for(task, 30)
    return fleet.progress()


def test_past_and_present_arrive_once_and_a_second_start_goes_on(own_broker: Broker, tmp_path: Path) -> None:
    async def play() -> tuple[GatewayDouble, list[BridgeProgress], list[BridgeProgress]]:
        clock = Clock(origin=OPENS_AT + timedelta(minutes=20), wall=true_now(), rate=20.0)
        async with running(double(own_broker)) as gateway:
            first = await drive(own_broker, tmp_path, clock, gateway, 20)
            second = await drive(own_broker, tmp_path, clock, gateway, 40)
            return gateway, first, second

    gateway, first, second = asyncio.run(play())

    for before, after in zip(first, second, strict=True):
        fixes = gateway.fixes[after.device, after.spool]
        assert before.spool == after.spool
        assert 100 < before.spooled < after.spooled
        assert (before.backlog, after.backlog) == (0, 0)
        assert sorted(fixes) == list(range(1, after.spooled + 1))
        times = [fixes[seq].fixed_at for seq in sorted(fixes)]
        assert times == sorted(set(times)), "a second was driven twice or out of order"
        assert {fix.quality for fix in fixes.values()} == {Quality.SIMULATED}
        assert gateway.order[after.device] == sorted(fixes), "sent out of order or twice"


def test_status_tells_the_clocks_time(own_broker: Broker, tmp_path: Path) -> None:
    async def play() -> GatewayDouble:
        clock = Clock(origin=OPENS_AT, wall=true_now(), rate=1.0)
        async with running(double(own_broker)) as gateway:
            await drive(own_broker, tmp_path, clock, gateway, 0.2)
            return gateway

    gateway = asyncio.run(play())

    online = next(status for status in gateway.statuses["gps-01"] if status.state == "online")
    assert online.at is not None
    assert abs(parse_instant(online.at) - OPENS_AT) < timedelta(minutes=1)
    assert msgspec.json.encode(online)
