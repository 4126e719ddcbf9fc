"""The vehicle's side in figures, each with its limit and its peer from the same run.

.venv/bin/python -m benchmarks.bridge.bench [--rounds 3] [--backlog 604800] [--seconds 15] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.bridge.receipts import RECEIPT_EVERY_S, Receipts
from benchmarks.bridge.running import appends_per_s, drain
from benchmarks.bridge.sentences import captures, compare, drive
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.flights import MAX_FLIGHTS
from firmware_bridge.streams import LIVE_FLIGHTS, PACK_FIXES
from gateway.broker_admin import BrokerAdmin
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports
from waybill.stack.servers import ensure

PASSWORD = "benchmark"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Figure:
    """One line of the table. `limit`: what it must reach (or stay below); `peer`: what it is compared with."""

    name: str
    value: float
    unit: str
    limit: str
    peer: str
    ok: bool


def decoding(rounds: int) -> list[Figure]:
    gpsdecode = ensure("gpsd", _quiet) / "usr" / "bin" / "gpsdecode"
    made = []
    for what, data in (("RMC+GGA", drive(15_000)), ("71 real captures", captures(ROOT / "tests/golden/nmea"))):
        rates = compare(data, rounds, gpsdecode if gpsdecode.exists() else None)
        ratio = rates["ours"] / rates["pynmea2"]
        others = ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items() if name != "ours")
        made.append(
            Figure(f"decode {what}", rates["ours"], "sentences/s", "0.6 x pynmea2", f"{others}; {ratio:.2f} x pynmea2",
                   ratio >= 0.6)
        )  # fmt: skip
    return made


def appending(folder: Path) -> list[Figure]:
    made = []
    for group in (1, 10, 500):
        commits, fixes = appends_per_s(folder, group)
        made.append(
            Figure(f"spool append, {group} a commit", fixes, "fixes/s", "10 Hz at 4 commits/s",
                   f"{commits:,.0f} commits with fsync/s", commits >= 4 and fixes >= 10)
        )  # fmt: skip
    return made


def load(folder: Path, port: int, hertz: float, seconds: float) -> list[Figure]:
    words = [str(folder), str(port), PASSWORD, str(hertz), str(seconds)]
    command = [sys.executable, "-m", "benchmarks.bridge.running", *words]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    percent, mib = (float(word) for word in out.split())
    return [
        Figure(f"CPU at {hertz:g} Hz", percent, "% of a core", "10 %", "-", percent <= 10),
        Figure(f"memory at {hertz:g} Hz", mib, "MiB", "200 MiB (unit's MemoryMax)", "-", mib <= 200),
    ]


def draining(folder: Path, address: BrokerAddress, receipts: Receipts, backlog: int) -> list[Figure]:
    rate, now_s = asyncio.run(drain(folder, address, receipts, backlog))
    most = (MAX_FLIGHTS - LIVE_FLIGHTS) * PACK_FIXES / RECEIPT_EVERY_S
    return [
        Figure(f"drain of {backlog:,} fixes", rate, "fixes/s", "1,000", f"window and receipts allow {most:,.0f}",
               rate >= 1000),
        Figure("the present arrives after", now_s, "s", "5 s", "-", now_s <= 5),
    ]  # fmt: skip


def _quiet(_text: str) -> None:
    return


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of the bridge.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog", type=int, default=604_800, help="fixes of an outage; 604800 are 7 days at 1 Hz")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long CPU is watched")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waybill-bench-") as scratch, Ports() as ports:
        folder = Path(scratch)
        folder.chmod(0o755)
        figures = decoding(asked.rounds) + appending(folder)
        servers = ensure("mosquitto", _quiet)
        with Broker(
            folder / "broker", ports.claim(0), servers, admin_password=PASSWORD, gateway_password=PASSWORD
        ) as broker:
            BrokerAdmin(broker.host, broker.port, PASSWORD).put({"gps-01": PASSWORD})
            address = BrokerAddress(host=broker.host, port=broker.port, password=PASSWORD)
            receipts = Receipts(broker.host, broker.port, PASSWORD)
            try:
                for hertz in (1.0, 10.0):
                    figures += load(folder, broker.port, hertz, asked.seconds)
                figures += draining(folder, address, receipts, asked.backlog)
            finally:
                receipts.close()
    show(figures)
    if asked.json is not None:
        asked.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n", encoding="utf-8")


def show(figures: list[Figure]) -> None:
    print(f"{'what':<30}{'value':>12} {'unit':<12} {'limit':<28}{'ok':<4} peer")
    for each in figures:
        value = f"{each.value:,.0f}" if each.value >= 100 else f"{each.value:.1f}"
        print(f"{each.name:<30}{value:>12} {each.unit:<12} {each.limit:<28}{'yes' if each.ok else 'NO':<4} {each.peer}")


if __name__ == "__main__":
    main()
