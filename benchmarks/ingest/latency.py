"""Publish to committed: how long a position takes at a steady load. Publishes at a pace and asks the database."""

from __future__ import annotations

import time

import msgspec

from benchmarks.ingest.load import publish_all
from benchmarks.ingest.runs import gateway, until
from benchmarks.ingest.world import World
from contract.clock import true_now

_TICK_S = 0.01


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds from handing a position to the socket to its commit, at a load of so many positions a second."""

    positions_per_s: float
    p50_ms: float
    p99_ms: float
    most_ms: float


def run_latency(world: World, per_s: float, seconds: float, *, tracking: bool = True) -> Latency:
    """At `per_s` positions a second, one a message; the first second, in which everything warms up, does not count.

    The time of the commit is PostgreSQL's own (track_commit_timestamp), taken just before the log is written to disk.
    """
    each_per_s = per_s / len(world.names)
    load = world.load(int(per_s * (seconds + 1)), 1)
    published_at: list[float] = []  # of the n-th message of every device: they all go out together
    began_s: float | None = None

    def allowed() -> int:
        nonlocal began_s
        # Asked first when all devices are connected: with TLS that took so long that the load began with a flood.
        began_s = began_s or time.monotonic()
        due = int((time.monotonic() - began_s) * each_per_s)
        published_at.extend([true_now().timestamp()] * (due - len(published_at)))
        return due

    with gateway(world, tracking=tracking):
        publish_all(world.address, load.packets, allowed)
        until(lambda: world.progress(load) >= load.positions)
    world.proven(load)
    rows = world.owner.execute(
        "SELECT seq, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM waybill.fix"
        " WHERE spool_id IN (SELECT id FROM waybill.spool WHERE name LIKE %s) AND seq > %s",
        [load.spools + "%", int(each_per_s)],
    )
    took_ms = sorted((committed - published_at[seq - 1]) * 1000 for seq, committed in rows)
    return Latency(per_s, took_ms[len(took_ms) // 2], took_ms[len(took_ms) * 99 // 100], took_ms[-1])
