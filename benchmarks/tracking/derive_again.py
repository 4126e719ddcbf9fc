"""Vehicle-days derived again per minute, and what a backlog of several days costs, on a real database.

    .venv/bin/python -m benchmarks.tracking.derive_again [--vehicles 60] [--workers 2] [--hours 8] [--json FILE]

Each vehicle-day is a simulated day on the demo's streets: its fixes as a unit sends them, its trips with their drops.
Everything is queued as late data; the workers are processes with the worker's own function.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg

from contract.clock import Clock, true_now
from contract.milestones import Milestone
from contract.reasons import DerivationCause
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.sampling import Sampler, SamplingPolicy
from firmware_bridge.sim.day import VehicleDay
from firmware_bridge.sim.feed import arrivals, nmea, trips
from firmware_bridge.sim.fleet_plan import FleetWish, fleet_days
from firmware_bridge.sim.streets import Streets
from gateway.derive.ground import Grounds
from gateway.orders.service import plan_trip
from gateway.tracking.policy import Policy
from gateway.worker.derive import work_off
from storage.audit import Actor
from storage.derivation_queue import queue_trips
from storage.ids import new_id
from storage.migrate import migrate, set_passwords
from storage.orders import NewDrop, NewOrder, NewTrip, put_order, set_milestone
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres
from waybill.stack.servers import ensure

PASSWORD = "benchmark"
STARTS_AT = datetime(2026, 11, 16, 7, tzinfo=UTC)
SEED = 5
TRACKS = 4  # so many different days; vehicles share them
BACKLOG_DAYS = (1, 2, 4, 7)
POLICY = Policy(accept_simulated=True)
NOBODY = Actor("system", "benchmark")
STREETS = Path(__file__).parents[2] / "waybill/demo/map/streets.json.gz"


class Track(msgspec.Struct):
    """A simulated day: positions as sent, trips with the doors they come to."""

    day: VehicleDay
    positions: list[Position]
    trips: list[tuple[datetime, list[tuple[str, int, int]]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vehicles", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="waybill-bench-"))
    folder.chmod(0o755)
    with Ports() as ports:
        postgres = Postgres(folder / "pg", ports.claim(0), PASSWORD, ensure("postgres", print))
        postgres.start()
        try:
            figures = _measure(postgres, options.vehicles, options.workers, options.hours)
        finally:
            postgres.stop()
            shutil.rmtree(folder)
    for name, value in figures.items():
        print(f"{name}: {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _measure(postgres: Postgres, vehicles: int, workers: int, hours: float) -> dict[str, object]:
    migrate(postgres.url())
    url = postgres.url("postgres", "waybill_gateway", PASSWORD)
    set_passwords(postgres.url(), [url])
    streets = Streets.from_bytes(STREETS.read_bytes())
    wish = FleetWish(vehicles=TRACKS, seed=SEED, starts_at=STARTS_AT, hours=hours)
    tracks = [_track(day, streets, hours) for day in fleet_days(wish, streets)]
    with psycopg.connect(postgres.url(), autocommit=True) as owner:
        premises_id = _premises(owner, tracks[0].day)
        fleet = [
            trip
            for number in range(vehicles)
            for trip in _vehicle(owner, premises_id, number, tracks[number % TRACKS], 1)
        ]
        owner.execute("ANALYZE")
        fixes = sum(len(tracks[number % TRACKS].positions) for number in range(vehicles))
        took_s = _derive(owner, url, fleet, workers)
        figures: dict[str, object] = {
            "vehicle-days": vehicles, "trips": len(fleet), "fixes": fixes, "workers": workers,
            "seconds": round(took_s, 1), "vehicle-days a minute": round(vehicles / took_s * 60),
            "fixes a second": round(fixes / took_s),
        }  # fmt: skip
        for number, days in enumerate(BACKLOG_DAYS):
            backlog = list(_vehicle(owner, premises_id, vehicles + number, tracks[0], days))
            took_s = _derive(owner, url, backlog, 1)
            figures[f"backlog of {days} days"] = (
                f"{len(backlog)} trips in {took_s:.1f} s, {took_s / len(backlog) * 1000:.0f} ms a trip"
            )
    return figures


def _track(day: VehicleDay, streets: Streets, hours: float) -> Track:
    decoder, sampler = Decoder(), Sampler(SamplingPolicy())
    until = STARTS_AT + timedelta(hours=hours)
    said = b"".join(sentences for _, sentences in nmea(day, streets, SEED, STARTS_AT, until))
    positions = decoder.feed(said) + decoder.flush()
    sent = [one for position in positions for one in sampler.feed(position)] + sampler.flush()
    doors = arrivals(day, streets, SEED)
    places = {drop.order: drop.place for trip in day.trips for drop in trip.drops}
    planned = []
    for times in trips(day, streets, SEED):
        if times.departed_at >= until:
            continue
        orders = [door.order for door in doors if times.departed_at < door.arrived_at < times.ended_at]
        planned.append((
            times.departed_at,
            [(order, round(places[order].lat_deg * 1e7), round(places[order].lon_deg * 1e7)) for order in orders],
        ))  # fmt: skip
    return Track(day, sent, planned)


def _premises(owner: psycopg.Connection, day: VehicleDay) -> UUID:
    premises_id = new_id(STARTS_AT)
    owner.execute(
        "INSERT INTO waybill.premises (id, code, name, lat_e7, lon_e7, tz, created_at)"
        " VALUES (%s, 'bench', 'Bench', %s, %s, 'UTC', %s)",
        [premises_id, round(day.premises.lat_deg * 1e7), round(day.premises.lon_deg * 1e7), STARTS_AT],
    )
    return premises_id


def _vehicle(owner: psycopg.Connection, premises_id: UUID, number: int, track: Track, days: int) -> Iterator[UUID]:
    """A vehicle with its fixes and its trips on so many days, each like the other; the ids of its trips."""
    vehicle_id, name = new_id(STARTS_AT), f"van-{number}"
    with owner.transaction():
        owner.execute(
            "INSERT INTO waybill.vehicle (id, premises_id, name, created_at) VALUES (%s, %s, %s, %s)",
            [vehicle_id, premises_id, name, STARTS_AT],
        )
        row = owner.execute(
            "INSERT INTO waybill.device (name, created_at) VALUES (%s, %s) RETURNING id", [name, STARTS_AT]
        ).fetchone()
        assert row is not None
        owner.execute(
            "INSERT INTO waybill.install (id, premises_id, device_id, vehicle_id, during)"
            " VALUES (%s, %s, %s, %s, tstzrange('2020-01-01Z', NULL))",
            [new_id(STARTS_AT), premises_id, row[0], vehicle_id],
        )
        for day in range(days):
            later = timedelta(days=day)
            _copy(owner, row[0], track, later, day)
            for departed_at, doors in track.trips:
                drops = tuple(NewDrop(_order(owner, premises_id, f"{name}-{day}-{order}", lat_e7, lon_e7))
                              for order, lat_e7, lon_e7 in doors)  # fmt: skip
                trip = NewTrip(
                    premises_id=premises_id, vehicle_id=vehicle_id, crew=(), drops=drops,
                    planned_departure_at=departed_at + later - timedelta(minutes=3),
                )  # fmt: skip
                yield plan_trip(owner, trip, NOBODY, STARTS_AT - timedelta(hours=1)).id


def _order(owner: psycopg.Connection, premises_id: UUID, ref: str, lat_e7: int, lon_e7: int) -> UUID:
    order = NewOrder(
        source="bench", source_ref=ref, customer_name="Liisa", address="somewhere", lat_e7=lat_e7, lon_e7=lon_e7,
        window_from=STARTS_AT, window_to=STARTS_AT + timedelta(days=8), placed_at=STARTS_AT - timedelta(hours=2),
    )  # fmt: skip
    order_id = put_order(owner, premises_id, ref, order, order.placed_at)
    assert order_id is not None, "every ref is new"
    set_milestone(owner, order_id, Milestone.READY, order.placed_at)
    return order_id


def _copy(owner: psycopg.Connection, device_id: int, track: Track, later: timedelta, day: int) -> None:
    spool = owner.execute(
        "INSERT INTO waybill.spool (device_id, name) VALUES (%s, 'bench-' || %s) RETURNING id",
        [device_id, f"{device_id}-{day}"],
    ).fetchone()
    assert spool is not None
    with owner.cursor() as cursor, cursor.copy(
        "COPY waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, speed_mps, hdop, quality,"
        " replayed, source, boot_id) FROM STDIN"
    ) as copy:  # fmt: skip
        for seq, one in enumerate(track.positions, 1):
            copy.write_row((one.fixed_at + later, one.fixed_at + later, seq, device_id, spool[0], one.lat_e7,
                            one.lon_e7, one.speed_mps, one.hdop, one.quality, False, "dedicated", 1))  # fmt: skip


def _derive(owner: psycopg.Connection, url: str, trip_ids: list[UUID], workers: int) -> float:
    """Seconds until the queue is empty and every trip has a version."""
    queue_trips(owner, [(trip_id, DerivationCause.LATE_DATA) for trip_id in trip_ids], timedelta())
    began_s = time.monotonic()
    processes = [multiprocessing.Process(target=_work, args=(url,)) for _ in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    took_s = time.monotonic() - began_s
    row = owner.execute(
        "SELECT count(*), (SELECT count(*) FROM waybill.derivation_queue) FROM waybill.derivation"
        " WHERE trip_id = ANY (%s) AND departed_at IS NOT NULL", [trip_ids],
    ).fetchone()  # fmt: skip
    assert row == (len(trip_ids), 0), f"{row} of {len(trip_ids)} trips have a version, the queue is not empty"
    return took_s


def _work(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        clock = Clock(origin=STARTS_AT + timedelta(days=8), wall=true_now())
        grounds = Grounds(POLICY)
        while True:
            work_off(connection, grounds, clock)
            row = connection.execute("SELECT count(*) FROM waybill.derivation_queue WHERE failures = 0").fetchone()
            if row == (0,):
                return


if __name__ == "__main__":
    main()
