"""How well promises were kept: rates with their denominators, by whatever orders have in common. Draws nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from statistics import median, quantiles
from zoneinfo import ZoneInfo

import msgspec

from storage.promises import PromiseRow

# A share of fewer orders says more about chance than about whom it is of.
SMALLEST_N = 5
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Part = Callable[[PromiseRow], str | None]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the promises of one part; seconds are medians and None without any."""

    part: str
    orders: int
    in_time: int
    late_s: float | None  # of the late ones, past the window's end
    departed_behind_s: float | None  # later than planned
    road_s: float | None  # what the way added to that, or made good (negative)
    door_s: float | None  # from arrival to leaving

    @property
    def rate(self) -> float:
        """The share that came by the end of its window, 0 to 1; of no orders 1."""
        return self.in_time / self.orders if self.orders else 1.0


def kept(part: str, rows: Sequence[PromiseRow]) -> Kept:
    """One part's figures."""
    return Kept(
        part=part,
        orders=len(rows),
        in_time=sum(row.late_s is None for row in rows),
        late_s=_median(row.late_s for row in rows),
        departed_behind_s=_median(departed_behind_s(row) for row in rows),
        road_s=_median(road_s(row) for row in rows),
        door_s=_median(door_s(row) for row in rows),
    )


def by(rows: Iterable[PromiseRow], part_of: Part) -> list[Kept]:
    """Each part's figures, the worst rate first; orders that belong to no part are left out."""
    parts: dict[str, list[PromiseRow]] = defaultdict(list)
    for row in rows:
        if (part := part_of(row)) is not None:
            parts[part].append(row)
    return sorted((kept(part, found) for part, found in parts.items()), key=lambda one: (one.rate, -one.orders))


def weak_points(rows: Sequence[PromiseRow], parts: dict[str, Part]) -> list[Kept]:
    """Where promises break more often than over all: parts of at least SMALLEST_N orders, by how many that is more.

    A part that holds every order explains nothing.
    """
    whole = kept("all", rows)
    found = [
        msgspec.structs.replace(one, part=f"{name} {one.part}")
        for name, part_of in parts.items()
        for one in by(rows, part_of)
        if SMALLEST_N <= one.orders < whole.orders and one.rate < whole.rate
    ]
    return sorted(found, key=lambda one: (one.rate - whole.rate) * one.orders)


def departed_behind_s(row: PromiseRow) -> float | None:
    """How much later than planned the van left; negative: earlier."""
    return _s(row.planned_departure_at, row.departed_at)


def road_s(row: PromiseRow) -> float | None:
    """What the way to the door added: behind at the door less behind at departure, so that the two add up."""
    departed, arrived = departed_behind_s(row), _s(row.planned_arrival_at, row.arrived_at)
    return None if departed is None or arrived is None else arrived - departed


def waited_s(row: PromiseRow) -> float | None:
    """From packed to departed."""
    return _s(row.ready_at, row.departed_at)


def door_s(row: PromiseRow) -> float | None:
    """At the door."""
    return _s(row.arrived_at, row.left_at)


def hour_of(row: PromiseRow, tz: ZoneInfo) -> str:
    """The hour of the day in which the window ended, '14:00'."""
    return f"{row.window_to.astimezone(tz):%H}:00"


def weekday_of(row: PromiseRow, tz: ZoneInfo) -> str:
    return WEEKDAYS[row.window_to.astimezone(tz).weekday()]


def spread(seconds: Iterable[float | None]) -> tuple[float, float] | None:
    """Median and the 90th percentile (between the two nearest of the sample); None below SMALLEST_N values."""
    values = sorted(one for one in seconds if one is not None)
    if len(values) < SMALLEST_N:
        return None
    return median(values), quantiles(values, n=10, method="inclusive")[-1]


def _median(seconds: Iterable[float | None]) -> float | None:
    values = [one for one in seconds if one is not None]
    return median(values) if values else None


def _s(planned: datetime | None, actual: datetime | None) -> float | None:
    return None if planned is None or actual is None else (actual - planned).total_seconds()
