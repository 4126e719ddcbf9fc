"""How long vans stand at doors, learned from their own visits: by door, by premises, else what is usual. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gateway.dispatch.estimate import POLICY, Door, Point

# So many visits weigh as much as what is drawn to.
_PREMISES_VISITS = 15
_DOOR_VISITS = 4


class Visits(msgspec.Struct, frozen=True):
    """So many visits, and how long they took in the middle."""

    count: int
    mean_s: float


NO_VISITS = Visits(0, 0.0)


class DoorTimes(msgspec.Struct, frozen=True):
    """What visits of one premises' vans have taught."""

    premises: Visits = NO_VISITS
    doors: Mapping[Point, Visits] = {}
    usual_s: float = POLICY.at_door_s

    def at_door_s(self, door: Door) -> float:
        point = door.point
        here = NO_VISITS if point is None else self.doors.get(point, NO_VISITS)
        return _drawn(here, _drawn(self.premises, self.usual_s, _PREMISES_VISITS), _DOOR_VISITS)


def _drawn(seen: Visits, towards_s: float, weight: int) -> float:
    return (seen.count * seen.mean_s + weight * towards_s) / (seen.count + weight)
