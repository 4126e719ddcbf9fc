"""Many bridges in one process, for the simulator: each with its own spool, connection and source. Drives nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmware_bridge.bridge import Bridge, BridgeOptions, BridgeProgress
from firmware_bridge.sources.simulate import SimulatedSource

# While the past is driven at full speed, sources run at most this far ahead of the receipts, per process.
MAX_AHEAD = 20_000
PROGRESS_S = 1.0


class Fleet:
    """The bridges of one process. Simulated sources wait for the path behind."""

    def __init__(self, options: list[BridgeOptions]) -> None:
        self.bridges = [Bridge(each) for each in options]
        self._room = asyncio.Event()
        self._room.set()
        for bridge in self.bridges:
            source = bridge.options.source
            if isinstance(source, SimulatedSource):
                source.may_go_on = self._room.wait

    @property
    def ahead(self) -> int:
        """Fixes that no receipt has confirmed, of all bridges."""
        return sum(bridge.desk.backlog for bridge in self.bridges)

    async def run(self, stop: asyncio.Event, on_progress: Callable[[list[BridgeProgress]], None] | None = None) -> None:
        """Runs all bridges until `stop` or until every source ended; a bridge that fails ends the fleet."""
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self._watch(on_progress), name="fleet-watch")
            async with asyncio.TaskGroup() as running:
                for bridge in self.bridges:
                    running.create_task(bridge.run(stop), name=f"bridge-{bridge.options.device}")
            watch.cancel()
        if on_progress is not None:
            on_progress(self.progress())

    async def caught_up(self) -> None:
        """Returns when every simulated source has reached the present."""
        for bridge in self.bridges:
            if isinstance(bridge.options.source, SimulatedSource):
                await bridge.options.source.caught_up.wait()

    def progress(self) -> list[BridgeProgress]:
        return [bridge.progress() for bridge in self.bridges]

    async def _watch(self, on_progress: Callable[[list[BridgeProgress]], None] | None) -> None:
        """Opens and closes the gate for the past, and tells the caller once a second how far everybody is."""
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while True:
            if self.ahead < MAX_AHEAD:
                self._room.set()
            else:
                self._room.clear()
            if on_progress is not None and loop.time() >= next_s:
                on_progress(self.progress())
                next_s += PROGRESS_S
            await asyncio.sleep(0.02)


async def run_fleet(
    options: list[BridgeOptions],
    stop: asyncio.Event,
    on_progress: Callable[[list[BridgeProgress]], None] | None = None,
) -> list[BridgeProgress]:
    """A fleet from start to drained; gives where each bridge ended."""
    fleet = Fleet(options)
    await fleet.run(stop, on_progress)
    return fleet.progress()
