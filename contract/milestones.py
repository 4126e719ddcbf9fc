"""An order's milestones and which may follow which. Stores nothing and tells nobody."""

from __future__ import annotations

from enum import StrEnum


class Milestone(StrEnum):
    """What happened to an order, in the order in which it usually happens."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    PREPARING = "preparing"
    READY = "ready"
    QUEUED = "queued"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ARRIVING_SOON = "arriving_soon"
    ARRIVED = "arrived"
    DELIVERED = "delivered"
    FAILED = "failed"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class Known(StrEnum):
    """How a milestone is known: a person or system said so, or fixes showed it."""

    DECLARED = "declared"
    DETECTED = "detected"


_M = Milestone
FOLLOWERS: dict[Milestone | None, frozenset[Milestone]] = {
    None: frozenset({_M.RECEIVED}),
    _M.RECEIVED: frozenset({_M.ACCEPTED, _M.CANCELLED}),
    _M.ACCEPTED: frozenset({_M.PREPARING, _M.READY, _M.QUEUED, _M.CANCELLED}),
    _M.PREPARING: frozenset({_M.READY, _M.CANCELLED}),
    _M.READY: frozenset({_M.QUEUED, _M.CANCELLED}),
    _M.QUEUED: frozenset({_M.OUT_FOR_DELIVERY, _M.READY, _M.CANCELLED}),
    _M.OUT_FOR_DELIVERY: frozenset({_M.ARRIVING_SOON, _M.ARRIVED, _M.DELIVERED, _M.FAILED, _M.CANCELLED}),
    _M.ARRIVING_SOON: frozenset({_M.ARRIVED, _M.DELIVERED, _M.FAILED, _M.CANCELLED}),
    _M.ARRIVED: frozenset({_M.DELIVERED, _M.FAILED, _M.CANCELLED}),
    _M.DELIVERED: frozenset(),
    _M.FAILED: frozenset({_M.ARRIVED, _M.DELIVERED, _M.FAILED, _M.RETURNED, _M.QUEUED, _M.CANCELLED}),
    _M.RETURNED: frozenset({_M.QUEUED, _M.CANCELLED}),
    _M.CANCELLED: frozenset({_M.RETURNED}),
}


def may_follow(current: Milestone | None, after: Milestone) -> bool:
    """Whether an order whose newest milestone is `current` may reach `after`; None = the order is new."""
    return after in FOLLOWERS[current]
