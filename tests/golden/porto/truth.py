"""The Porto recordings and their truth as records, and what the engine finds in them. Asserts nothing."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.tracking.scores import Crossing, Stand
from contract.fix import Fix
from contract.geo import to_e7
from gateway.tracking.events import Event
from gateway.tracking.geojson import zones_of
from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip
from gateway.tracking.policy import Policy
from gateway.tracking.zones import ZoneSet
from waybill.detection.run import events_of

HERE = Path(__file__).parent


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def rows(name: str) -> Iterator[dict[str, str]]:
    path = HERE / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        yield from csv.DictReader(lines)


@cache
def fixes(name: str, *, speeds: bool = True) -> dict[str, list[Fix]]:
    found: dict[str, list[Fix]] = defaultdict(list)
    for number, row in enumerate(rows(name), 1):
        found[row["vehicle"]].append(
            Fix(
                device="porto", spool_id="porto", seq=number, fixed_at=instant(row["time"]),
                lat_e7=to_e7(float(row["lat"])), lon_e7=to_e7(float(row["lon"])),
                speed_mps=float(row["speed_mps"]) if speeds else None,
            )
        )  # fmt: skip
    return dict(found)


@cache
def zone_set() -> ZoneSet:
    return ZoneSet(zones_of(msgspec.json.decode(gzip.decompress((HERE / "geofences.geojson.gz").read_bytes()))))


def plan(vehicle: str, **more: Any) -> Plan:
    more = {"without_trips": True, **more}
    return Plan(vehicle_id=vehicle, premises_id="", premises_lat_e7=None, premises_lon_e7=None, **more)


def plan_with_drops(vehicle: str) -> Plan:
    """As a dispatcher would have planned it: every true stop is a drop."""
    first = fixes("vans.csv.gz")[vehicle][0].fixed_at
    drops = tuple(
        PlannedDrop(
            drop_id=str(number), order_id=str(number), seq=number, lat_e7=to_e7(float(row["lat"])),
            lon_e7=to_e7(float(row["lon"])), arrived_at=None, left_at=None, closed=False,
        )
        for number, row in enumerate(rows("stops_truth.csv"), 1)
        if row["vehicle"] == vehicle
    )  # fmt: skip
    trip = PlannedTrip(trip_id=vehicle, planned_departure_at=first, departed_at=first, drops=drops)
    return plan(vehicle, trips=(trip,), without_trips=False)


def events(vehicle: str, planned: Plan, *, speeds: bool = True, name: str = "vans.csv.gz") -> list[Event]:
    return [event for event, _ in events_of(fixes(name, speeds=speeds)[vehicle], planned, Policy(), Counter())]


def true_stops() -> list[Stand]:
    return [Stand(row["vehicle"], instant(row["start"]), instant(row["end"])) for row in rows("stops_truth.csv")]


def true_crossings() -> list[Crossing]:
    return [
        Crossing(row["vehicle"], row["geofence"], row["event"] == "enter", instant(row["time"]))
        for row in rows("geofence_events_truth.csv")
    ]
