"""A vehicle's day in the demo's streets, for tests. Checks nothing itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from firmware_bridge.sim.day import Outage, PlannedDrop, PlannedTrip, VehicleDay
from firmware_bridge.sim.polyline import Place
from firmware_bridge.sim.streets import Streets

MAP = Path(__file__).parents[4] / "waybill" / "demo" / "map"
STREETS = Streets.from_bytes((MAP / "streets.json.gz").read_bytes())
DOORS = [Place(a["lat"], a["lon"]) for a in json.loads((MAP / "addresses.json").read_bytes())["addresses"]]
PREMISES = DOORS[200]
DEPARTS_AT = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_day(*, outages: tuple[Outage, ...] = (), held_up_s: float = 0.0) -> VehicleDay:
    """Two trips of three drops, two hours apart."""

    def drops(first: int) -> tuple[PlannedDrop, ...]:
        return tuple(
            PlannedDrop(order=f"o-{n}", place=DOORS[n * 37 % 400], service_s=150.0, held_up_s=held_up_s)
            for n in range(first, first + 3)
        )

    both = (
        PlannedTrip(departs_at=DEPARTS_AT, drops=drops(1)),
        PlannedTrip(departs_at=DEPARTS_AT + timedelta(hours=2), drops=drops(4)),
    )
    return VehicleDay(vehicle="van-7", premises=PREMISES, trips=both, outages=outages)
