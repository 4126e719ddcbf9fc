"""Zones whose borders run along the streets: which visits are found in noise, and at what slack any is invented.

.venv/bin/python -m benchmarks.tracking.borders [--streets FILE] [--vehicles 4] [--hours 3] [--seed 7] [--noise 1.0]

Truth is the noise-free drive; the fixes are its receiver's, with the noise times --noise. Half of the zones have a
border beside a driven street, so that vehicles drive along it for long: the worst that can be drawn.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec

from benchmarks.tracking.derive_again import STREETS
from benchmarks.tracking.scores import Crossing, score_crossings
from contract.fix import Fix
from contract.places import ZoneKind
from firmware_bridge.sim.day import VehicleDay, drive
from firmware_bridge.sim.fleet_plan import FleetWish, fleet_days
from firmware_bridge.sim.receiver import Receiver
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sim.vehicle import Truth
from gateway.tracking.engine import State, step
from gateway.tracking.events import ZoneEntered, ZoneLeft
from gateway.tracking.plan import Plan
from gateway.tracking.plane import METRES_PER_E7, metres_per_e7_east
from gateway.tracking.policy import Policy
from gateway.tracking.shapes import Area, Circle, Corridor, Shape, Zone
from gateway.tracking.zones import ZoneSet

STARTS_AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
Track = list[tuple[datetime, Truth]]
SLACKS_M = (0.0, 1.0, 2.0, 3.0, 5.0)


class Drive(msgspec.Struct):
    """One vehicle's true way, second by second, and what its receiver made of it."""

    name: str
    truth: Track
    fixes: list[Fix]


def drives(streets: Streets, vehicles: int, hours: float, seed: int, noise: float) -> list[Drive]:
    wish = FleetWish(vehicles=vehicles, seed=seed, starts_at=STARTS_AT, hours=hours)
    return [_drive(day, streets, hours, seed, noise) for day in fleet_days(wish, streets)]


def _drive(day: VehicleDay, streets: Streets, hours: float, seed: int, noise: float) -> Drive:
    truth = list(drive(day, streets, seed, STARTS_AT, STARTS_AT + timedelta(hours=hours)))
    receiver, fixes = Receiver(day.vehicle, seed), []
    for number, (at, true) in enumerate(truth, 1):
        sensed = receiver.sense(true, int(at.timestamp()))
        lat_e7 = true.lat_e7 + round((sensed.lat_deg * 1e7 - true.lat_e7) * noise)
        lon_e7 = true.lon_e7 + round((sensed.lon_deg * 1e7 - true.lon_e7) * noise)
        fixes.append(Fix(device="sim", spool_id="sim", seq=number, boot_id=1, fixed_at=at, lat_e7=lat_e7,
                         lon_e7=lon_e7, speed_mps=round(sensed.speed_mps, 2)))  # fmt: skip
    return Drive(day.vehicle, truth, fixes)


def zones(tracks: list[Drive], seed: int, count: int = 60) -> ZoneSet:
    """Circles, squares and corridors; every second one has its border within ten metres of a driven street."""
    draw = random.Random(seed)

    def shape(number: int) -> Shape:
        _, true = draw.choice(draw.choice(tracks).truth)
        east = metres_per_e7_east(true.lat_e7)

        def moved(north_m: float, east_m: float) -> tuple[int, int]:
            return true.lat_e7 + round(north_m / METRES_PER_E7), true.lon_e7 + round(east_m / east)

        off_m = draw.uniform(-10, 10) if number % 2 else draw.uniform(-300, 300)
        size_m = draw.uniform(60, 400)
        if number % 3 == 0:
            lat_e7, lon_e7 = moved(size_m + off_m, 0)
            return Circle(lat_e7=lat_e7, lon_e7=lon_e7, radius_m=size_m)
        if number % 3 == 1:
            corners = ((off_m, -size_m), (off_m, size_m), (off_m + size_m, size_m), (off_m + size_m, -size_m))
            return Area(polygons=((tuple(moved(*corner) for corner in corners),),))
        return Corridor(line=(moved(off_m - 40, -size_m), moved(off_m - 40, size_m)), half_width_m=40)

    return ZoneSet(tuple(Zone(zone_id=f"z{n}", kind=ZoneKind.OTHER, shape=shape(n)) for n in range(count)))


def true_crossings(one: Drive, held: ZoneSet) -> Iterator[tuple[Crossing, float]]:
    """Each crossing, and how far beyond the border the stay that it belongs to came, in metres.

    A stay is the time on one side between two crossings; of the two on both sides of a crossing the shallower counts.
    """
    for zone in held.zones:
        crossings: list[Crossing] = []
        deepest = [0.0]
        before: bool | None = None
        for at, true in one.truth:
            away_m = held.away_m(zone.zone_id, true.lat_e7, true.lon_e7)
            assert away_m is not None
            inside = away_m <= 0
            if before is not None and inside != before:
                crossings.append(Crossing(one.name, zone.zone_id, inside, at))
                deepest.append(0.0)
            before = inside
            deepest[-1] = max(deepest[-1], abs(away_m))
        for crossing, (left_m, entered_m) in zip(crossings, pairwise(deepest), strict=True):
            yield crossing, min(left_m, entered_m)


def found_crossings(one: Drive, held: ZoneSet, policy: Policy) -> list[Crossing]:
    plan = Plan(vehicle_id=one.name, premises_id="", premises_lat_e7=None, premises_lon_e7=None, zones=held)
    state, found = State(), []
    for fix in one.fixes:
        outcome = step(state, fix, plan, policy)
        state = outcome.state
        found += [
            Crossing(one.name, event.zone_id, isinstance(event, ZoneEntered), event.at)
            for event in outcome.events
            if isinstance(event, ZoneLeft) or (isinstance(event, ZoneEntered) and not event.first_seen)
        ]
    return found


def main() -> None:
    """One line per slack: found and invented crossings, and the found ones by how deep the visit was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streets", type=Path, default=STREETS)
    parser.add_argument("--vehicles", type=int, default=4)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--noise", type=float, default=1.0)
    options = parser.parse_args()
    streets = Streets.from_bytes(options.streets.read_bytes())
    tracks = drives(streets, options.vehicles, options.hours, options.seed, options.noise)
    held = zones(tracks, options.seed)
    truth = [pair for one in tracks for pair in true_crossings(one, held)]
    for slack_m in SLACKS_M:
        policy = Policy(zone_slack_m=slack_m)
        found = [crossing for one in tracks for crossing in found_crossings(one, held, policy)]
        score = score_crossings([crossing for crossing, _ in truth], found, within_s=60.0)
        missed = {(one.vehicle, one.zone, one.entered, one.at) for one in score.missed}
        deep = [
            statistics.fmean((c.vehicle, c.zone, c.entered, c.at) not in missed for c, m in truth if low <= m < high)
            if any(low <= m < high for _, m in truth) else None
            for low, high in ((0, 2.5), (2.5, 5), (5, 10), (10, 1e9))
        ]  # fmt: skip
        shown = " ".join("-" if share is None else f"{share:.2f}" for share in deep)
        print(f"slack {slack_m:g} m: {score.once} of {score.truth} found, {len(score.extra)} invented,"
              f" off {score.median_s} s; by depth < 2.5, < 5, < 10, deeper: {shown}")  # fmt: skip


if __name__ == "__main__":
    main()
