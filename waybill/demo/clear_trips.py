"""Tells whether a simulated trip can be read from its fixes: each door and the premises once. Chooses no doors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from firmware_bridge.sim.day import VehicleDay, plan
from firmware_bridge.sim.polyline import Place, between, distance_m
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sim.vehicle import Run

# Arrival is found by distance for now (gateway/tracking): a van that waits or crawls so near to a door that it does
# not visit yet, or so near to its premises, would be read as there. 50 m and 100 m there, plus noise and slack.
DOOR_M = 85.0
PREMISES_WAIT_M = 140.0
# Even driving past its premises takes a van longer than the 30 s that count as a stay.
PREMISES_PASS_M = 115.0
CRAWL_MPS = 2.2
# Standing this near to its own door long before it is there would count as the arrival.
EARLY_M = 65.0
EARLY_S = 45.0
STEP_M = 15.0
# What belongs to standing at a run's own two ends.
ENDS_M = 5.0


def clear(day: VehicleDay, streets: Streets | None, seed: int) -> bool:
    """Whether nothing on the day's last trip looks like something else."""
    runs = [part for _, _, part in plan(day, streets, seed).spans() if isinstance(part, Run)]
    drops = day.trips[-1].drops
    last = runs[-len(drops) - 1 :]
    for number, run in enumerate(last):
        spots = [spot for spot, _ in _slow_spots(run)]
        ahead = [drop.place for drop in drops[number + 1 :]]
        if any(distance_m(spot, door) < DOOR_M for spot in spots for door in ahead):
            return False
        if number < len(drops) and _early(run, drops[number].place):
            return False
        if 0 < number < len(drops) and _near_home(run, spots, day.premises):
            return False
    return True


def ends_at(day: VehicleDay, streets: Streets | None, seed: int) -> datetime:
    """When the day's last trip is back at the premises."""
    return plan(day, streets, seed).spans()[-1][0]


def _near_home(run: Run, spots: list[Place], premises: Place) -> bool:
    if any(distance_m(spot, premises) < PREMISES_WAIT_M for spot in spots):
        return True
    return any(distance_m(point, premises) < PREMISES_PASS_M for point in _along(run))


def _early(run: Run, door: Place) -> bool:
    return any(distance_m(spot, door) < EARLY_M and left_s > EARLY_S for spot, left_s in _slow_spots(run))


def _slow_spots(run: Run) -> Iterator[tuple[Place, float]]:
    """Where the van waits or crawls on the way, and how many seconds before the run's end."""
    moves = run.motion
    for start_s, along_m, speed_mps in zip(moves.starts_s, moves.along_m, moves.speeds_mps, strict=True):
        if speed_mps < CRAWL_MPS and ENDS_M < along_m < run.line.length_m - ENDS_M:
            lat_deg, lon_deg, _course = run.line.at(along_m)
            yield Place(lat_deg, lon_deg), moves.duration_s - start_s


def _along(run: Run) -> Iterator[Place]:
    for a, b in pairwise(run.line.points):
        steps = max(1, math.ceil(distance_m(a, b) / STEP_M))
        for k in range(steps + 1):
            yield between(a, b, k / steps)
