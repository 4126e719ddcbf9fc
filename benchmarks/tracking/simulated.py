"""A recorded simulation as fixes, plans and truth, as a gateway would have had them. Scores nothing."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.tracking.scores import Stand
from contract.fix import Fix
from contract.times import parse_instant
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.sampling import Sampler, SamplingPolicy
from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip

Truth = list[dict[str, Any]]
NAMED = ("door", "premises")  # stops that are no traffic


def truth_of(folder: Path) -> dict[str, Truth]:
    """The truth records per vehicle, with times as instants."""
    found: dict[str, Truth] = defaultdict(list)
    for line in (folder / "truth.jsonl").read_text("utf-8").splitlines():
        record = {name: _value(name, value) for name, value in msgspec.json.decode(line).items()}
        if record["type"] == "simulation":
            ends_at = record["ends_at"]
        if "vehicle" in record and _within(record, ends_at):
            found[record["vehicle"]].append(record)
    return found


def _within(record: dict[str, Any], ends_at: datetime) -> bool:
    """What begins before the recording ends; an end beyond it is not known yet."""
    if record["type"] == "trip" and record["ended_at"] > ends_at:
        record["ended_at"] = None
    begins = record.get("at") or record.get("departed_at") or record.get("starts_at")
    return begins is None or begins <= ends_at


def _value(name: str, value: Any) -> Any:
    return parse_instant(value) if name == "at" or name.endswith("_at") else value


def fixes_of(folder: Path, vehicle: str, *, sampled: bool, speeds: bool) -> list[Fix]:
    """The fixes of one unit: each second, or those that a unit sends by default."""
    decoder, sampler = Decoder(), Sampler(SamplingPolicy())
    positions = decoder.feed((folder / f"{vehicle}.nmea").read_bytes()) + decoder.flush()
    if sampled:
        positions = [sent for position in positions for sent in sampler.feed(position)] + sampler.flush()
    fixes = [_fix(position, number, speeds=speeds) for number, position in enumerate(positions, 1)]
    return sorted(fixes, key=lambda fix: (fix.fixed_at, fix.seq))


def _fix(position: Position, number: int, *, speeds: bool) -> Fix:
    return Fix(
        device="sim", spool_id="sim", seq=number, boot_id=1, fixed_at=position.fixed_at, lat_e7=position.lat_e7,
        lon_e7=position.lon_e7, speed_mps=position.speed_mps if speeds else None, hdop=position.hdop,
        quality=position.quality,
    )  # fmt: skip


def plan_of(vehicle: str, truth: Truth) -> Plan:
    """What a dispatcher would have planned for what really happened; departures are left to be detected."""
    home = next(one for one in truth if one["type"] == "stop" and one["reason"] == "premises")
    trips = [_trip(number, one, truth) for number, one in enumerate(trips_of(truth), 1)]
    return Plan(
        vehicle_id=vehicle, premises_id="", premises_lat_e7=home["lat_e7"], premises_lon_e7=home["lon_e7"],
        trips=tuple(trips), report_interval_s=1, heartbeat_s=30,
    )  # fmt: skip


def trips_of(truth: Truth) -> Truth:
    return [one for one in truth if one["type"] == "trip"]


def arrivals_of(truth: Truth) -> dict[str, datetime]:
    """When the vehicle came to each door, by order."""
    return {one["order"]: one["at"] for one in truth if one["type"] == "arrival" and one.get("order")}


def stands_of(truth: Truth, vehicle: str, reasons: tuple[str, ...]) -> list[Stand]:
    """True standstills within trips."""
    trips = [(one["departed_at"], one.get("ended_at")) for one in trips_of(truth)]
    return [
        Stand(vehicle, one["starts_at"], one["ends_at"])
        for one in truth
        if one["type"] == "stop"
        and one["reason"] in reasons
        and one.get("ends_at")
        and any(begin <= one["starts_at"] and (end is None or one["ends_at"] <= end) for begin, end in trips)
    ]


def outages_of(truth: Truth, longer_s: float) -> tuple[list[Stand], list[Stand]]:
    """Times without a position: all of them, and those within trips that are longer than the limit for a gap."""
    trips = [(one["departed_at"], one.get("ended_at")) for one in trips_of(truth)]
    every = [
        Stand("", parse_instant(fault["starts_at"]), parse_instant(fault.get("fix_at") or fault["ends_at"]))
        for fault in (one["fault"] for one in truth if one["type"] == "fault")
        if fault["kind"] in {"tunnel", "silence", "power"}
    ]
    surely = [
        one for one in every
        if one.lasts_s > longer_s
        and any(begin <= one.start and end is not None and one.end <= end for begin, end in trips)
    ]  # fmt: skip
    return every, surely


def _trip(number: int, trip: dict[str, Any], truth: Truth) -> PlannedTrip:
    ended_at = trip.get("ended_at")
    drops = [
        one for one in truth
        if one["type"] == "arrival" and one.get("order") and trip["departed_at"] <= one["at"]
        and (ended_at is None or one["at"] <= ended_at)
    ]  # fmt: skip
    return PlannedTrip(
        trip_id=str(number), planned_departure_at=trip["departed_at"], departed_at=None,
        drops=tuple(
            PlannedDrop(
                drop_id=one["order"], order_id=one["order"], seq=seq, lat_e7=one["lat_e7"], lon_e7=one["lon_e7"],
                arrived_at=None, left_at=None, closed=False,
            )
            for seq, one in enumerate(drops, 1)
        ),
    )  # fmt: skip
