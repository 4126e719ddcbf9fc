"""Ingest against the broker's own limit and a naive gateway, in the same run on the same servers.

    .venv/bin/python -m benchmarks.ingest.bench [--rounds 3] [--devices 100] [--messages 200000] [--json FILE]

Device passwords, access list and broker persistence are on. The gateway stores, tracks and acknowledges after the
commit; the load is counted as done when the database says that every number is stored.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.ingest.load import make_messages, publish_all
from contract.clock import true_now
from contract.fix import utc_ms
from gateway.broker_admin import BrokerAdmin
from storage.ids import new_id
from storage.migrate import migrate, set_passwords
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres
from waybill.stack.servers import ensure

PASSWORD = "benchmark"
PREMISES = new_id(true_now())


class World:
    """The servers, the devices and what they are going to say."""

    def __init__(self, folder: Path, ports: Ports, devices: int) -> None:
        self.names = [f"load-{number:04}" for number in range(devices)]
        self.postgres = Postgres(folder / "pg", ports.claim(0), PASSWORD, ensure("postgres", print))
        self.broker = Broker(
            folder / "broker", ports.claim(0), ensure("mosquitto", print), admin_password=PASSWORD,
            gateway_password=PASSWORD,
        )  # fmt: skip
        self.postgres.start()
        self.broker.start()
        migrate(self.postgres.url())
        self.gateway_url = self.postgres.url("postgres", "waybill_gateway", PASSWORD)
        set_passwords(self.postgres.url(), [self.gateway_url])
        BrokerAdmin(self.broker.host, self.broker.port, PASSWORD).put(dict.fromkeys(self.names, PASSWORD))
        self._register()
        self.owner = psycopg.connect(self.postgres.url(), autocommit=True)

    def _register(self) -> None:
        """Every device fitted in a van of its own with an open trip, so that tracking has work to do."""
        now = true_now()
        with psycopg.connect(self.postgres.url()) as connection:
            connection.execute(
                "INSERT INTO waybill.premises (id, code, name, lat_e7, lon_e7, tz, created_at)"
                " VALUES (%s, 'bench', 'Bench', 601700000, 249400000, 'UTC', %s)",
                [PREMISES, now],
            )
            for number, name in enumerate(self.names):
                vehicle, trip = new_id(now), new_id(now)
                connection.execute(
                    "INSERT INTO waybill.vehicle (id, premises_id, name, created_at) VALUES (%s, %s, %s, %s)",
                    [vehicle, PREMISES, f"van-{number}", now],
                )
                connection.execute(
                    "WITH d AS (INSERT INTO waybill.device (name, created_at) VALUES (%s, %s) RETURNING id)"
                    " INSERT INTO waybill.install (id, premises_id, device_id, vehicle_id, during)"
                    " SELECT %s, %s, id, %s, tstzrange('2020-01-01Z', NULL) FROM d",
                    [name, now, new_id(now), PREMISES, vehicle],
                )
                connection.execute(
                    "INSERT INTO waybill.trip (id, premises_id, trip_no, vehicle_id, planned_departure_at, created_at)"
                    " VALUES (%s, %s, %s, %s, %s, %s)",
                    [trip, PREMISES, f"T-{number}", vehicle, now, now],
                )
                for seq in range(1, 6):
                    order = new_id(now)
                    connection.execute(
                        "INSERT INTO waybill.orders (id, premises_id, order_no, source, source_ref, customer_name,"
                        " address, lat_e7, lon_e7, window_from, window_to, placed_at, milestone, milestone_at,"
                        " created_at)"
                        " VALUES (%s, %s, %s, 'bench', %s, 'C', 'A', %s, 249400000, %s, %s + interval '1 hour', %s,"
                        " 'queued', %s, %s)",
                        [order, PREMISES, f"{number}-{seq}", f"{number}-{seq}", 601700000 + seq * 60000, now, now, now,
                         now, now],
                    )  # fmt: skip
                    connection.execute(
                        "INSERT INTO waybill.trip_drop (id, premises_id, trip_id, order_id, seq)"
                        " VALUES (%s, %s, %s, %s, %s)",
                        [new_id(now), PREMISES, trip, order, seq],
                    )

    def close(self) -> None:
        self.owner.close()
        self.broker.stop()
        self.postgres.stop()


def _load(world: World, messages: int, per_message: int) -> dict[str, tuple[str, list[bytes]]]:
    """New spools, so that no run repeats another's numbers."""
    spool = f"{time.monotonic_ns():016x}"[-16:]
    each = messages // len(world.names)
    now = utc_ms(true_now())
    return {name: (PASSWORD, make_messages(name, spool, each, per_message, now)) for name in world.names}


