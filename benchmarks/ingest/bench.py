"""Ingest against the broker's own limit and a naive gateway, in the same run on the same servers.

    .venv/bin/python -m benchmarks.ingest.bench [--rounds 3] [--devices 100] [--messages 100000] [--tls]
        [--latency 10] [--flood 600] [--json FILE]

Device passwords, access list and broker persistence are on, database, broker, load and gateway on the same machine.
The gateway stores, tracks and acknowledges after the commit. Every run of it is verified: each position published is
stored, once, and nothing was rejected.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.ingest.flood import Flood, run_flood
from benchmarks.ingest.latency import Latency, run_latency
from benchmarks.ingest.report import medians, table, write_json
from benchmarks.ingest.runs import Outcome, run_limit, run_naive, run_waybill
from benchmarks.ingest.world import Load, World
from waybill.stack.ports import Ports

RUNS: dict[str, Callable[[World, Load], Outcome]] = {
    "mosquitto_sub": run_limit,
    "naive": run_naive,
    "waybill": partial(run_waybill, tracking=True),
    "waybill untracked": partial(run_waybill, tracking=False),
}
_SLOW = {"naive": 20}  # gets so many times fewer messages
_PACKS = {1: 1, 50: 10}  # positions per message: so many times fewer messages


def _rounds(world: World, rounds: int, messages: int) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for number in range(rounds):
        for per_message, fewer in _PACKS.items():
            for name, run in RUNS.items():
                if name == "mosquitto_sub" and per_message > 1:
                    continue  # it unpacks nothing: there is no limit to compare with
                load = world.load(messages // fewer // _SLOW.get(name, 1), per_message)
                outcome = run(world, load)
                found.setdefault(f"{name}, {per_message} per message", []).append(outcome)
                print(f"round {number + 1}: {name}, {per_message} per message: {outcome.per_s:,.0f}/s", flush=True)
    return found


def main() -> None:
    """Runs what was asked for, prints a table and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument(
        "--latency", type=float, default=10, metavar="SECONDS", help="at half of what the rounds reached"
    )
    parser.add_argument("--flood", type=float, default=0, metavar="SECONDS", help="memory; 600 for the full form")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="waybill-bench-"))
    folder.chmod(0o755)
    latencies: list[Latency] = []
    flood: Flood | None = None
    with Ports() as ports:
        world = World(folder, ports, options.devices, tls=options.tls)
        try:
            outcomes = _rounds(world, options.rounds, options.messages)
            middle = medians(outcomes)
            if options.latency and outcomes:
                half = middle["waybill, 1 per message"].per_s / 2
                latencies = [run_latency(world, half, options.latency) for _ in range(options.rounds)]
            if options.flood:
                flood = run_flood(world, options.flood, options.messages)
        finally:
            world.close()
            shutil.rmtree(folder)
    print(table(outcomes, latencies, flood))
    if options.json:
        write_json(options.json, outcomes, latencies, flood, vars(options))


if __name__ == "__main__":
    main()
