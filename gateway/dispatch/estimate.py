"""When a van will be at each door of a plan, and what a changed plan does to it. Travel times come from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from contract.geo import distance_m


def _because(unit: str, why: str) -> Meta:
    return Meta(ge=0, description=why, extra={"unit": unit})


class EstimatePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between a straight line and a time at the door."""

    detour_factor: Annotated[
        float, _because("", "way along streets by straight line: 1.2 to 1.6 in cities, 1.35 in the middle of them")
    ] = 1.35
    speed_mps: Annotated[float, _because("m/s", "24 km/h, door to door in a city with its signals")] = 6.7
    at_door_s: Annotated[float, _because("s", "park, walk, identity check, signature and back")] = 300.0
    next_at_door_s: Annotated[float, _because("s", "one more order at a door where the van stands already")] = 60.0
    same_door_m: Annotated[
        float, _because("m", "two points of one address lie apart by geocoding; houses stand farther from one another")
    ] = 25.0


POLICY = EstimatePolicy()
Point = tuple[int, int]


class Door(msgspec.Struct, frozen=True):
    """Where one order goes and when it was promised; a place of None is not known."""

    order_id: UUID
    lat_e7: int | None
    lon_e7: int | None
    window_from: datetime
    window_to: datetime

    @property
    def point(self) -> Point | None:
        return _place(self.lat_e7, self.lon_e7)


class Start(msgspec.Struct, frozen=True):
    """Where a van sets out for the doors that are left, and when."""

    at: datetime
    lat_e7: int | None
    lon_e7: int | None
    course_deg: float | None = None  # where it is heading; None: it stands, or that is not known


class Source(IntEnum):
    """Where a travel time comes from; of several the least one is told."""

    DISTANCE = 0  # the straight line with a detour
    STREET = 1  # the street network
    LEARNED = 2  # what the fleet itself drove there at that hour


class Way(msgspec.Struct, frozen=True):
    """How long a way takes."""

    seconds: float
    source: Source


class Ways(Protocol):
    """What knows how long ways take and how long a van stands at a door."""

    def way(self, here: Point | None, there: Point | None, at: datetime, course_deg: float | None = None) -> Way:
        """From one place to another, setting out at `at` with that heading; no time when a place is not known."""
        ...

    def at_door_s(self, door: Door) -> float:
        """Park, hand over and come back, for the first order at a door."""
        ...


class Straight(msgspec.Struct, frozen=True):
    """Straight lines with a detour: what is known of any place without a map."""

    policy: EstimatePolicy = POLICY

    def way(self, here: Point | None, there: Point | None, at: datetime, course_deg: float | None = None) -> Way:  # noqa: ARG002 - at all hours alike
        return Way(way_s(here, there, self.policy), Source.DISTANCE)

    def at_door_s(self, door: Door) -> float:  # noqa: ARG002 - at all doors alike
        return self.policy.at_door_s


class Arrival(msgspec.Struct, frozen=True):
    """The estimate for one order."""

    order_id: UUID
    arrival_at: datetime
    late_s: float  # by how much it misses the window; 0: in time
    source: Source = Source.DISTANCE  # the least certain of the ways that lead there


class Effect(msgspec.Struct, frozen=True):
    """What a change does to one order; None: it is on no trip then."""

    order_id: UUID
    before: Arrival | None
    after: Arrival | None


STRAIGHT = Straight()
WaysFor = Callable[[UUID, str], Ways]  # by premises and their time zone


def straight_for(_premises_id: UUID, _tz: str) -> Ways:
    """Straight lines for everybody."""
    return STRAIGHT


def estimate(start: Start, doors: Sequence[Door], ways: Ways = STRAIGHT) -> list[Arrival]:
    """Arrivals in the sequence given. A van that is early waits for the window; an unknown place costs no way."""
    return _go(start, doors, ways)[0]


def back_at(start: Start, doors: Sequence[Door], home: Point | None, ways: Ways = STRAIGHT) -> datetime:
    """When the van is at its premises again."""
    return tour(start, doors, home, ways)[1]


def tour(
    start: Start, doors: Sequence[Door], home: Point | None, ways: Ways = STRAIGHT
) -> tuple[list[Arrival], datetime]:
    """Both at once, for one walk of the tour."""
    arrivals, leaves_at, there = _go(start, doors, ways)
    return arrivals, leaves_at + timedelta(seconds=ways.way(there, home, leaves_at).seconds)


def _go(start: Start, doors: Sequence[Door], ways: Ways) -> tuple[list[Arrival], datetime, Point | None]:
    """The arrivals, and when and where the van is done."""
    at, here, source = start.at, _place(start.lat_e7, start.lon_e7), Source.LEARNED
    arrivals: list[Arrival] = []
    for door in doors:
        there = door.point
        stands_there = bool(arrivals) and is_same_door(here, there)
        if not stands_there:
            way = ways.way(here, there, at, None if arrivals else start.course_deg)
            at += timedelta(seconds=way.seconds)
            source = min(source, way.source)
        late_s = max(0.0, (at - door.window_to).total_seconds())
        arrivals.append(Arrival(door.order_id, at, late_s, source))
        at = max(at, door.window_from)
        at += timedelta(seconds=POLICY.next_at_door_s if stands_there else ways.at_door_s(door))
        here = there or here
    return arrivals, at, here


def effects(before: Sequence[Arrival], after: Sequence[Arrival]) -> list[Effect]:
    """Every order of both plans, in the sequence of the new one; orders that left it come last."""
    old: Mapping[UUID, Arrival] = {one.order_id: one for one in before}
    found = [Effect(one.order_id, old.get(one.order_id), one) for one in after]
    kept = {one.order_id for one in after}
    return found + [Effect(one.order_id, one, None) for one in before if one.order_id not in kept]


def is_same_door(one: Point | None, other: Point | None, policy: EstimatePolicy = POLICY) -> bool:
    """Whether both places are one door."""
    return one is not None and other is not None and distance_m(*one, *other) <= policy.same_door_m


def nearest_first(here: Point | None, doors: Sequence[Door]) -> list[Door]:
    """The doors in the sequence of always the nearest next; doors without a place come last."""
    left, found = list(doors), list[Door]()
    while left:
        index = min(range(len(left)), key=lambda one: _straight_m(here, left[one].point))
        door = left.pop(index)
        found.append(door)
        here = door.point or here
    return found


def way_s(here: Point | None, there: Point | None, policy: EstimatePolicy) -> float:
    """Seconds from one place to another; 0 when one of them is not known."""
    if here is None or there is None:
        return 0.0
    return distance_m(*here, *there) * policy.detour_factor / policy.speed_mps


def _straight_m(here: Point | None, there: Point | None) -> float:
    if there is None:
        return float("inf")
    return 0.0 if here is None else distance_m(*here, *there)


def _place(lat_e7: int | None, lon_e7: int | None) -> Point | None:
    return None if lat_e7 is None or lon_e7 is None else (lat_e7, lon_e7)
