"""A simulated day with tunnels, clock steps, a van offline and a wrong drop order, graded by its truth file."""

from __future__ import annotations

import json
import statistics
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from contract.clock import Clock, true_now
from contract.codec import Claim
from contract.fix import Fix
from contract.geo import distance_m
from contract.milestones import Milestone
from contract.times import parse_instant
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.sampling import Sampler, SamplingPolicy
from firmware_bridge.sim.fault_plan import parse_kinds
from firmware_bridge.sim.fleet_plan import FleetWish
from firmware_bridge.sim.streets import Streets
from gateway.derive.ground import Grounds
from gateway.ingest.batch import Batch
from gateway.ingest.inbox import Message
from gateway.ingest.tracker import Tracker
from gateway.ingest.writer import Writer
from gateway.orders.service import declare, place_order, plan_trip
from gateway.tracking.policy import Policy
from gateway.worker.derive import work_off
from storage.audit import Actor
from storage.derived import counting_version, read_findings
from storage.derived_rows import Findings
from storage.ids import new_id
from storage.orders import NewDrop, NewOrder, NewTrip
from tests.fixtures.database import Database
from tests.fixtures.gateway import PREMISES
from tests.fixtures.seed import MAP_DIR
from tests.integration.gateway.derive.gap_grades import Grades
from waybill.simulation.fleet import Simulated
from waybill.simulation.record import record_fleet

STARTS_AT = datetime(2026, 11, 23, 7, tzinfo=UTC)
DISPATCHER = Actor("account", "aino")
ACCEPTING = Policy(accept_simulated=True)
OFFLINE = "van-2"  # comes back in the evening and sends its day from the newest pack backwards
Truth = list[dict[str, Any]]


class Day:
    """The vehicles' days in the database, trips planned in an order that nobody drives."""

    def __init__(self, connection: psycopg.Connection, owner: psycopg.Connection, folder: Path) -> None:
        self.connection, self.owner = connection, owner
        self.truth = _truth(folder)
        self.ends_at = STARTS_AT
        self.trips: dict[str, list[tuple[UUID, dict[str, Any]]]] = {}
        self.orders: dict[str, str] = {}  # order id -> the simulator's name of it
        self.fixes = {vehicle: _fixes(folder, vehicle, device) for vehicle, device in _units(folder)}
        home = next(one for one in self.truth["van-1"] if one["type"] == "stop" and one["reason"] == "premises")
        owner.execute(
            "INSERT INTO waybill.premises (id, code, name, lat_e7, lon_e7, tz, created_at)"
            " VALUES (%s, 'shop', 'Shop', %s, %s, 'Europe/Helsinki', %s)",
            [PREMISES, home["lat_e7"], home["lon_e7"], STARTS_AT],
        )
        for vehicle, device in _units(folder):
            self._register(vehicle, device)
        self.tracker, self.grounds = Tracker(ACCEPTING), Grounds(ACCEPTING)

    def _register(self, vehicle: str, device: str) -> None:
        vehicle_id = new_id(STARTS_AT)
        self.owner.execute(
            "INSERT INTO waybill.vehicle (id, premises_id, name, created_at) VALUES (%s, %s, %s, %s)",
            [vehicle_id, PREMISES, vehicle, STARTS_AT],
        )
        self.owner.execute("INSERT INTO waybill.device (name, created_at) VALUES (%s, %s)", [device, STARTS_AT])
        self.owner.execute(
            "INSERT INTO waybill.install (id, premises_id, device_id, vehicle_id, during)"
            " SELECT %s, %s, id, %s, tstzrange(%s, NULL) FROM waybill.device WHERE name = %s",
            [new_id(STARTS_AT), PREMISES, vehicle_id, STARTS_AT - timedelta(days=30), device],
        )
        for trip in [one for one in self.truth[vehicle] if one["type"] == "trip"]:
            arrivals = [
                one for one in self.truth[vehicle]
                if one["type"] == "arrival" and one.get("order") and trip["departed_at"] < one["at"] < trip["ended_at"]
            ]  # fmt: skip
            if not arrivals:
                continue
            self.ends_at = max(self.ends_at, trip["ended_at"])
            self.trips.setdefault(vehicle, []).append((self._plan(vehicle_id, trip, arrivals), trip))

    def _plan(self, vehicle_id: UUID, trip: dict[str, Any], arrivals: Truth) -> UUID:
        drops = []
        for arrival in reversed(arrivals):  # the wrong way round
            order = NewOrder(
                source="sim", source_ref=arrival["order"], customer_name="Liisa", address="somewhere",
                lat_e7=arrival["lat_e7"], lon_e7=arrival["lon_e7"], window_from=STARTS_AT,
                window_to=STARTS_AT + timedelta(hours=12), placed_at=STARTS_AT - timedelta(hours=1),
            )  # fmt: skip
            placed = place_order(self.connection, UUID(PREMISES), order, DISPATCHER)
            for milestone in (Milestone.ACCEPTED, Milestone.READY):
                declare(self.connection, placed.id, milestone, STARTS_AT, DISPATCHER)
            self.orders[str(placed.id)] = arrival["order"]
            drops.append(NewDrop(placed.id))
        planned = NewTrip(
            premises_id=UUID(PREMISES), vehicle_id=vehicle_id, crew=(), drops=tuple(drops),
            planned_departure_at=trip["departed_at"] - timedelta(minutes=4),
        )  # fmt: skip
        return plan_trip(self.connection, planned, DISPATCHER, STARTS_AT - timedelta(minutes=30)).id

    def run(self, *, disturbed: bool) -> None:
        """Sends every vehicle's fixes and lets the worker work; disturbed, the offline van's day comes backwards."""
        packs = [
            (device_fixes[start : start + 100])
            for vehicle, device_fixes in self.fixes.items() if not (disturbed and vehicle == OFFLINE)
            for start in range(0, len(device_fixes), 100)
        ]  # fmt: skip
        packs.sort(key=lambda pack: pack[-1].seq)
        if disturbed:
            day = self.fixes[OFFLINE]
            packs += [day[start : start + 100] for start in range(0, len(day), 100)][::-1]
        writer = Writer(self.connection, self.tracker)
        for number, pack in enumerate(packs):
            writer.write(_batch(pack, self.ends_at), self.ends_at)
            if number % 50 == 49:
                self.work()
        self.work()

    def work(self) -> None:
        clock = Clock(origin=self.ends_at + timedelta(hours=1), wall=true_now())
        while True:
            self.owner.execute("UPDATE waybill.derivation_queue SET due_at = '2000-01-01'")
            self.owner.execute("UPDATE waybill.hour_queue SET due_at = '2000-01-01'")
            if not work_off(self.connection, self.grounds, clock):
                return

    def found(self, trip_id: UUID) -> tuple[Findings, bool]:
        with self.connection.transaction():
            version = counting_version(self.connection, trip_id)
        assert version is not None, f"nothing was found of trip {trip_id}"
        return read_findings(self.connection, version.id), version.final


