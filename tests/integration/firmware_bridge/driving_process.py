"""A bridge that drives on from where its spool ended, 50 seconds a second, to be killed. Judges nothing.

driving_process.py SPOOL PORT PASSWORD BEGINS_AT
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

from contract.times import parse_instant
from firmware_bridge import flights, publisher
from firmware_bridge.bridge import Bridge, BridgeOptions
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.sources.source import Source
from tests.unit.firmware_bridge.nmea.writing import drive

# What takes a minute in a vehicle: waiting for receipts that a full queue swallowed, and after a refusal.
flights.RESEND_S = 2.0
publisher.REFUSED_S = (0.5,)
publisher.RECONNECT_S = (0.1, 0.3)


class Driving(Source):
    name = "test"

    next_at: datetime

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            yield drive(1, start=self.next_at)
            yield b""
            self.next_at += timedelta(seconds=1)
            await asyncio.sleep(0.02)


async def main(spool: str, port: str, password: str, begins_at: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    source = Driving()
    broker = BrokerAddress(host="127.0.0.1", port=int(port), password=password)
    bridge = Bridge(BridgeOptions(device="gps-01", source=source, spool_path=Path(spool), broker=broker, drain_s=60.0))
    newest_at = bridge.newest_at
    source.next_at = parse_instant(begins_at) if newest_at is None else newest_at + timedelta(seconds=1)
    await bridge.run(stop)
    progress = bridge.progress()
    sys.stdout.write(f"{progress.spool} {progress.spooled} {progress.backlog} {progress.dropped}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
