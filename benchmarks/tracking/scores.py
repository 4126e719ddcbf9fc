"""How well stops and zone events that were found agree with a truth. Finds nothing and reads no file."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import msgspec


class Stand(msgspec.Struct, frozen=True):
    """A vehicle that stood from when to when."""

    vehicle: str
    start: datetime
    end: datetime

    @property
    def lasts_s(self) -> float:
        return (self.end - self.start).total_seconds()

    def shared_s(self, other: Stand) -> float:
        return max(0.0, (min(self.end, other.end) - max(self.start, other.start)).total_seconds())


class Crossing(msgspec.Struct, frozen=True):
    vehicle: str
    zone: str
    entered: bool
    at: datetime


class StopScore(msgspec.Struct, frozen=True):
    truth: int
    recalled: int  # true ones half of which is covered by what was found
    found: int
    right: int  # found ones half of which lies in a true one
    split: int  # true ones found in more than one piece
    start_median_s: float | None
    end_median_s: float | None

    @property
    def recall(self) -> float:
        return self.recalled / self.truth if self.truth else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0


class ZoneScore(msgspec.Struct, frozen=True):
    truth: int
    once: int
    missed: tuple[Crossing, ...]
    extra: tuple[Crossing, ...]
    median_s: float | None


def score_stops(
    truth: Iterable[Stand], found: Iterable[Stand], least_s: float, *, of: Iterable[Stand] = ()
) -> StopScore:
    """Of true stops and found ones that last so long; `of`: other true standstills that count as right as well."""
    true_ones, by_vehicle = list(truth), defaultdict(list)
    for one in found:
        by_vehicle[one.vehicle].append(one)
    right_ones = defaultdict(list)
    for one in [*true_ones, *of]:
        right_ones[one.vehicle].append(one)
    recalled = split = 0
    starts, ends = [], []
    counted = [one for one in true_ones if one.lasts_s >= least_s]
    for one in counted:
        hits = [hit for hit in by_vehicle[one.vehicle] if hit.shared_s(one) > 0]
        recalled += any(hit.shared_s(one) >= one.lasts_s / 2 for hit in hits)
        split += len(hits) > 1
        if hits:
            starts.append(abs((hits[0].start - one.start).total_seconds()))
            ends.append(abs((hits[-1].end - one.end).total_seconds()))
    long_ones = [one for ones in by_vehicle.values() for one in ones if one.lasts_s >= least_s]
    right = sum(any(one.shared_s(t) >= one.lasts_s / 2 for t in right_ones[one.vehicle]) for one in long_ones)
    return StopScore(
        len(counted), recalled, len(long_ones), right, split,
        statistics.median(starts) if starts else None, statistics.median(ends) if ends else None,
    )  # fmt: skip


def score_crossings(truth: Iterable[Crossing], found: Iterable[Crossing], within_s: float = 20.0) -> ZoneScore:
    """Each true crossing with the nearest found one of the same kind that no other took."""
    left_over = defaultdict(list)
    for one in found:
        left_over[one.vehicle, one.zone, one.entered].append(one)
    missed, errors = [], []
    for one in truth:
        near = left_over[one.vehicle, one.zone, one.entered]
        best = min(near, key=lambda other: abs((other.at - one.at).total_seconds()), default=None)
        if best is None or abs((best.at - one.at).total_seconds()) > within_s:
            missed.append(one)
            continue
        near.remove(best)
        errors.append(abs((best.at - one.at).total_seconds()))
    extra = tuple(one for ones in left_over.values() for one in ones)
    once = len(errors)
    median_s = statistics.median(errors) if errors else None
    return ZoneScore(once + len(missed), once, tuple(missed), extra, median_s)
