"""How a van moves along a line: speeds up, brakes for corners, waits at lights. Closed formulas, no time steps."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from firmware_bridge.sim.polyline import Polyline

# A loaded van whose driver wants the parcels to stay where they are.
ACCELERATION_MPS2 = 1.3
BRAKING_MPS2 = 1.8
# Sideways, which sets the speed in bends: below it nothing slides on a shelf.
SIDEWAYS_MPS2 = 2.2
# A bend between two straight pieces is rounded off over this much of each: half a junction in a city.
ROUNDING_M = 6.0
# A U-turn, and the slowest that a bend can make a van.
TURNING_MPS = 1.5

# Most lights in a centre are red for who arrives, for up to a cycle of 90 s less green.
RED_SHARE = 0.6
RED_S = (5.0, 55.0)
# Giving way where there is no light.
GIVE_WAY_SHARE = 0.12
GIVE_WAY_S = (1.0, 5.0)
# Signals of one junction stand closer together than this and are one wait.
ONE_JUNCTION_M = 45.0
# Drivers stay below the limit in a city by so much.
PACE = (0.78, 0.97)


@dataclass(frozen=True, slots=True)
class Halt:
    """A standstill on the way that is nobody's door."""

    along_m: float
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Phases of constant acceleration: phase i begins at starts_s[i], where the van is at along_m[i]."""

    starts_s: tuple[float, ...]
    along_m: tuple[float, ...]
    speeds_mps: tuple[float, ...]
    accelerations_mps2: tuple[float, ...]
    duration_s: float

    def at(self, elapsed_s: float) -> tuple[float, float, bool]:
        """Distance along the line, speed, and whether the van waits there."""
        i = max(bisect_right(self.starts_s, elapsed_s) - 1, 0)
        dt_s = elapsed_s - self.starts_s[i]
        v, a = self.speeds_mps[i], self.accelerations_mps2[i]
        return self.along_m[i] + (v + 0.5 * a * dt_s) * dt_s, max(v + a * dt_s, 0.0), v == 0.0 and a == 0.0


def halts(line: Polyline, random: Random, held_up_s: float = 0.0) -> tuple[Halt, ...]:
    """Where this van is stopped this time; held_up_s adds one long standstill (a jam, a bridge, an accident)."""
    odds = [(at_m, RED_SHARE, RED_S) for at_m in line.lights_m]
    odds += [(at_m, GIVE_WAY_SHARE, GIVE_WAY_S) for at_m in line.junctions_m]
    found: list[Halt] = []
    lit_m = -math.inf
    for at_m, share, (least_s, most_s) in sorted(odds):
        chance, wait_s = random.random(), random.uniform(least_s, most_s)
        if 1.0 < at_m < line.length_m - 1.0 and at_m - lit_m > ONE_JUNCTION_M:
            lit_m = at_m
            if chance < share:
                found.append(Halt(at_m, wait_s))
    if held_up_s > 0:
        at_m = line.length_m * random.uniform(0.3, 0.7)
        found = [halt for halt in found if abs(halt.along_m - at_m) > 1.0]
        found.append(Halt(at_m, held_up_s))
    return tuple(sorted(found, key=lambda halt: halt.along_m))


def corner_mps(turn_deg: float) -> float:
    """The speed through a bend: the circle that touches both pieces ROUNDING_M before and after it."""
    half = math.radians(min(abs((turn_deg + 180.0) % 360.0 - 180.0), 179.0)) / 2
    return math.inf if half < 1e-3 else max(math.sqrt(SIDEWAYS_MPS2 * ROUNDING_M / math.tan(half)), TURNING_MPS)


def motion(line: Polyline, stops: Sequence[Halt] = (), pace: float = 1.0) -> Motion:
    """From standing at the beginning to standing at the end, as fast as limits, bends and halts allow."""
    waits = {halt.along_m: halt.wait_s for halt in stops}
    marks = sorted({*line.along_m, *waits})
    limits = [
        line.limits_mps[bisect_right(line.along_m, at_m, hi=len(line.limits_mps)) - 1] * pace for at_m in marks[:-1]
    ]
    corners = dict(zip(line.along_m[1:-1], (corner_mps(b - a) for a, b in pairwise(line.courses_deg)), strict=True))
    caps = [0.0 if at_m in waits else corners.get(at_m, math.inf) for at_m in marks]
    caps[0] = caps[-1] = 0.0
    for i, (a, b) in enumerate(pairwise(limits), 1):
        caps[i] = min(caps[i], a, b)
    lengths = [b - a for a, b in pairwise(marks)]
    for i, length_m in enumerate(lengths):
        caps[i + 1] = min(caps[i + 1], math.sqrt(caps[i] ** 2 + 2 * ACCELERATION_MPS2 * length_m))
    for i in range(len(lengths) - 1, -1, -1):
        caps[i] = min(caps[i], math.sqrt(caps[i + 1] ** 2 + 2 * BRAKING_MPS2 * lengths[i]))
    return _phases(marks, lengths, limits, caps, waits)


def _phases(
    marks: Sequence[float],
    lengths: Sequence[float],
    limits: Sequence[float],
    speeds: Sequence[float],
    waits: dict[float, float],
) -> Motion:
    clock_s = 0.0
    rows: list[tuple[float, float, float, float]] = []

    def phase(along_m: float, speed_mps: float, acceleration: float, lasts_s: float) -> None:
        nonlocal clock_s
        if lasts_s > 1e-9:
            rows.append((clock_s, along_m, speed_mps, acceleration))
            clock_s += lasts_s

    up, down = ACCELERATION_MPS2, BRAKING_MPS2
    for at_m, length_m, limit, v0, v1 in zip(marks, lengths, limits, speeds, speeds[1:], strict=False):
        phase(at_m, 0.0, 0.0, waits.get(at_m, 0.0))
        free = math.sqrt((2 * up * down * length_m + down * v0 * v0 + up * v1 * v1) / (up + down))
        top = max(min(free, limit), v0, v1)
        rise_m, fall_m = (top * top - v0 * v0) / (2 * up), (top * top - v1 * v1) / (2 * down)
        cruise_m = max(length_m - rise_m - fall_m, 0.0)
        phase(at_m, v0, up, (top - v0) / up)
        phase(at_m + rise_m, top, 0.0, cruise_m / top)
        phase(at_m + length_m - fall_m, top, -down, (top - v1) / down)
    starts, along, speed, acceleration = zip(*rows, strict=True)
    return Motion(starts_s=starts, along_m=along, speeds_mps=speed, accelerations_mps2=acceleration,
                  duration_s=clock_s)  # fmt: skip
