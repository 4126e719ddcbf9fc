"""Vans of an acceptance day: where they drive and stand, second by second, as fixes. Know no order and no API."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contract.fix import Fix, Quality

HOME = (601_700_000, 249_400_000)
_METRE_LAT_E7 = 89.93
_METRE_LON_E7 = _METRE_LAT_E7 / math.cos(math.radians(60.17))
SPEED_MPS = 9.0
TICK_S = 5
AT_DOOR_S = 150
IN_YARD_S = 200  # what fixes need to show the return, and a little
Point = tuple[float, float]  # metres east and north of the premises
Deed = Callable[[datetime], None]


def place(point: Point) -> tuple[int, int]:
    """The coordinates of a point, in 1e-7 degrees."""
    return HOME[0] + round(point[1] * _METRE_LAT_E7), HOME[1] + round(point[0] * _METRE_LON_E7)


@dataclass(frozen=True)
class Visit:
    """Where a van goes next: `reached` is called when it is there, `deed` is what its crew has done when it leaves."""

    point: Point
    reached: Callable[[], None]
    deed: Deed


@dataclass
class Van:
    """One vehicle with its unit; `next_visit` says where to go next, or None: home."""

    name: str
    device: str
    spool: str
    at: datetime
    next_visit: Callable[[], Visit | None]
    back_home: Deed
    point: Point = (0.0, 0.0)
    out: bool = False
    broken: bool = False
    fixes: list[Fix] = field(default_factory=list)
    seq: int = 0
    _stands_until: datetime | None = None
    _deed: Deed | None = None
    _yard_until: datetime | None = None

    def drive(self, until: datetime) -> list[tuple[datetime, Deed]]:
        """Drives on; what its crew did on the way, with when."""
        did: list[tuple[datetime, Deed]] = []
        while self.at < until:
            self.at += timedelta(seconds=TICK_S)
            done = self._tick()
            if done is not None:
                did.append((self.at, done))
        return did

    def _tick(self) -> Deed | None:
        if self.broken or not self.out:
            self._report(0.0, every_s=60)
            return None
        if self._stands_until is not None:
            self._report(0.0, every_s=10)
            if self.at < self._stands_until:
                return None
            self._stands_until, deed, self._deed = None, self._deed, None
            return deed
        target = self.next_visit()
        if self._yard_until is not None and target is None:
            self._report(0.0, every_s=10)
            if self.at < self._yard_until:
                return None
            self._yard_until, self.out = None, False
            return self.back_home
        self._yard_until = None
        if self._go((0.0, 0.0) if target is None else target.point):
            if target is None:
                self._yard_until = self.at + timedelta(seconds=IN_YARD_S)
            else:
                target.reached()
                self._stands_until, self._deed = self.at + timedelta(seconds=AT_DOOR_S), target.deed
        self._report(SPEED_MPS, every_s=TICK_S)
        return None

    def _go(self, target: Point) -> bool:
        """One tick nearer; whether it is there."""
        east, north = target[0] - self.point[0], target[1] - self.point[1]
        left_m, step_m = math.hypot(east, north), SPEED_MPS * TICK_S
        if left_m <= step_m:
            self.point = target
            return True
        self.point = (self.point[0] + east * step_m / left_m, self.point[1] + north * step_m / left_m)
        return False

    def _report(self, speed_mps: float, *, every_s: int) -> None:
        if round(self.at.timestamp()) % every_s:
            return
        self.seq += 1
        lat_e7, lon_e7 = place(self.point)
        self.fixes.append(
            Fix(
                device=self.device, spool_id=self.spool, seq=self.seq, fixed_at=self.at, lat_e7=lat_e7,
                lon_e7=lon_e7, speed_mps=speed_mps, quality=Quality.SIMULATED,
            )
        )  # fmt: skip
