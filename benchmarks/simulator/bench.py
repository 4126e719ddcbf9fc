"""How many vehicles the simulator drives: their bytes alone, as files, and through bridges to a real broker.

.venv/bin/python -m benchmarks.simulator.bench [--vehicles 1000] [--seconds 30] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from benchmarks.simulator.gateway import FleetGateway
from contract.times import parse_instant
from firmware_bridge.sim.day import plan
from firmware_bridge.sim.fault_plan import random_faults
from firmware_bridge.sim.faults import FaultKind
from firmware_bridge.sim.feed import nmea
from firmware_bridge.sim.fleet_plan import FleetWish, fleet_days
from firmware_bridge.sim.streets import Streets
from gateway.broker_admin import BrokerAdmin
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports
from waybill.stack.servers import ensure

PASSWORD = "benchmark"
ROOT = Path(__file__).resolve().parents[2]
STREETS = ROOT / "waybill" / "demo" / "map" / "streets.json.gz"
STARTS_AT = parse_instant("2026-11-23T09:00:00Z")
WAYBILL = str(Path(sys.executable).with_name("waybill"))


@dataclass(frozen=True)
class Figure:
    """One line of the table; `limit` is what it must reach, or stay below."""

    name: str
    value: float
    unit: str
    limit: str
    ok: bool


def driving() -> list[Figure]:
    """One core, no files: plans, and epochs with and without faults."""
    streets = Streets.from_bytes(STREETS.read_bytes())
    began_s = time.process_time()
    days = fleet_days(FleetWish(vehicles=20, seed=1, starts_at=STARTS_AT, hours=1.0), streets)
    for day in days:
        plan(day, streets, 1)
    plans_ms = (time.process_time() - began_s) * 1000 / len(days)
    made = [Figure("day of one vehicle planned", plans_ms, "ms", "100", plans_ms <= 100)]
    for what, kinds in (("no faults", ()), ("all faults", tuple(FaultKind))):
        faulty = [msgspec.structs.replace(day, faults=random_faults(day, streets, 1, kinds)) for day in days]
        began_s = time.process_time()
        epochs = sum(1 for day in faulty for _ in nmea(day, streets, 1, STARTS_AT, STARTS_AT + timedelta(hours=1)))
        rate = epochs / (time.process_time() - began_s)
        made.append(Figure(f"epochs made, {what}", rate, "per CPU second", "20,000", rate >= 20_000))
    return made


def recording(folder: Path, vehicles: int) -> list[Figure]:
    words = ["simulate", "--vehicles", str(vehicles), "--hours", "0.1", "--start", "2026-11-23T09:00:00Z"]
    command = [WAYBILL, *words, "--faults", "all", "--streets", str(STREETS), "--record", str(folder / "record")]
    began_s = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    times = vehicles * 360 / (time.monotonic() - began_s) / vehicles
    return [Figure(f"{vehicles} vehicles to files", times, "x true time", "1", times >= 1)]


def publishing(folder: Path, broker: Broker, vehicles: int, seconds: float) -> list[Figure]:
    """The whole way at 1 Hz: source, decoder, spool with fsync, connection, receipt."""
    BrokerAdmin(broker.host, broker.port, PASSWORD).put({f"sim-{n:02d}": PASSWORD for n in range(1, vehicles + 1)})
    gateway = FleetGateway(broker.host, broker.port, PASSWORD)
    environ = {
        **os.environ, "WAYBILL_DATA_DIR": str(folder / "data"), "WAYBILL_BROKER_PORT": str(broker.port),
        "WAYBILL_DEVICE_PASSWORD": PASSWORD,
    }  # fmt: skip
    words = ["simulate", "--vehicles", str(vehicles), "--hours", "0.5", "--streets", str(STREETS)]
    with (folder / "log").open("wb") as log:
        # Set out 5 minutes ago: most are on the road by now.
        process = subprocess.Popen([WAYBILL, *words, "--start", "5 minutes ago"], env=environ, stderr=log)
        try:
            ready_s = _wait_for_present(gateway, process, vehicles)
            gateway.forget_lags()
            before, cpu_s, began_s = gateway.fixes, _cpu_s(process.pid), time.monotonic()
            time.sleep(seconds)  # the measurement itself
            took_s = time.monotonic() - began_s
            rate, cpu = (gateway.fixes - before) / took_s, (_cpu_s(process.pid) - cpu_s) / took_s
            lag_s = statistics.quantiles(gateway.lags_s, n=20)[-1]
            mib = _rss_mib(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)
            gateway.close()
    return [
        Figure(f"{vehicles} vehicles in the present after", ready_s, "s", "-", ok=True),
        Figure("fixes arriving", rate, "per s", "-", ok=True),
        Figure("age on arrival, 95 of 100 below", lag_s, "s", "5", lag_s <= 5),
        Figure("CPU of the fleet", cpu * 100, "% of a core", "100", cpu <= 1),
        Figure("memory of the fleet", mib, "MiB", "-", ok=True),
    ]


def _wait_for_present(gateway: FleetGateway, process: subprocess.Popen[bytes], vehicles: int) -> float:
    """Until what arrives is of now: 5 seconds in which hardly anything older than 5 s came."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < 180 and process.poll() is None:
        gateway.forget_lags()
        time.sleep(5)
        lags_s = list(gateway.lags_s)
        if len(lags_s) > vehicles / 4 and statistics.quantiles(lags_s, n=20)[-1] < 5:
            return time.monotonic() - began_s
    raise TimeoutError(f"{vehicles} vehicles never came to the present; try fewer: --vehicles {vehicles // 2}")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description="Benchmark of the simulator.")
    parser.add_argument("--vehicles", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the publishing fleet is watched")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures = driving()
    with tempfile.TemporaryDirectory(prefix="waybill-bench-") as scratch, Ports() as ports:
        folder = Path(scratch)
        folder.chmod(0o755)
        figures += recording(folder, asked.vehicles)
        with Broker(
            folder / "broker", ports.claim(0), ensure("mosquitto", print), admin_password=PASSWORD,
            gateway_password=PASSWORD,
        ) as broker:  # fmt: skip
            figures += publishing(folder, broker, asked.vehicles, asked.seconds)
    for each in figures:
        value = f"{each.value:,.0f}" if each.value >= 100 else f"{each.value:.1f}"
        print(f"{each.name:<40}{value:>10} {each.unit:<15} limit {each.limit:<8}{'ok' if each.ok else 'NOT REACHED'}")
    if asked.json is not None:
        asked.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
