"""From a capture through spool and broker to the gateway: every fix once, nothing deleted without a receipt."""

import asyncio
import os
import signal
from pathlib import Path

import msgspec
import pytest

from contract.clock import SYSTEM
from contract.fix import Fix
from firmware_bridge.bridge import Bridge, BridgeOptions, BridgeProgress, run_bridge
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.sources.replay import ReplaySource, Shift
from tests.integration.firmware_bridge.gateway_double import GatewayDouble
from tests.integration.firmware_bridge.scene import address, double, running, until
from tests.unit.firmware_bridge.nmea.writing import drive
from waybill.stack.broker import Broker

IN_CAPTURE = 40


def options(broker: Broker, folder: Path, *, rate: float | None = None, drain_s: float = 15.0) -> BridgeOptions:
    capture = folder / "drive.nmea"
    capture.write_bytes(drive(IN_CAPTURE))
    return BridgeOptions(
        device="gps-01",
        source=ReplaySource(capture, SYSTEM, rate=rate, shift=Shift.NONE),
        spool_path=folder / "spool.db",
        broker=address(broker),
        drain_s=drain_s,
    )


def arrived(gateway: GatewayDouble, progress: BridgeProgress) -> dict[int, Fix]:
    return gateway.fixes["gps-01", progress.spool]


def test_every_fix_arrives_confirmed_and_as_the_receiver_saw_it(own_broker: Broker, tmp_path: Path) -> None:
    async def play() -> tuple[GatewayDouble, BridgeProgress]:
        async with running(double(own_broker)) as gateway:
            progress = await run_bridge(options(own_broker, tmp_path))
            await until(lambda: bool(gateway.statuses["gps-01"]), "a status")
            await until(lambda: gateway.statuses["gps-01"][-1].state == "offline", "goodbye")
            return gateway, progress

    gateway, progress = asyncio.run(play())

    decoder = Decoder()
    seen = decoder.feed(drive(IN_CAPTURE)) + decoder.flush()
    fixes = arrived(gateway, progress)
    assert sorted(fixes) == list(range(1, progress.spooled + 1))
    assert (progress.spooled, progress.confirmed, progress.backlog) == (IN_CAPTURE, IN_CAPTURE, 0)
    told = [(p.fixed_at, p.lat_e7, p.lon_e7, p.speed_mps, p.altitude_m) for p in seen]
    assert [(f.fixed_at, f.lat_e7, f.lon_e7, f.speed_mps, f.altitude_m) for f in fixes.values()] == told
    assert all(fix.replayed for fix in fixes.values())
    online = gateway.statuses["gps-01"][0]
    assert (online.state, online.spool, online.boot) == ("online", progress.spool, 1)
    assert (online.report_interval_s, online.heartbeat_s, online.source) == (1.0, 30.0, "replay:drive.nmea")


def test_a_puback_deletes_nothing_and_the_next_start_sends_again(own_broker: Broker, tmp_path: Path) -> None:
    async def play() -> tuple[BridgeProgress, int, BridgeProgress, GatewayDouble]:
        async with running(double(own_broker, receipts=False)) as gateway:
            await until(lambda: gateway.connected, "the gateway's session")
            before = await run_bridge(options(own_broker, tmp_path, drain_s=0.5))
            got = len(arrived(gateway, before))
            gateway.receipts = True
            after = await run_bridge(options(own_broker, tmp_path))
            return before, got, after, gateway

    before, got, after, gateway = asyncio.run(play())

    assert got == before.spooled == before.backlog == IN_CAPTURE
    assert (after.spooled, after.backlog) == (2 * IN_CAPTURE, 0)
    assert sorted(arrived(gateway, after)) == list(range(1, after.spooled + 1))


def test_refusal_by_the_brokers_rules_is_seen_and_nothing_is_lost(own_broker: Broker, tmp_path: Path) -> None:
    async def play() -> tuple[str | None, int, BridgeProgress]:
        async with running(double(own_broker)) as gateway:
            await until(lambda: gateway.connected, "the gateway's session")
            rules = forbid_fixes(own_broker)
            bridge = Bridge(options(own_broker, tmp_path))
            task = asyncio.create_task(bridge.run(asyncio.Event()))
            await until(lambda: bridge.progress().refused is not None, "a refusal")
            refused, backlog = bridge.progress().refused, bridge.progress().backlog
            restore(own_broker, rules)
            await task
            return refused, backlog, bridge.progress()

    refused, backlog, progress = asyncio.run(play())

    assert refused is not None
    assert refused.startswith("0x87: ")
    assert "credential" in refused
    assert backlog == IN_CAPTURE
    assert (progress.backlog, progress.refused) == (0, None)


def test_without_any_gateway_the_broker_says_so_and_the_spool_keeps_all(own_broker: Broker, tmp_path: Path) -> None:
    async def play() -> tuple[str | None, BridgeProgress]:
        bridge = Bridge(options(own_broker, tmp_path))
        task = asyncio.create_task(bridge.run(asyncio.Event()))
        await until(lambda: bridge.progress().refused is not None, "a refusal")
        refused, backlog = bridge.progress().refused, bridge.progress().backlog
        assert backlog == IN_CAPTURE
        async with running(double(own_broker)):
            await task
        return refused, bridge.progress()

    refused, progress = asyncio.run(play())

    assert refused is not None
    assert refused.startswith("0x10: ")
    assert progress.backlog == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [({"password": "wrong"}, "check the device's credential"), ({"port": 1}, "nothing listens there")],
    ids=["wrong password", "wrong port"],
)
def test_no_link_is_told_once_with_what_to_do(
    own_broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture, change: dict[str, object], said: str
) -> None:
    async def play() -> BridgeProgress:
        right = options(own_broker, tmp_path)
        bridge = Bridge(msgspec.structs.replace(right, broker=msgspec.structs.replace(right.broker, **change)))
        stop = asyncio.Event()
        task = asyncio.create_task(bridge.run(stop))
        await until(lambda: bridge.progress().trouble is not None, "the trouble")
        stop.set()
        task.cancel()
        await asyncio.wait((task,))
        return bridge.progress()

    progress = asyncio.run(play())

    assert progress.trouble is not None
    assert said in progress.trouble
    assert len([record for record in caplog.records if record.message == progress.trouble]) == 1
    assert progress.backlog == IN_CAPTURE


def forbid_fixes(broker: Broker) -> str:
    """Takes the devices' right to write fixes away, as a mistake in the rules would."""
    path = broker.data_dir / "state" / "broker.acl"
    rules = path.read_text(encoding="utf-8")
    path.write_text(rules.replace("pattern write waybill/v1/%u/fixes", ""), encoding="utf-8")
    reload(broker)
    return rules


def restore(broker: Broker, rules: str) -> None:
    (broker.data_dir / "state" / "broker.acl").write_text(rules, encoding="utf-8")
    reload(broker)


def reload(broker: Broker) -> None:
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGHUP)
