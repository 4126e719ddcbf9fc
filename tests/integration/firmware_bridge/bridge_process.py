"""A bridge as a process of its own, to be killed: `bridge_process.py CAPTURE SPOOL PORT PASSWORD`. Judges nothing."""

import asyncio
import signal
import sys
from pathlib import Path

from contract.clock import SYSTEM
from firmware_bridge.bridge import BridgeOptions, run_bridge
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.sources.replay import ReplaySource, Shift


async def main(capture: str, spool: str, port: str, password: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    options = BridgeOptions(
        device="gps-01",
        source=ReplaySource(Path(capture), SYSTEM, rate=400.0, shift=Shift.NONE),
        spool_path=Path(spool),
        broker=BrokerAddress(host="127.0.0.1", port=int(port), password=password),
        drain_s=30.0,
    )
    progress = await run_bridge(options, stop)
    sys.stdout.write(f"{progress.spool} {progress.spooled} {progress.backlog}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
