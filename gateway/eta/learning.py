"""What one trip's fixes teach about paces: its driving, cell by cell, beside what that takes without traffic. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from contract.geo import bearing_deg, distance_m
from gateway.dispatch.estimate import POLICY
from gateway.eta.network import Spot
from gateway.eta.paces import Cell, cell_of
from gateway.eta.street_ways import Streets

# Between fixes farther apart nobody knows the way.
_LONGEST_S = 90.0
# Slower is standing, which is time without way: walking pace, and receivers' noise.
_STANDING_MPS = 1.0
# A way along streets that takes so much longer than it was driven is a fix on the wrong street.
_WRONG = 3.0
_WRONG_S = 60.0

Fix = tuple[datetime, int, int]


class Sum(msgspec.Struct):
    """What was driven in one cell at one hour so far."""

    driven_s: float = 0.0
    straight_s: float = 0.0
    street_s: float = 0.0


def driven(
    fixes: Sequence[Fix], pauses: Sequence[tuple[datetime, datetime]], streets: Streets | None, zone: ZoneInfo
) -> dict[tuple[Cell, int], Sum]:
    """Per cell and local hour; pieces of the way that touch a pause are left out."""
    sums: defaultdict[tuple[Cell, int], Sum] = defaultdict(Sum)
    standing = _Pauses(pauses)
    spot: Spot | None = None
    for (before_at, *before), (at, *here) in pairwise(fixes):
        took_s = (at - before_at).total_seconds()
        if not 0 < took_s <= _LONGEST_S or standing.touches(before_at, at):
            spot = None
            continue
        one = sums[cell_of((before[0] + here[0]) // 2, (before[1] + here[1]) // 2), at.astimezone(zone).hour]
        one.driven_s += took_s
        way_m = distance_m(*before, *here)
        if way_m < _STANDING_MPS * took_s:
            continue
        one.straight_s += way_m / POLICY.speed_mps
        if streets is not None:
            course_deg = bearing_deg(*before, *here)
            left = spot or streets.network.spot(before[0], before[1], course_deg)
            spot = streets.network.spot(here[0], here[1], course_deg)
            one.street_s += _along_streets_s(streets, left, spot, way_m, took_s)
    return dict(sums)


def _along_streets_s(streets: Streets, left: Spot | None, came: Spot | None, way_m: float, took_s: float) -> float:
    """What the piece takes at the map's speeds, with the lights on the way."""
    if left is None or came is None:
        return way_m / POLICY.speed_mps
    network, at_cost = streets.network, streets.free_flow
    limit_s = _WRONG * took_s + _WRONG_S
    seconds = network.seconds_between(left, came, network.times_to(came, at_cost, limit_s), at_cost)
    if seconds <= limit_s:
        return seconds
    return way_m / float(network.speed_mps[came.arcs[0][0]])


class _Pauses:
    """Intervals in order of time, asked again and again whether one of them touches another one."""

    def __init__(self, pauses: Sequence[tuple[datetime, datetime]]) -> None:
        self._from = [one[0] for one in sorted(pauses)]
        self._to: list[datetime] = []
        for _, to in sorted(pauses):
            self._to.append(max(to, self._to[-1]) if self._to else to)

    def touches(self, from_at: datetime, to_at: datetime) -> bool:
        place = bisect_right(self._from, to_at) - 1
        return place >= 0 and self._to[place] > from_at
