"""How long a past day's fixes off trip take to go, and what writers notice of it: python -m benchmarks.retention."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from contract.clock import true_now
from gateway.worker.housekeeping import run_retention
from storage.migrate import migrate, set_passwords
from storage.retention import Periods, retention_plan
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres
from waybill.stack.servers import ensure

PERIODS = Periods(on_trip_days=180, off_trip_days=7, reject_days=180, business_days=2557)
SHOP = "01900000-0000-7000-8000-000000000001"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=1000)
    parser.add_argument("--fixes", type=int, default=5000, help="of each vehicle on that day")
    words = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="waybill-retention-"))
    folder.chmod(0o755)
    try:
        with Ports() as ports, Postgres(folder / "pg", ports.claim(0), "owner", ensure("postgres", print)) as server:
            measure(server, words.vehicles, words.fixes)
    finally:
        shutil.rmtree(folder)


def measure(server: Postgres, vehicles: int, fixes: int) -> None:
    migrate(server.url())
    retention_url, gateway_url = (
        server.url("postgres", role, "role-of-the-run") for role in ("waybill_retention", "waybill_gateway")
    )
    set_passwords(server.url(), [retention_url, gateway_url])
    with psycopg.connect(server.url(), autocommit=True) as owner:
        fill(owner, vehicles, fixes)
    began_s = time.monotonic()
    with psycopg.connect(retention_url) as connection:
        plan = {one.name: one for one in retention_plan(connection, PERIODS)}["off_trip"]
    planned_s = time.monotonic() - began_s
    stop, waits = threading.Event(), []
    writer = threading.Thread(target=write_late, args=(server.url(), stop, waits))
    writer.start()
    began_s = time.monotonic()
    with psycopg.connect(retention_url, autocommit=True) as connection:
        done = run_retention(connection, PERIODS)
    took_s = time.monotonic() - began_s
    stop.set()
    writer.join()
    total = vehicles * fixes
    print(
        f"{total:,} fixes of {vehicles} vehicles on one day; off trip {plan.due_rows:,}, {plan.due_bytes / 1e6:.0f} MB"
    )
    print(f"plan {planned_s:.1f} s; deleted {done.off_trip_fixes:,} in {took_s:.1f} s"
          f" ({done.off_trip_fixes / took_s:,.0f} rows/s)")  # fmt: skip
    print(f"a late fix into that day meanwhile: {len(waits)} inserts, longest {max(waits) * 1000:.0f} ms")


def fill(owner: psycopg.Connection, vehicles: int, fixes: int) -> None:
    """A day 10 days ago: every vehicle reports around the clock and is on a trip for eight hours of it."""
    day = true_now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=10)
    values = {"day": day, "vehicles": vehicles, "fixes": fixes, "shop": SHOP}
    owner.execute(
        "INSERT INTO waybill.premises (id, code, name, lat_e7, lon_e7, tz, created_at)"
        " VALUES (%(shop)s, 'shop', 'Shop', 0, 0, 'UTC', %(day)s)",
        values,
    )
    owner.execute(
        "INSERT INTO waybill.vehicle (id, premises_id, name, created_at)"
        " SELECT gen_random_uuid(), %(shop)s, 'van-' || n, %(day)s FROM generate_series(1, %(vehicles)s) n",
        values,
    )
    owner.execute("INSERT INTO waybill.device (name, created_at) SELECT name, created_at FROM waybill.vehicle")
    owner.execute(
        "INSERT INTO waybill.install (id, premises_id, device_id, vehicle_id, during)"
        " SELECT gen_random_uuid(), %(shop)s, d.id, v.id, tstzrange('2020-01-01Z', NULL)"
        " FROM waybill.device d JOIN waybill.vehicle v USING (name)",
        values,
    )
    owner.execute(
        "INSERT INTO waybill.trip (id, premises_id, trip_no, vehicle_id, planned_departure_at, departed_at, ended_at,"
        " created_at) SELECT gen_random_uuid(), %(shop)s, 'T-' || name, id, %(day)s, %(day)s + interval '9 hours',"
        " %(day)s + interval '17 hours', %(day)s FROM waybill.vehicle",
        values,
    )
    owner.execute(
        "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed, source)"
        " SELECT at, at, n, d, 1, 601700000 + n, 249400000 + d, false, 'dedicated'"
        " FROM generate_series(1, %(fixes)s) n,"
        " LATERAL (SELECT %(day)s + interval '1 day' * (n - 1) / %(fixes)s AS at) t,"
        " generate_series(1, %(vehicles)s) d",
        values,
    )
    owner.execute("ANALYZE waybill.fix")


def write_late(url: str, stop: threading.Event, waits: list[float]) -> None:
    """One late fix at a time into the day that is gone through."""
    at = true_now().replace(hour=12, minute=0, second=0, microsecond=1) - timedelta(days=10)
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.wait(0.02):
            began_s = time.monotonic()
            connection.execute(
                "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed,"
                " source) VALUES (%s, %s, %s, 1, 1, 0, 0, false, 'dedicated')",
                [at, true_now(), 10_000_000 + len(waits)],
            )
            waits.append(time.monotonic() - began_s)


if __name__ == "__main__":
    main()
