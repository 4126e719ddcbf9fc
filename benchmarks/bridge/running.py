"""The bridge at work: CPU and memory at 1 and 10 Hz, appends with fsync, and how fast a backlog drains."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from benchmarks.bridge.receipts import Receipts
from contract.clock import true_now
from contract.fix import utc_ms
from firmware_bridge.bridge import Bridge, BridgeOptions
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.nmea.position import Position
from firmware_bridge.sampling import SamplingPolicy
from firmware_bridge.sources.source import Source
from firmware_bridge.spool import Spool
from firmware_bridge.spooled import Origin
from tests.unit.firmware_bridge.nmea.writing import drive

ORIGIN = Origin(device="gps-01")


class Receiver(Source):
    """A moving receiver that speaks `hertz` times a second."""

    name = "benchmark"

    def __init__(self, hertz: float) -> None:
        self._hertz = hertz

    async def chunks(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        began_at, began_s, epoch = true_now(), loop.time(), 0
        while True:
            # Ten epochs a second would need fractions; for the load it is enough that every epoch is a new second.
            yield drive(1, start=began_at - timedelta(days=1) + timedelta(seconds=epoch))
            yield b""
            epoch += 1
            await asyncio.sleep(max(0.0, began_s + epoch / self._hertz - loop.time()))


def positions(count: int, seconds_ago: int) -> list[Position]:
    began_at = utc_ms(true_now() - timedelta(seconds=seconds_ago))
    return [
        Position(
            fixed_at=began_at + timedelta(seconds=n), lat_e7=601_700_000 + n, lon_e7=249_400_000, speed_mps=9.8,
            course_deg=12.3, altitude_m=14.2, hdop=0.9, satellites=9,
        )
        for n in range(count)
    ]  # fmt: skip


def appends_per_s(folder: Path, group: int, seconds: float = 3.0) -> tuple[float, float]:
    """(commits, fixes) a second, each commit with its fsync."""
    spool = Spool(folder / f"appends-{group}.db", ORIGIN)
    some = positions(group, group)
    commits, began_s = 0, time.perf_counter()
    while (took_s := time.perf_counter() - began_s) < seconds:
        spool.append(some)
        commits += 1
    spool.close()
    return commits / took_s, commits * group / took_s


async def load(folder: Path, broker: BrokerAddress, hertz: float, seconds: float) -> tuple[float, float]:
    """(percent of one core, MiB resident) of this process while a bridge runs; call it in a process of its own."""
    options = BridgeOptions(
        device="gps-01",
        source=Receiver(hertz),
        spool_path=folder / f"load-{hertz:g}.db",
        broker=broker,
        sampling=SamplingPolicy(report_interval_s=1 / hertz),
    )
    bridge = Bridge(options)
    stop = asyncio.Event()
    task = asyncio.create_task(bridge.run(stop))
    await asyncio.sleep(2.0)
    began_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    percent = 100 * (time.process_time() - cpu_s) / (time.perf_counter() - began_s)
    stop.set()
    await task
    return percent, resident_mib()


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def drain(folder: Path, broker: BrokerAddress, receipts: Receipts, backlog: int) -> tuple[float, float]:
    """(fixes a second, seconds until the first fix of now arrived) for a spool that an outage has filled."""
    path = folder / "backlog.db"
    spool = Spool(path, ORIGIN)
    held = positions(backlog, backlog)
    for start in range(0, backlog, 500):
        spool.append(held[start : start + 500])
    spool.close()
    bridge = Bridge(BridgeOptions(device="gps-01", source=Receiver(1.0), spool_path=path, broker=broker))
    stop, began_s = asyncio.Event(), time.monotonic()
    task = asyncio.create_task(bridge.run(stop))
    while bridge.progress().backlog > 50:  # noqa: ASYNC110 - watched from outside, as a person would
        await asyncio.sleep(0.1)
    took_s = time.monotonic() - began_s
    now_s = next(at_s for at_s, _first, last in receipts.arrivals if last >= backlog) - began_s
    stop.set()
    await task
    return backlog / took_s, now_s


if __name__ == "__main__":
    where, port, password, rate, length = sys.argv[1:]
    address = BrokerAddress(host="127.0.0.1", port=int(port), password=password)
    sys.stdout.write("{} {}\n".format(*asyncio.run(load(Path(where), address, float(rate), float(length)))))
