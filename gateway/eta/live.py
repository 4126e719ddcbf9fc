"""How today differs from what is usual: the fleet's own measured paces of the last while. Pure, reads no clock.

A jam that nobody entered shows in the vans that stand in it. What is seen now holds fully for the next half hour, half
for another one, and says nothing of what comes later.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from gateway.eta.paces import Cell

WINDOW = timedelta(minutes=45)
HOLDS = timedelta(minutes=30)
# So many seconds of driving weigh as much as "it is as usual", and in a cell as much as the whole fleet.
_FLEET_S = 1500.0
_CELL_S = 900.0
_LEAST, _MOST = 0.6, 4.0


class Live(msgspec.Struct, frozen=True):
    """Seconds driven by seconds usual, at one time."""

    made_at: datetime | None = None
    fleet: float = 1.0
    cells: Mapping[Cell, float] = {}

    def weight(self, at: datetime) -> float:
        """How much of it holds for somebody who sets out at `at`."""
        if self.made_at is None or at >= self.made_at + 2 * HOLDS:
            return 0.0
        return 1.0 if at < self.made_at + HOLDS else 0.5

    def factor(self, cell: Cell, weight: float) -> float:
        return 1.0 + weight * (self.cells.get(cell, self.fleet) - 1.0)


USUAL = Live()


class Recent:
    """What vans drove in the last while, piece by piece."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[datetime, Cell, float, float]] = deque()

    def add(self, at: datetime, cell: Cell, driven_s: float, usual_s: float) -> None:
        self._pieces.append((at, cell, driven_s, usual_s))

    def live(self, now: datetime) -> Live:
        """What the pieces of the last while say; older ones are forgotten."""
        self._pieces = deque(one for one in self._pieces if one[0] > now - WINDOW)
        return self.seen_until(now)

    def seen_until(self, now: datetime) -> Live:
        """The same of any time whose pieces are still remembered."""
        driven, usual = defaultdict[Cell, float](float), defaultdict[Cell, float](float)
        for at, cell, driven_s, usual_s in self._pieces:
            if now - WINDOW < at <= now:
                driven[cell] += driven_s
                usual[cell] += usual_s
        if not driven:
            return USUAL
        fleet = (sum(driven.values()) + _FLEET_S) / (sum(usual.values()) + _FLEET_S)
        cells = {cell: _bounded((driven[cell] + fleet * _CELL_S) / (usual[cell] + _CELL_S)) for cell in driven}
        return Live(now, _bounded(fleet), cells)


def _bounded(factor: float) -> float:
    return min(_MOST, max(_LEAST, factor))
