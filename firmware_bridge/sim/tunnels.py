"""When a vehicle's way has no view of the sky: in zones, in tunnels that the streets know, or drawn. Makes no bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import msgspec

from firmware_bridge.sim.chance import seeded
from firmware_bridge.sim.day import VehicleDay, plan
from firmware_bridge.sim.faults import Tunnel
from firmware_bridge.sim.motion import Motion
from firmware_bridge.sim.polyline import Place, distance_m, foot
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sim.vehicle import Itinerary, Run

LENGTH_M = (80.0, 700.0)
# How far off the first fix outside is: a lane to a parallel street.
EXIT_ERROR_M = (10.0, 70.0)


class Zone(msgspec.Struct, frozen=True):
    """Everything closer than radius_m to the line of these points, or to the one point."""

    points: tuple[Place, ...]
    radius_m: float

    def covers(self, place: Place) -> bool:
        if len(self.points) == 1:
            return distance_m(self.points[0], place) <= self.radius_m
        return any(foot(place, a, b)[1] <= self.radius_m for a, b in pairwise(self.points))


def zone_tunnels(day: VehicleDay, streets: Streets | None, seed: int, zones: Iterable[Zone]) -> tuple[Tunnel, ...]:
    """One for every time the vehicle drives inside a zone."""
    listed = tuple(zones)
    chance = seeded(seed, day.vehicle, "zones")
    found: list[Tunnel] = []
    for starts_at, _, part in plan(day, streets, seed).spans():
        if isinstance(part, Run):
            inside = _spells(part, lambda place: any(zone.covers(place) for zone in listed))
            found += [_tunnel(chance, starts_at, from_s, to_s) for from_s, to_s in inside]
    return tuple(found)


def street_tunnels(day: VehicleDay, streets: Streets | None, seed: int) -> tuple[Tunnel, ...]:
    """One for every time the way leads through a tunnel that the streets know."""
    chance = seeded(seed, day.vehicle, "street tunnels")
    return tuple(
        _tunnel(chance, starts_at, when(part.motion, from_m), when(part.motion, to_m))
        for starts_at, _, part in plan(day, streets, seed).spans()
        if isinstance(part, Run)
        for from_m, to_m in part.line.tunnels_m
    )


def random_tunnel(chance: Random, truth: Itinerary, slot_at: datetime, slot_end_at: datetime) -> Tunnel | None:
    """A stretch of some way that begins in the slot; None when no way there is long enough."""
    length_m, at = chance.uniform(*LENGTH_M), chance.random()
    runs = [
        (starts_at, part)
        for starts_at, _, part in truth.spans()
        if isinstance(part, Run) and slot_at <= starts_at < slot_end_at and part.line.length_m > 2 * LENGTH_M[0]
    ]
    if not runs:
        return None
    starts_at, run = chance.choice(runs)
    length_m = min(length_m, run.line.length_m / 2)
    from_m = at * (run.line.length_m - length_m)
    return _tunnel(chance, starts_at, when(run.motion, from_m), when(run.motion, from_m + length_m))


def when(motion: Motion, along_m: float) -> float:
    """The first time, in seconds from the beginning of the way, at which the vehicle has come so far."""
    low, high = 0.0, motion.duration_s
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if motion.at(middle)[0] >= along_m else (middle, high)
    return high


def off_m(chance: Random, least_m: float, most_m: float) -> tuple[float, float]:
    """East and north, any direction; near ones are as likely as far ones on a logarithmic scale."""
    distance = least_m * (most_m / least_m) ** chance.random()
    angle = chance.uniform(0.0, math.tau)
    return round(distance * math.sin(angle), 1), round(distance * math.cos(angle), 1)


def _tunnel(chance: Random, starts_at: datetime, from_s: float, to_s: float) -> Tunnel:
    east_m, north_m = off_m(chance, *EXIT_ERROR_M)
    from_at, to_at = starts_at + timedelta(seconds=from_s), starts_at + timedelta(seconds=to_s)
    return Tunnel(starts_at=from_at, ends_at=to_at, east_m=east_m, north_m=north_m)


def _spells(run: Run, inside: Callable[[Place], bool]) -> Iterator[tuple[float, float]]:
    """From-to in seconds from the beginning of the way, looked at once a second."""
    since: float | None = None
    for second in range(math.ceil(run.duration_s) + 1):
        here = run.at(min(float(second), run.duration_s))
        covered = inside(Place(here.lat_deg, here.lon_deg))
        if covered and since is None:
            since = float(second)
        elif not covered and since is not None:
            yield since, float(second)
            since = None
    if since is not None:
        yield since, run.duration_s
