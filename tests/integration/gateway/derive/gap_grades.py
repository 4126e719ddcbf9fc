"""Grades the gaps that were found on a trip against what the simulator did to the unit. Derives nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from contract.reasons import GapCause
from contract.times import parse_instant
from gateway.tracking.policy import Policy
from storage.derived_rows import GapRow

# These units announce no interval: the engine's limit, and what the sampler may take to report again.
SURELY_LONGER_S = Policy().gap_unannounced_s + 5.0
_UNSEEN = {"tunnel", "silence"}  # the unit runs on and numbers all it has: it had no position


class Outage(msgspec.Struct, frozen=True):
    """A time in which the unit had no valid position, one fault or several that touch."""

    starts_at: datetime
    ends_at: datetime

    @property
    def lasts_s(self) -> float:
        return (self.ends_at - self.starts_at).total_seconds()

    def within(self, from_at: datetime, to_at: datetime) -> bool:
        return from_at <= self.starts_at and self.ends_at <= to_at

    def meets(self, gap: GapRow) -> bool:
        return gap.began_at < self.ends_at and (gap.ended_at is None or self.starts_at < gap.ended_at)


class Grades:
    """What became of true outages and of found gaps over a day."""

    def __init__(self) -> None:
        self.true = 0
        self.missed: list[Outage] = []
        self.invented: list[GapRow] = []
        self.wrong: list[tuple[Outage, GapRow]] = []
        self.off_s: list[float] = []

    def add(self, truth: list[dict[str, Any]], gaps: Iterable[GapRow], from_at: datetime, to_at: datetime) -> None:
        """One trip, and everything that happened to its vehicle."""
        gaps = list(gaps)
        outages = outages_of(truth)
        wrong_times = list(_wrong_times(truth))
        for outage in outages:
            if not outage.within(from_at, to_at) or outage.lasts_s <= SURELY_LONGER_S:
                continue
            if any(began_at <= outage.ends_at and outage.starts_at <= ended_at for began_at, ended_at in wrong_times):
                continue  # fixes of another time lie in it, or its own lie elsewhere
            self.true += 1
            meeting = [gap for gap in gaps if outage.meets(gap)]
            if len(meeting) != 1 or meeting[0].ended_at is None:
                self.missed.append(outage)
                continue
            [gap] = meeting
            self.off_s += [abs((gap.began_at - outage.starts_at).total_seconds()),
                           abs((meeting[0].ended_at - outage.ends_at).total_seconds())]  # fmt: skip
            if gap.cause != GapCause.NO_FIX:
                self.wrong.append((outage, gap))
        for gap in gaps:
            ended_at = gap.ended_at or to_at
            displaced = any(began <= ended_at and gap.began_at <= end for began, end in wrong_times)
            if not displaced and not any(outage.meets(gap) for outage in outages):
                self.invented.append(gap)

    def check(self) -> None:
        """Every outage is one gap with its cause and its ends, and there is no gap without one."""
        assert self.true > 0
        assert (self.missed, self.invented, self.wrong) == ([], [], []), f"of {self.true}"
        assert max(self.off_s) <= 5


def outages_of(truth: list[dict[str, Any]]) -> list[Outage]:
    """Faults that hide the position, those that touch as one."""
    found: list[Outage] = []
    for fault in sorted(_faults(truth, _UNSEEN), key=lambda fault: str(fault["starts_at"])):
        starts_at, ends_at = parse_instant(fault["starts_at"]), parse_instant(fault["ends_at"])
        # Of a few seconds of driving between two of them no fix may be sent.
        if found and starts_at <= found[-1].ends_at + timedelta(seconds=5):
            before = found.pop()
            starts_at, ends_at = before.starts_at, max(before.ends_at, ends_at)
        found.append(Outage(starts_at, ends_at))
    return found


def _wrong_times(truth: list[dict[str, Any]]) -> Iterable[tuple[datetime, datetime]]:
    """When the receiver's clock was wrong, and the times that its fixes bear instead."""
    for fault in _faults(truth, {"clock"}):
        starts_at, ends_at = parse_instant(fault["starts_at"]), parse_instant(fault["ends_at"])
        moved = timedelta(seconds=fault["offset_s"])
        yield starts_at, ends_at
        yield starts_at + moved, ends_at + moved


def _faults(truth: list[dict[str, Any]], kinds: set[str]) -> list[dict[str, Any]]:
    return [one["fault"] for one in truth if one["type"] == "fault" and one["fault"]["kind"] in kinds]
