"""What one trip's fixes teach about paces: its driving, cell by cell, beside what that takes without traffic. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from contract.geo import distance_m
from gateway.dispatch.estimate import POLICY
from gateway.eta.network import Network
from gateway.eta.paces import Cell, cell_of
from gateway.eta.street_ways import LIGHT_S

# Between fixes farther apart nobody knows the way.
_LONGEST_S = 90.0
# Less is a receiver's noise: the van stands, which is time without way.
_STANDS_M = 5.0

Fix = tuple[datetime, int, int]


class Sum(msgspec.Struct):
    """What was driven in one cell at one hour so far."""

    driven_s: float = 0.0
    straight_s: float = 0.0
    street_s: float = 0.0


def driven(
    fixes: Sequence[Fix], pauses: Sequence[tuple[datetime, datetime]], network: Network | None, zone: ZoneInfo
) -> dict[tuple[Cell, int], Sum]:
    """Per cell and local hour; pieces of the way that touch a pause are left out."""
    sums: defaultdict[tuple[Cell, int], Sum] = defaultdict(Sum)
    standing = _Pauses(pauses)
    arc: int | None = None
    for (before_at, *before), (at, *here) in pairwise(fixes):
        took_s = (at - before_at).total_seconds()
        if not 0 < took_s <= _LONGEST_S or standing.touches(before_at, at):
            arc = None
            continue
        lat, lon = (before[0] + here[0]) // 2, (before[1] + here[1]) // 2
        one = sums[cell_of(lat, lon), at.astimezone(zone).hour]
        one.driven_s += took_s
        way_m = distance_m(*before, *here)
        if way_m < _STANDS_M:
            continue
        one.straight_s += way_m / POLICY.speed_mps
        if network is not None:
            street_s, arc = _on_street(network, (lat, lon), _course_deg(before, here), way_m, arc)
            one.street_s += street_s
    return dict(sums)


def _on_street(
    network: Network, middle: tuple[int, int], course_deg: float, way_m: float, before: int | None
) -> tuple[float, int | None]:
    """What the piece of way takes at the speed of the street that it lies on, with the light that was passed."""
    spot = network.spot(*middle, course_deg)
    if spot is None:
        return way_m / POLICY.speed_mps, None
    ((arc, _),) = spot.arcs
    passed_light = before is not None and before != arc and bool(network.ends_at_light[before])
    return way_m / float(network.speed_mps[arc]) + (LIGHT_S if passed_light else 0.0), arc


def _course_deg(before: Sequence[int], here: Sequence[int]) -> float:
    north = here[0] - before[0]
    east = (here[1] - before[1]) * math.cos(math.radians(here[0] / 1e7))
    return math.degrees(math.atan2(east, north)) % 360


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