@pytest.mark.parametrize(
    ("vehicles", "hours"), [pytest.param(2, 1.2, id="short"), pytest.param(6, 8.0, id="full", marks=pytest.mark.long)]
)
def test_a_day_with_faults_is_what_the_truth_says(
    database: Database, owner: psycopg.Connection, tmp_path: Path, vehicles: int, hours: float
) -> None:
    streets = Streets.from_bytes((MAP_DIR / "streets.json.gz").read_bytes())
    fleet = Simulated(
        wish=FleetWish(vehicles=vehicles, seed=11, starts_at=STARTS_AT, hours=hours),
        kinds=parse_kinds("tunnels,jumps,clock,silence"), streets=streets, streets_file=None, device_prefix="sim-",
    )  # fmt: skip
    record_fleet(fleet, tmp_path / "day", lambda _: None)
    with psycopg.connect(database.gateway_url, autocommit=True) as connection:
        day = Day(connection, owner, tmp_path / "day")
        day.run(disturbed=True)
        _grade(day)


def _grade(day: Day) -> None:
    errors_s: dict[str, list[float]] = {"departed": [], "returned": [], "arrived": []}
    missed: list[str] = []
    invented: list[str] = []
    gaps = Grades()
    for vehicle, trips in day.trips.items():
        last = day.fixes[vehicle][-1].fixed_at
        before = trips[0][1]
        for trip_id, trip in trips:
            hidden = _ends_hidden(day.truth[vehicle], before) or _ends_hidden(day.truth[vehicle], trip)
            before = trip
            if trip["ended_at"] > last - timedelta(minutes=2):
                continue  # the recording ends before the trip does
            if hidden or _overlaid(day.truth[vehicle], trip):
                continue  # its ends bear another hour's times, or fixes of another hour bear its times
            found, final = day.found(trip_id)
            assert final, (vehicle, trip)
            gaps.add(day.truth[vehicle], found.gaps, trip["departed_at"], trip["ended_at"])
            assert found.departed is not None, (vehicle, trip)
            assert found.returned is not None, (vehicle, trip)
            errors_s["departed"].append(abs((found.departed.at - trip["departed_at"]).total_seconds()))
            errors_s["returned"].append(abs((found.returned.at - trip["ended_at"]).total_seconds()))
            true = {
                one["order"]: one["at"] for one in day.truth[vehicle]
                if one["type"] == "arrival" and one.get("order") and trip["departed_at"] < one["at"] < trip["ended_at"]
            }  # fmt: skip
            arrived = {day.orders[one.order_id]: one.arrived_at for one in found.visits if one.arrived_at is not None}
            # What happened within a gap is not known, and that it is not known is on record.
            seen = {order: at for order, at in true.items() if not _in_gap(found, at)}
            doors = {one["order"]: (one["lat_e7"], one["lon_e7"]) for one in day.truth[vehicle]
                     if one["type"] == "arrival" and one.get("order")}  # fmt: skip
            missed += [
                order for order in sorted(seen.keys() - arrived.keys())
                if not any(_one_door(doors[order], doors[other]) for other in arrived)
            ]  # fmt: skip
            invented += sorted(arrived.keys() - true.keys())
            errors_s["arrived"] += [
                abs((at - arrived[order]).total_seconds()) for order, at in seen.items() if order in arrived
            ]
            for door in (one for one in day.truth[vehicle] if one["type"] == "stop" and one["reason"] == "door"):
                if trip["departed_at"] < door["starts_at"] < trip["ended_at"]:
                    _check_one_stop(found, door)
    gaps.check()
    assert len(errors_s["departed"]) > 1
    assert missed == []
    assert invented == []
    medians = {name: statistics.median(found) for name, found in errors_s.items()}
    # Arrival is coming within 50 m of the door, departure leaving the premises' 100 m: some seconds of driving.
    assert medians["arrived"] <= 20, medians
    assert medians["departed"] <= 40, medians
    assert medians["returned"] <= 40, medians


