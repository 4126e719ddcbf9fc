"""What a trip is to be, and how a change makes another plan of it. Asks no database and knows no rule of the law."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from contract.milestones import Milestone
from gateway.dispatch.errors import DispatchConflictError, DispatchError
from gateway.dispatch.estimate import Door, EstimatePolicy, Point, is_same_door

# From these on an order's drop is history: it stays where it is in the sequence.
OVER = frozenset({Milestone.DELIVERED, Milestone.FAILED, Milestone.RETURNED, Milestone.CANCELLED})


class Member(msgspec.Struct, frozen=True):
    """Somebody of a crew."""

    driver_id: UUID
    employee_no: str
    role: str = "driver"


class PlannedOrder(msgspec.Struct, frozen=True):
    """One order of a plan, with its door."""

    order_id: UUID
    order_no: str
    milestone: Milestone
    door: Door
    planned_arrival_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.milestone not in OVER

    @property
    def point(self) -> Point | None:
        return self.door.point


class TripPlan(msgspec.Struct, frozen=True):
    """Vehicle, crew, departure and drops in sequence."""

    vehicle_id: UUID
    vehicle: str
    crew: tuple[Member, ...]
    planned_departure_at: datetime
    drops: tuple[PlannedOrder, ...]
    planned_route: tuple[tuple[int, int], ...] | None = None  # a new one; None: see `keeps_route`
    keeps_route: bool = True  # the way that was planned still leads past the drops

    def holds(self, order_id: UUID) -> bool:
        return any(drop.order_id == order_id for drop in self.drops)

    @property
    def doors(self) -> list[Door]:
        """The doors that the van has still to go to, in sequence."""
        return [drop.door for drop in self.drops if drop.is_open]


def insert(plan: TripPlan, order: PlannedOrder, position: int | None, policy: EstimatePolicy) -> TripPlan:
    """With the order at the place given (1 = first of the open ones), else behind its own door's, else last."""
    if plan.holds(order.order_id):
        raise DispatchConflictError(f"order {order.order_no} is on this trip already", field="order")
    index = len(plan.drops) if position is None else _index(plan, position)
    if position is None and (joined := same_door(plan, order.door, policy)):
        index = plan.drops.index(joined[-1]) + 1
    return _with(plan, (*plan.drops[:index], order, *plan.drops[index:]))


def same_door(plan: TripPlan, door: Door, policy: EstimatePolicy) -> list[PlannedOrder]:
    """Open drops of the plan at the same door whose windows overlap with this one's."""
    return [
        drop
        for drop in plan.drops
        if drop.is_open
        and drop.order_id != door.order_id
        and is_same_door(door.point, drop.point, policy)
        and max(drop.door.window_from, door.window_from) <= min(drop.door.window_to, door.window_to)
    ]


def join_doors(plan: TripPlan, policy: EstimatePolicy) -> TripPlan:
    """With orders for one door one after the other, each behind the first of them."""
    joined: list[PlannedOrder] = []
    for drop in plan.drops:
        beside = [one for one in joined if one in same_door(plan, drop.door, policy)]
        joined.insert(joined.index(beside[-1]) + 1 if beside else len(joined), drop)
    return plan if tuple(joined) == plan.drops else _with(plan, tuple(joined))


def resequence(plan: TripPlan, order_ids: Sequence[UUID]) -> TripPlan:
    """With the open drops in this sequence; those that are over keep their places before them."""
    past = tuple(drop for drop in plan.drops if not drop.is_open)
    ahead = {drop.order_id: drop for drop in plan.drops if drop.is_open}
    if sorted(order_ids) != sorted(ahead):
        missing = ", ".join(drop.order_no for drop in ahead.values() if drop.order_id not in order_ids)
        says = f"misses {missing}" if missing else "names one twice, or one that is not open"
        raise DispatchError(f"name every open order of the trip once; this sequence {says}", field="orders")
    return _with(plan, (*past, *(ahead[one] for one in order_ids)))


def remove(plan: TripPlan, order_id: UUID) -> TripPlan:
    """Without the order."""
    drop = next((one for one in plan.drops if one.order_id == order_id), None)
    if drop is None:
        raise DispatchError(f"order {order_id} is not on this trip", field="order")
    return _with(plan, tuple(one for one in plan.drops if one.order_id != order_id))


def as_document(plan: TripPlan) -> dict[str, object]:
    """The plan as it is kept: with numbers for people, and ids."""
    return {
        "vehicle": plan.vehicle,
        "crew": [{"employee_no": one.employee_no, "role": one.role} for one in plan.crew],
        "planned_departure_at": plan.planned_departure_at,
        "drops": [
            {
                "order_no": drop.order_no, "order_id": drop.order_id, "planned_arrival_at": drop.planned_arrival_at,
                "window_from": drop.door.window_from, "window_to": drop.door.window_to,
            }
            for drop in plan.drops
        ],
    }  # fmt: skip


def _with(plan: TripPlan, drops: tuple[PlannedOrder, ...]) -> TripPlan:
    # A way past other doors would be told as a deviation.
    return msgspec.structs.replace(plan, drops=drops, planned_route=None, keeps_route=False)


def _index(plan: TripPlan, position: int) -> int:
    """The index in all drops of the place `position` among the open ones."""
    indexes = [index for index, drop in enumerate(plan.drops) if drop.is_open]
    if position > len(indexes) + 1:
        raise DispatchError(
            f"position {position} is behind the end: the trip has {len(indexes)} open drops", field="position"
        )
    return indexes[position - 1] if position <= len(indexes) else len(plan.drops)
