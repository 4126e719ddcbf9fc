"""What one vehicle really does, second by second: the truth that a receiver then blurs. Decides nothing itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from firmware_bridge.sim.motion import Motion
from firmware_bridge.sim.polyline import Place, Polyline


class Activity(Enum):
    AT_PREMISES = "at_premises"
    DRIVING = "driving"
    WAITING = "waiting"
    AT_DOOR = "at_door"


class Truth(msgspec.Struct, frozen=True):
    """The exact state at one instant; course_deg is where the front points, also when standing."""

    lat_deg: float
    lon_deg: float
    speed_mps: float
    course_deg: float
    activity: Activity
    order: str | None
    # Since the vehicle came to this door or to its premises, or left for the next.
    since_s: float

    @property
    def lat_e7(self) -> int:
        return round(self.lat_deg * 1e7)

    @property
    def lon_e7(self) -> int:
        return round(self.lon_deg * 1e7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A time at a door or at the premises; at the premises there is no order."""

    place: Place
    course_deg: float
    order: str | None
    duration_s: float

    def at(self, elapsed_s: float) -> Truth:
        activity = Activity.AT_PREMISES if self.order is None else Activity.AT_DOOR
        place = self.place
        return Truth(place.lat_deg, place.lon_deg, 0.0, self.course_deg, activity, self.order, elapsed_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A drive to a door (with the order that is taken there) or back to the premises."""

    line: Polyline
    motion: Motion
    order: str | None

    @property
    def duration_s(self) -> float:
        return self.motion.duration_s

    def at(self, elapsed_s: float) -> Truth:
        along_m, speed_mps, waits = self.motion.at(elapsed_s)
        lat_deg, lon_deg, course_deg = self.line.at(along_m)
        activity = Activity.WAITING if waits else Activity.DRIVING
        return Truth(lat_deg, lon_deg, speed_mps, course_deg, activity, self.order, elapsed_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Itinerary:
    """Stands and runs one after the other. Any instant is answered from formulas, so a day can be resumed anywhere."""

    begins_at: datetime
    starts_s: tuple[float, ...]
    parts: tuple[Stand | Run, ...]

    def at(self, instant: datetime) -> Truth:
        """Before the first part it stands where that begins, after the last where that ends."""
        elapsed_s = (instant - self.begins_at) / timedelta(seconds=1)
        i = max(bisect_right(self.starts_s, elapsed_s) - 1, 0)
        return self.parts[i].at(max(elapsed_s - self.starts_s[i], 0.0))

    def spans(self) -> list[tuple[datetime, datetime, Stand | Run]]:
        return [
            (self.instant(start_s), self.instant(start_s + part.duration_s), part)
            for start_s, part in zip(self.starts_s, self.parts, strict=True)
        ]

    def instant(self, elapsed_s: float) -> datetime:
        return self.begins_at + timedelta(seconds=elapsed_s)


def itinerary(begins_at: datetime, parts: Sequence[Stand | Run]) -> Itinerary:
    starts_s, clock_s = [], 0.0
    for part in parts:
        starts_s.append(clock_s)
        clock_s += part.duration_s
    return Itinerary(begins_at=begins_at, starts_s=tuple(starts_s), parts=tuple(parts))
