"""What can go wrong with a vehicle's unit, from when to when. Decides neither when nor what bytes it makes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

# After a tunnel or a cold start the position slides back on the road within about a minute, most of it in this time.
SETTLING_S = 12.0
SETTLED = timedelta(seconds=5 * SETTLING_S)


class FaultKind(StrEnum):
    """The words of `waybill simulate --faults`."""

    TUNNELS = "tunnels"
    JUMPS = "jumps"
    CLOCK = "clock"
    CHECKSUMS = "checksums"
    SILENCE = "silence"
    POWER = "power"


class _Fault(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """From-to, half open; felt_until includes what comes after."""

    starts_at: datetime
    ends_at: datetime

    @property
    def felt_until(self) -> datetime:
        return self.ends_at


class Tunnel(_Fault, frozen=True, kw_only=True, tag="tunnel"):
    """No fix inside; the first one outside is so far off and slides back."""

    east_m: float = 0.0
    north_m: float = 0.0

    @property
    def felt_until(self) -> datetime:
        return self.ends_at + SETTLED

    def off_m(self, instant: datetime) -> tuple[float, float]:
        return _settling(self.east_m, self.north_m, instant - self.ends_at)


class Jump(_Fault, frozen=True, kw_only=True, tag="jump"):
    """A wild fix: so far off, with the speed and course of the vehicle. One epoch unless ends_at says more."""

    east_m: float
    north_m: float


class ClockError(_Fault, frozen=True, kw_only=True, tag="clock"):
    """The unit's clock steps by offset_s at starts_at and back at ends_at."""

    offset_s: float


class BadChecksums(_Fault, frozen=True, kw_only=True, tag="checksums"):
    """Noise on the line: this share of the sentences arrives with one byte changed or missing."""

    share: float


class Silence(_Fault, frozen=True, kw_only=True, tag="silence"):
    """Not a byte."""


class PowerLoss(_Fault, frozen=True, kw_only=True, tag="power"):
    """Off from starts_at to ends_at; then it knows neither time nor place, then the time, and from fix_at on both."""

    fix_at: datetime
    east_m: float = 0.0
    north_m: float = 0.0

    @property
    def felt_until(self) -> datetime:
        return self.fix_at + SETTLED

    @property
    def time_at(self) -> datetime:
        """One satellite is enough to tell the time, so it comes well before the fix."""
        return self.ends_at + (self.fix_at - self.ends_at) / 2

    def off_m(self, instant: datetime) -> tuple[float, float]:
        return _settling(self.east_m, self.north_m, instant - self.fix_at)


Fault = Tunnel | Jump | ClockError | BadChecksums | Silence | PowerLoss


def _settling(east_m: float, north_m: float, since: timedelta) -> tuple[float, float]:
    share = math.exp(-max(since.total_seconds(), 0.0) / SETTLING_S)
    return east_m * share, north_m * share


class Schedule:
    """Which faults are felt at an instant; asked once per simulated second, so answered from a table."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        listed = tuple(faults)
        self._marks = sorted({mark for fault in listed for mark in (fault.starts_at, fault.felt_until)})
        self._felt = [
            tuple(fault for fault in listed if fault.starts_at <= mark < fault.felt_until) for mark in self._marks
        ]

    def felt(self, instant: datetime) -> tuple[Fault, ...]:
        i = bisect_right(self._marks, instant) - 1
        return self._felt[i] if i >= 0 else ()
