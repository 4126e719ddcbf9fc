"""The one clock of every part: true time, or an affine clock for demos and tests. Alone reads the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import msgspec

from contract.times import parse_instant


class ClockError(ValueError):
    """WAYBILL_CLOCK must be 'system' or 'T0@WALL*RATE', for example '2026-11-23T12:00:00Z@2026-11-23T06:00:00Z*10'."""


class Clock(msgspec.Struct, frozen=True):
    """An affine clock: at the true instant `wall` it showed `origin`; since then it runs `rate` times as fast.

    `rate` has no unit and is above 0. The system clock is the affine clock with origin == wall and rate 1.
    """

    origin: datetime
    wall: datetime
    rate: float = 1.0

    def at(self, wall: datetime) -> datetime:
        """What this clock shows at the true instant `wall`."""
        return self.origin + (wall - self.wall) * self.rate

    def wall_at(self, shown: datetime) -> datetime:
        """The true instant at which this clock shows `shown`."""
        return self.wall + (shown - self.origin) / self.rate

    def now(self) -> datetime:
        """What this clock shows now (aware UTC)."""
        return self.at(true_now())

    def seconds_until(self, shown: datetime) -> float:
        """True seconds until this clock shows `shown`; negative when that is past."""
        return (self.wall_at(shown) - true_now()).total_seconds()

    def text(self) -> str:
        """The form that WAYBILL_CLOCK takes."""
        if self == SYSTEM:
            return "system"
        return f"{self.origin.isoformat()}@{self.wall.isoformat()}*{self.rate!r}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SYSTEM = Clock(origin=_EPOCH, wall=_EPOCH)


def true_now() -> datetime:
    """True time, for `received_at`, sealing and signing only; everything else asks a Clock."""
    return _EPOCH + timedelta(microseconds=time.time_ns() // 1000)


def parse_clock(text: str) -> Clock:
    """A Clock from the text of WAYBILL_CLOCK; raises ClockError that repeats what is wrong."""
    if text == "system":
        return SYSTEM
    shown, at_sign, rest = text.partition("@")
    wall, star, rate = rest.partition("*")
    if not at_sign:
        raise ClockError(f"{text!r}: {ClockError.__doc__}")
    try:
        clock = Clock(parse_instant(shown), parse_instant(wall), float(rate) if star else 1.0)
    except ValueError as error:
        raise ClockError(f"{text!r}: {error}. {ClockError.__doc__}") from error
    if not 0 < clock.rate <= 100_000:
        raise ClockError(f"{text!r}: the rate must be above 0 and at most 100000.")
    return clock