def _ends_hidden(truth: Truth, trip: dict[str, Any]) -> bool:
    """Whether the receiver's clock was wrong by more than a minute when the trip began or ended."""
    near = timedelta(minutes=3)
    for fault in (one["fault"] for one in truth if one["type"] == "fault" and one["fault"]["kind"] == "clock"):
        began_at, ended_at = parse_instant(fault["starts_at"]) - near, parse_instant(fault["ends_at"]) + near
        covers = any(began_at <= at <= ended_at for at in (trip["departed_at"], trip["ended_at"]))
        if covers and abs(fault["offset_s"]) > 60:
            return True
    return False


def _overlaid(truth: Truth, trip: dict[str, Any]) -> bool:
    """Whether a receiver with a wrong clock stamped fixes of another time with times of this trip."""
    for fault in (one["fault"] for one in truth if one["type"] == "fault" and one["fault"]["kind"] == "clock"):
        began_at, ended_at = parse_instant(fault["starts_at"]), parse_instant(fault["ends_at"])
        moved = timedelta(seconds=fault["offset_s"])
        within = trip["departed_at"] <= began_at and ended_at <= trip["ended_at"]
        stamped_here = began_at + moved <= trip["ended_at"] and trip["departed_at"] <= ended_at + moved
        if stamped_here and not within:
            return True
    return False


def _one_door(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Doors so near one another are one to the engine: noise alone makes either the nearer one."""
    return distance_m(*one, *other) <= ACCEPTING.leave_slack_m


def _in_gap(found: Findings, at: datetime) -> bool:
    return any(gap.began_at <= at and (gap.ended_at is None or at <= gap.ended_at) for gap in found.gaps)


def _check_one_stop(found: Findings, door: dict[str, Any]) -> None:
    """A stand at a door is one stop; where a gap interrupts it nothing is known, and its second piece says so."""
    pieces = [
        stop for stop in found.stops
        if stop.ended_at is not None and stop.began_at < door["ends_at"] - timedelta(seconds=10)
        and stop.ended_at > door["starts_at"] + timedelta(seconds=10)
    ]  # fmt: skip
    assert len([stop for stop in pieces if not stop.after_gap]) <= 1, (door, pieces)
    assert all(stop.reason == "DELIVERY" for stop in pieces), (door, pieces)


def _truth(folder: Path) -> dict[str, Truth]:
    found: dict[str, Truth] = {}
    for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        record = {
            name: parse_instant(value) if name == "at" or name.endswith("_at") else value
            for name, value in json.loads(line).items()
        }
        if "vehicle" in record:
            found.setdefault(record["vehicle"], []).append(record)
    return found


def _units(folder: Path) -> list[tuple[str, str]]:
    records = map(json.loads, (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines())
    return [(one["vehicle"], one["device"]) for one in records if one["type"] == "unit"]


def _fixes(folder: Path, vehicle: str, device: str) -> list[Fix]:
    """What the unit sends: what its receiver said, sampled and numbered."""
    decoder, sampler = Decoder(STARTS_AT.date() - timedelta(days=300)), Sampler(SamplingPolicy())
    positions = decoder.feed((folder / f"{vehicle}.nmea").read_bytes()) + decoder.flush()
    sent = [one for position in positions for one in sampler.feed(position)] + sampler.flush()
    return [
        Fix(
            device=device, spool_id=f"spool-{device}", seq=number, boot_id=1, fixed_at=one.fixed_at,
            lat_e7=one.lat_e7, lon_e7=one.lon_e7, speed_mps=one.speed_mps, hdop=one.hdop, quality=one.quality,
        )
        for number, one in enumerate(sent, 1)
    ]  # fmt: skip


def _batch(pack: list[Fix], at: datetime) -> Batch:
    device, spool = pack[0].device, pack[0].spool_id
    claim = Claim(spool, pack[0].seq, pack[-1].seq)
    message = Message(f"waybill/v1/{device}/fixes", b"{}", claim, at, 1, 1)
    return Batch([(fix, message) for fix in pack], [], [(device, claim)], [])
