"""kill -9 of the bridge and of the broker: every number that was given arrives, with one content."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.firmware_bridge.gateway_double import GatewayDouble
from tests.integration.firmware_bridge.scene import PASSWORD, add_devices, double, running, until
from tests.unit.firmware_bridge.nmea.writing import drive
from waybill.stack.broker import Broker

PROGRAM = Path(__file__).with_name("bridge_process.py")
SECONDS = 900


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "drive.nmea"
    path.write_bytes(drive(SECONDS))
    return path


async def start(capture: Path, spool: Path, broker: Broker) -> asyncio.subprocess.Process:
    command = [str(PROGRAM), str(capture), str(spool), str(broker.port), PASSWORD]
    return await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)


async def finish(process: asyncio.subprocess.Process) -> tuple[str, int, int]:
    """Spool id, numbers given, backlog: what the bridge says at its end."""
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    spool, spooled, backlog = out.decode().split()
    return spool, int(spooled), int(backlog)


def total(gateway: GatewayDouble) -> int:
    return sum(len(fixes) for fixes in gateway.fixes.values())


def test_bridge_killed_three_times_loses_no_number(own_broker: Broker, tmp_path: Path, capture: Path) -> None:
    async def play() -> tuple[str, int, int, GatewayDouble]:
        async with running(double(own_broker)) as gateway:
            for _ in range(3):
                before = total(gateway)
                process = await start(capture, tmp_path / "spool.db", own_broker)
                await until(lambda before=before: total(gateway) > before + 100, "100 more fixes")  # type: ignore[misc]
                process.kill()
                await process.communicate()
            process = await start(capture, tmp_path / "spool.db", own_broker)
            return *await finish(process), gateway

    spool, spooled, backlog, gateway = asyncio.run(play())

    assert backlog == 0
    assert spooled >= SECONDS + 300
    assert sorted(gateway.fixes["gps-01", spool]) == list(range(1, spooled + 1))
    assert "offline" in {status.state for status in gateway.statuses["gps-01"]}  # the will of those that were killed


def test_sigterm_ends_the_source_and_delivers_what_was_read(own_broker: Broker, tmp_path: Path, capture: Path) -> None:
    async def play() -> tuple[str, int, int, GatewayDouble]:
        async with running(double(own_broker)) as gateway:
            process = await start(capture, tmp_path / "spool.db", own_broker)
            await until(lambda: total(gateway) > 100, "100 fixes")
            process.terminate()
            return *await finish(process), gateway

    spool, spooled, backlog, gateway = asyncio.run(play())

    assert 100 < spooled < SECONDS
    assert backlog == 0
    assert sorted(gateway.fixes["gps-01", spool]) == list(range(1, spooled + 1))


@pytest.mark.parametrize("wiped", [False, True], ids=["state kept", "state wiped"])
def test_broker_killed_loses_no_number(own_broker: Broker, tmp_path: Path, capture: Path, *, wiped: bool) -> None:
    async def play() -> tuple[str, int, int, GatewayDouble]:
        async with running(double(own_broker)) as gateway:
            process = await start(capture, tmp_path / "spool.db", own_broker)
            await until(lambda: total(gateway) > 100, "100 fixes")
            await asyncio.to_thread(kill_and_restart, own_broker, wiped=wiped)
            return *await finish(process), gateway

    spool, spooled, backlog, gateway = asyncio.run(play())

    assert (spooled, backlog) == (SECONDS, 0)
    assert sorted(gateway.fixes["gps-01", spool]) == list(range(1, spooled + 1))


def kill_and_restart(broker: Broker, *, wiped: bool) -> None:
    broker.kill()
    if wiped:
        shutil.rmtree(broker.data_dir / "state")
    broker.start()
    if wiped:
        add_devices(broker)
