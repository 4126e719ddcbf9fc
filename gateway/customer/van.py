"""Whether a customer may see where the van is, and how exactly. Pure: reads no clock and no database.

Only while the own order is next; never at or near the door of anybody else; not when it is silent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from contract.geo import distance_m
from contract.milestones import Milestone
from gateway.customer.frame import Frame, frame_with
from storage.customer import CustomerOrder, OtherDoor, VehicleFix

# The van near somebody else's door tells where they live; 200 m are a block of houses.
OTHER_DOOR_M = 200.0
# About 110 m to the north and, in the middle latitudes, 55 to 90 m to the east: a street, not a house.
ROUNDED_E7 = 10_000
SHOWN_WITHIN_M = 110  # of where it is shown
# A unit under way reports every few seconds; older than this, the van is somewhere else.
SILENT_AFTER = timedelta(minutes=3)
_CLOCKS_DIFFER = timedelta(minutes=1)
ON_THE_ROAD = (Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVING_SOON, Milestone.ARRIVED)


class Van(msgspec.Struct, frozen=True):
    """Where the van is about, on the customer's own map."""

    frame: Frame
    x: int
    y: int
    at: datetime


def drops_first(others: Iterable[OtherDoor]) -> int:
    """How many orders are served before this one."""
    return sum(other.before for other in others)


def is_under_way(order: CustomerOrder) -> bool:
    """Whether the order is in a vehicle on the road."""
    return order.milestone in ON_THE_ROAD and order.departed_at is not None and order.ended_at is None


def is_next(order: CustomerOrder, others: Iterable[OtherDoor]) -> bool:
    """Whether the order is the next one to be served: then there is a map."""
    return is_under_way(order) and drops_first(others) == 0


def van_to_show(
    order: CustomerOrder, others: list[OtherDoor], fix: VehicleFix | None, now: datetime, rate: float = 1.0
) -> Van | None:
    """The van for the customer's map; None whenever it is none of their business, or not known well enough.

    `rate` is the clock's: at ten times the speed the same silence looks ten times as long.
    """
    if fix is None or order.lat_e7 is None or order.lon_e7 is None or order.departed_at is None:
        return None
    if not is_next(order, others):
        return None
    age = now - fix.fixed_at
    if not -_CLOCKS_DIFFER <= age <= SILENT_AFTER * max(1.0, rate) or fix.fixed_at < order.departed_at:
        return None
    door = (order.lat_e7, order.lon_e7)
    if _gives_away(fix, door, others):
        return None
    lat_e7, lon_e7 = (round(value / ROUNDED_E7) * ROUNDED_E7 for value in (fix.lat_e7, fix.lon_e7))
    frame = frame_with(door, (lat_e7, lon_e7))
    return None if frame is None else Van(frame, *frame.place(lat_e7, lon_e7), fix.fixed_at)


def _gives_away(fix: VehicleFix, door: tuple[int, int], others: list[OtherDoor]) -> bool:
    """Whether the van stands where somebody else lives; at the own door it does not matter who lives next to it."""
    if distance_m(fix.lat_e7, fix.lon_e7, *door) <= OTHER_DOOR_M:
        return False
    return any(
        other.lat_e7 is not None
        and other.lon_e7 is not None
        and distance_m(fix.lat_e7, fix.lon_e7, other.lat_e7, other.lon_e7) <= OTHER_DOOR_M
        for other in others
    )
