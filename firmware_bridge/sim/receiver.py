"""Turns the truth into what a satellite receiver believes: noise with a memory. Writes no sentences."""

from __future__ import annotations

import math
from functools import lru_cache

import msgspec

from firmware_bridge.sim.chance import seeded
from firmware_bridge.sim.polyline import METRES_PER_DEG
from firmware_bridge.sim.vehicle import Activity, Truth

# A position error lives about a minute (satellite geometry, reflections) and is about 2.5 m across: 1.77 m per axis.
MEMORY_S = 60.0
AXIS_SIGMA_M = 2.5 / math.sqrt(2)
HEIGHT_SIGMA_M = 4.0
# A block of noise begins and ends at values drawn for its ends alone, so that any block can be made without the others.
BLOCK_S = 600
TRACKS = 4  # east, north, up, sky
# Standing receivers hold their position: the error settles to this share within some 15 s.
HELD_SHARE = 0.4
HOLDING_S = 15.0
# A filtered receiver's error has no steps and settles less. Standing for 60 and 163 s, a u-blox NEO-M9N and the
# receiver of gpsd's ais-nmea.log move by 0.06 and 0.08 m a second (median), lie 1.05 and 1.42 m about their mean, and
# are like themselves 10 s later by 0.91 and 0.83. This one over as long (medians): 0.07 and 0.06 m, 0.66 and 1.16 m,
# 0.55 and 0.84; the plain one: 0.15 m, 0.50 and 0.67 m, 0.27 and 0.65.
FILTER_S = 10.0
FILTERED_HELD_SHARE = 0.75
SPEED_SIGMA_MPS = 0.08
COURSE_SIGMA_DEG = 1.5
# Below this a receiver's course is chance, and many leave the field empty.
COURSE_FROM_MPS = 0.5
# Street level in the middle of Helsinki above the sea.
GROUND_M = 12.0
SATELLITES = (6, 10, 14)

Block = tuple[tuple[float, ...], ...]


class Sensed(msgspec.Struct, frozen=True):
    """What the receiver says for one second; course unknown when standing."""

    lat_deg: float
    lon_deg: float
    altitude_m: float
    speed_mps: float
    course_deg: float | None
    hdop: float
    satellites: int


class Receiver:
    """One unit's receiver. The same unit and seed give the same errors at the same instants."""

    def __init__(self, unit: str, seed: int, *, filtered: bool = False) -> None:
        self._name = f"{seed}/{unit}/receiver"
        self._filter_s = FILTER_S if filtered else 0.0
        self._held_share = FILTERED_HELD_SHARE if filtered else HELD_SHARE
        self._number: int | None = None
        self._block: Block = ()

    def sense(self, truth: Truth, unix_s: int) -> Sensed:
        number, k = divmod(unix_s, BLOCK_S)
        if number != self._number:
            self._number, self._block = number, _block(self._name, number, self._filter_s)
        east, north, up, sky, jitter, swing = (track[k] for track in self._block)
        metres = AXIS_SIGMA_M * _held(truth, self._held_share)
        lat_deg = truth.lat_deg + north * metres / METRES_PER_DEG
        lon_deg = truth.lon_deg + east * metres / (METRES_PER_DEG * math.cos(math.radians(truth.lat_deg)))
        speed_mps = abs(truth.speed_mps + jitter * SPEED_SIGMA_MPS * (1.0 if truth.speed_mps else 0.3))
        course = (truth.course_deg + swing * COURSE_SIGMA_DEG) % 360.0 if speed_mps >= COURSE_FROM_MPS else None
        fewest, usual, most = SATELLITES
        satellites = max(fewest, min(most, round(usual + 1.5 * sky)))
        return Sensed(lat_deg, lon_deg, GROUND_M + up * HEIGHT_SIGMA_M, speed_mps, course,
                      round(8.0 / satellites + 0.05 * abs(sky), 2), satellites)  # fmt: skip


def _held(truth: Truth, settled: float) -> float:
    fading = math.exp(-truth.since_s / HOLDING_S)
    if truth.activity in (Activity.AT_DOOR, Activity.AT_PREMISES):
        return settled + (1.0 - settled) * fading
    return 1.0 - (1.0 - settled) * fading


@lru_cache(maxsize=1)
def _bridge() -> tuple[float, ...]:
    """The share of an end's correction at each second: what a process with this memory does when its end is known."""
    whole = math.sinh(BLOCK_S / MEMORY_S)
    return tuple(math.sinh(k / MEMORY_S) / whole for k in range(BLOCK_S))


def _block(name: str, number: int, filter_s: float) -> Block:
    """Gauss-Markov tracks of unit variance that meet the neighbouring blocks, then two of white noise."""
    chance = seeded(name, number)
    starts = _ends(name, number)
    ends = _ends(name, number + 1)
    keep = math.exp(-1.0 / MEMORY_S)
    fresh = math.sqrt(1.0 - keep * keep)
    gauss = chance.gauss
    tracks: list[tuple[float, ...]] = []
    for start, end in zip(starts, ends, strict=True):
        free, value = [], start
        for _ in range(BLOCK_S):
            free.append(value)
            value = keep * value + fresh * gauss(0.0, 1.0)
        if filter_s > 0.0:
            free, value = _filtered(free, filter_s)
        miss = end - value
        tracks.append(tuple(x + miss * share for x, share in zip(free, _bridge(), strict=True)))
    for _ in range(2):
        tracks.append(tuple(gauss(0.0, 1.0) for _ in range(BLOCK_S)))
    return tuple(tracks)


def _filtered(track: list[float], filter_s: float) -> tuple[list[float], float]:
    """Low-passed, widened again to unit variance, and its value after the last."""
    step = 1.0 - math.exp(-1.0 / filter_s)
    widen = math.sqrt((MEMORY_S + filter_s) / MEMORY_S)
    smooth, value = [], track[0]
    for x in track:
        smooth.append(track[0] + (value - track[0]) * widen)
        value += (x - value) * step
    return smooth, track[0] + (value - track[0]) * widen


def _ends(name: str, number: int) -> tuple[float, ...]:
    chance = seeded(name, "end", number)
    return tuple(chance.gauss(0.0, 1.0) for _ in range(TRACKS))
