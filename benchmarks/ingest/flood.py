"""Memory under a flood: as much as the gateway takes, for minutes, and what it holds meanwhile."""

from __future__ import annotations

import threading
import time

import msgspec

from benchmarks.ingest.load import publish_all
from benchmarks.ingest.processor import memory_bytes
from benchmarks.ingest.runs import gateway, until
from benchmarks.ingest.world import World

_WARM_UP_S = 60.0


class Flood(msgspec.Struct, frozen=True):
    """The gateway's memory in MiB: after a minute, at most, and at the end."""

    seconds: float
    positions: int
    warm_mib: float
    most_mib: float
    end_mib: float


def run_flood(world: World, seconds: float, messages: int) -> Flood:
    """Floods with loads of `messages`, each verified, one after the other without a pause, for `seconds`."""
    warm, seen = 0.0, [0.0]
    positions = 0
    with gateway(world, tracking=True) as running:
        began_s = time.monotonic()
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(1.0):
                seen.append(memory_bytes(running.pid) / 2**20)

        watcher = threading.Thread(target=watch)
        watcher.start()
        while time.monotonic() - began_s < seconds:
            load = world.load(messages, 1)
            publish_all(world.address, load.packets)
            until(lambda load=load: world.progress(load) >= load.positions)  # type: ignore[misc]
            positions += load.positions
            world.proven(load)
            if warm == 0 and time.monotonic() - began_s > _WARM_UP_S:
                warm = seen[-1]
        ended.set()
        watcher.join()
        took_s = time.monotonic() - began_s
    return Flood(took_s, positions, warm, max(seen), seen[-1])
