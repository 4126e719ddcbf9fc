"""A van's tour as forecasts see it while it goes on, and as it really went. Forecasts nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from storage.eta import DropToForecast, TripToForecast

FAR = timedelta(days=1)
Point = tuple[int, int]


@dataclass(frozen=True)
class Fix:
    """A report: where the van was, how fast and where to."""

    at: datetime
    lat_e7: int
    lon_e7: int
    speed_mps: float | None
    course_deg: float | None


@dataclass(frozen=True)
class Visit:
    """A door of the tour, and when the van really came and left."""

    door: Point
    arrived_at: datetime
    left_at: datetime


@dataclass(frozen=True)
class Journey:
    """One tour; `day` says what it belongs to when days are split."""

    name: str
    day: str
    tz: str
    home: Point
    departed_at: datetime
    fixes: Sequence[Fix]
    visits: Sequence[Visit]

    def seen_at(self, now: datetime) -> tuple[TripToForecast, list[DropToForecast]]:
        """What is on record at `now`: the newest fix, doors visited and left so far."""
        number = UUID(int=hash((self.name, self.day)) & (2**128 - 1))
        place = bisect_right(self.fixes, now, key=lambda one: one.at) - 1
        fix = self.fixes[place] if place >= 0 else None
        trip = TripToForecast(
            number, number, number, self.name, self.departed_at, self.departed_at, *self.home, self.tz,
            fix.at if fix else None, fix.lat_e7 if fix else None, fix.lon_e7 if fix else None,
            fix.speed_mps if fix else None, fix.course_deg if fix else None,
        )  # fmt: skip
        drops = [
            DropToForecast(
                number, UUID(int=seq), seq, str(seq), "bench", str(seq), *visit.door, now - FAR,
                now + FAR, "out_for_delivery", visit.arrived_at if visit.arrived_at <= now else None,
                visit.left_at if visit.left_at <= now else None,
            )
            for seq, visit in enumerate(self.visits)
        ]  # fmt: skip
        return trip, drops
