"""A better sequence for the doors that are left: by best insertion, then by moving single doors. Pure: asks nobody.

What counts first is lateness, then how long the tour takes. It is a suggestion: the present sequence stands when none
is found that is better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from gateway.dispatch.estimate import Arrival, Door, Point, Start, Way, Ways, estimate

# So many estimates of a single door at the most: 12 doors need 3,000, 40 doors 100,000 without a bound.
_MOST_STEPS = 60_000
_WORTH_S = 1.0  # less is rounding
_SLOT = timedelta(minutes=30)


class Tour(msgspec.Struct, frozen=True):
    """A sequence and what it comes to."""

    doors: tuple[Door, ...]
    arrivals: tuple[Arrival, ...]
    late_s: float  # of all doors together
    lasts_s: float  # until the van leaves the last door's arrival


class _Remembered:
    """Ways asked for once per pair and half hour: a search asks for the same again and again."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._known: dict[tuple[Point | None, Point | None, datetime, float | None], Way] = {}

    def way(self, here: Point | None, there: Point | None, at: datetime, course_deg: float | None = None) -> Way:
        slot = datetime.fromtimestamp(at.timestamp() // _SLOT.total_seconds() * _SLOT.total_seconds(), at.tzinfo)
        key = (here, there, slot, course_deg)
        if key not in self._known:
            self._known[key] = self._ways.way(here, there, slot, course_deg)
        return self._known[key]

    def at_door_s(self, door: Door) -> float:
        return self._ways.at_door_s(door)


def suggest(start: Start, doors: Sequence[Door], ways: Ways) -> tuple[Tour, Tour]:
    """The present tour, and the one that is suggested; the same one when nothing better was found."""
    known = _Remembered(ways)
    steps = 0

    def cost(sequence: Sequence[Door]) -> tuple[float, float]:
        nonlocal steps
        steps += len(sequence)
        tour = _tour(start, sequence, known)
        return tour.late_s, tour.lasts_s

    def goes_on() -> bool:
        return steps < _MOST_STEPS

    candidates = [_moved(list(doors), cost, goes_on), _moved(_inserted(doors, cost, goes_on), cost, goes_on)]
    best = min(candidates, key=cost)
    present, found = _tour(start, doors, ways), _tour(start, best, ways)
    better = (round(found.late_s), found.lasts_s) < (round(present.late_s), present.lasts_s - _WORTH_S)
    return present, found if better else present


Cost = Callable[[Sequence[Door]], tuple[float, float]]


def _inserted(doors: Sequence[Door], cost: Cost, goes_on: Callable[[], bool]) -> list[Door]:
    """Each door where it costs least, those whose window ends first coming first."""
    found: list[Door] = []
    for door in sorted(doors, key=lambda one: (one.window_to, str(one.order_id))):
        places = range(len(found) + 1) if goes_on() else (len(found),)
        found = min(([*found[:place], door, *found[place:]] for place in places), key=cost)
    return found


def _moved(doors: list[Door], cost: Cost, goes_on: Callable[[], bool]) -> list[Door]:
    """Moves one door at a time as long as that makes it better."""
    best, best_cost, improved = doors, cost(doors), True
    while improved and goes_on():
        improved = False
        for taken in range(len(best)):
            rest = [*best[:taken], *best[taken + 1 :]]
            for place in range(len(best)):
                if place == taken or not goes_on():
                    continue
                tried = [*rest[:place], best[taken], *rest[place:]]
                tried_cost = cost(tried)
                if tried_cost < best_cost:
                    best, best_cost, improved = tried, tried_cost, True
                    break
            else:
                continue
            break
    return best


def _tour(start: Start, doors: Sequence[Door], ways: Ways) -> Tour:
    arrivals = estimate(start, doors, ways)
    lasts_s = (arrivals[-1].arrival_at - start.at).total_seconds() if arrivals else 0.0
    return Tour(tuple(doors), tuple(arrivals), sum(one.late_s for one in arrivals), lasts_s)