@contextmanager
def _process(command: list[str], environ: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env={**os.environ, **(environ or {})}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _until(check: Callable[[], bool], patience_s: float = 300) -> None:
    deadline = time.monotonic() + patience_s
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not done after {patience_s} s")
        time.sleep(0.02)


def run_limit(world: World, messages: int, per_message: int) -> float:
    """Messages/s that mosquitto_sub alone receives."""
    load = _load(world, messages, per_message)
    count = sum(len(packets) for _, packets in load.values())
    sub = ensure("mosquitto", print) / "usr/bin/mosquitto_sub"
    command = [
        str(sub), "-h", world.broker.host, "-p", str(world.broker.port), "-V", "5", "-u", "gateway", "-P", PASSWORD,
        "-q", "1", "-c", "-x", "3600", "-D", "connect", "receive-maximum", "20000", "-t", "waybill/v1/+/fixes",
        "-C", str(count),
    ]  # fmt: skip
    with _process(["sh", "-c", 'exec "$@" >/dev/null', "sh", *command]) as process:
        time.sleep(1.0)  # no sign of its own says that mosquitto_sub has subscribed
        began_s = time.monotonic()
        publish_all(world.broker.host, world.broker.port, load)
        process.wait(300)
        return count / (time.monotonic() - began_s)


def run_naive(world: World, messages: int, per_message: int) -> float:
    """Positions/s of the naive gateway."""
    world.owner.execute("DROP TABLE IF EXISTS naive_fix")
    world.owner.execute(
        "CREATE TABLE naive_fix (device text, seq bigint, fixed_at timestamptz, lat_e7 int, lon_e7 int,"
        " speed_mps real, course_deg real)"
    )
    world.owner.execute("SELECT create_hypertable('naive_fix', by_range('fixed_at', INTERVAL '1 day'))")
    load = _load(world, messages, per_message)
    count = sum(len(packets) for _, packets in load.values()) * per_message
    arguments = [world.broker.host, str(world.broker.port), PASSWORD, world.postgres.url()]
    with _process([sys.executable, "-m", "benchmarks.ingest.naive", *arguments]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        began_s = time.monotonic()
        publish_all(world.broker.host, world.broker.port, load)
        stored, changed_s = 0, began_s
        while stored < count and time.monotonic() - changed_s < 3:  # it loses messages: then the last change counts
            before, stored = stored, world.owner.execute("SELECT count(*) FROM naive_fix").fetchone()[0]  # type: ignore[index]
            changed_s = time.monotonic() if stored > before else changed_s
            time.sleep(0.02)
        took_s = changed_s - began_s
        if stored < count:
            print(f"    the naive gateway lost {count - stored} of {count}")
        return stored / took_s


def run_gateway(world: World, messages: int, per_message: int) -> float:
    """Positions/s of the gateway, every number stored."""
    load = _load(world, messages, per_message)
    count = sum(len(packets) for _, packets in load.values()) * per_message
    environ = {
        "WAYBILL_DATABASE_URL": world.gateway_url,
        "WAYBILL_BROKER_HOST": world.broker.host,
        "WAYBILL_BROKER_PORT": str(world.broker.port),
        "WAYBILL_BROKER_PASSWORD": PASSWORD,
        "WAYBILL_LOG_LEVEL": "warning",
    }
    before = _progress(world)
    with _process([str(Path(sys.executable).with_name("waybill")), "gateway"], environ):
        _until(lambda: _alive(world))
        began_s = time.monotonic()
        publish_all(world.broker.host, world.broker.port, load)
        _until(lambda: _progress(world) - before >= count)
        return count / (time.monotonic() - began_s)


def _alive(world: World) -> bool:
    row = world.owner.execute(
        "SELECT 1 FROM waybill.part WHERE name = 'gateway' AND seen_at > clock_timestamp() - interval '2 seconds'"
    ).fetchone()
    return row is not None


def _progress(world: World) -> int:
    row = world.owner.execute(
        "SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM waybill.device_progress p, unnest(p.seqs) r"
    ).fetchone()
    assert row is not None
    return int(row[0])


RUNS: dict[str, Callable[[World, int, int], float]] = {
    "mosquitto_sub": run_limit,
    "naive": run_naive,
    "waybill": run_gateway,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--devices", type=int, default=100)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="waybill-bench-"))
    folder.chmod(0o755)
    rates: dict[str, list[float]] = {}
    with Ports() as ports:
        world = World(folder, ports, options.devices)
        try:
            for number in range(options.rounds):
                for per_message in (1, 50):
                    for name, run in RUNS.items():
                        share = {"naive": 10}.get(name, 1) * (10 if per_message == 50 else 1)
                        rate = run(world, options.messages // share, per_message)
                        rates.setdefault(f"{name} {per_message}/message", []).append(rate)
                        unit = "messages/s" if name == "mosquitto_sub" else "positions/s"
                        print(f"round {number + 1}: {name}, {per_message} per message: {rate:,.0f} {unit}", flush=True)
        finally:
            world.close()
            shutil.rmtree(folder)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ratios = {
        "1/message: waybill / mosquitto_sub": medians["waybill 1/message"] / medians["mosquitto_sub 1/message"],
        "1/message: waybill / naive": medians["waybill 1/message"] / medians["naive 1/message"],
        "50/message: waybill / naive": medians["waybill 50/message"] / medians["naive 50/message"],
    }
    for name, value in {**medians, **ratios}.items():
        print(f"{name:45} {value:12,.2f}")
    if options.json:
        options.json.write_text(json.dumps({"medians": medians, "ratios": ratios, "rounds": rates}, indent=2))


if __name__ == "__main__":
    main()
