"""What customers are told, and how long each kind means something. Words nothing."""

from __future__ import annotations

from enum import StrEnum

from contract.milestones import Milestone


class Kind(StrEnum):
    """A message to the customer of an order."""

    OUT_FOR_DELIVERY = "out_for_delivery"
    ARRIVING_SOON = "arriving_soon"
    ETA_CHANGED = "eta_changed"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RESCHEDULED = "rescheduled"
    TAKEN_BACK = "taken_back"  # what was told did not happen


_M = Milestone
_ON_THE_WAY = frozenset({_M.OUT_FOR_DELIVERY, _M.ARRIVING_SOON})
_OPEN = frozenset(Milestone) - {_M.DELIVERED, _M.CANCELLED}
# While the order's newest milestone is one of these the message means something; None: always.
MEANS_SOMETHING: dict[Kind, frozenset[Milestone] | None] = {
    Kind.OUT_FOR_DELIVERY: _ON_THE_WAY,
    Kind.ARRIVING_SOON: _ON_THE_WAY,
    Kind.ETA_CHANGED: _ON_THE_WAY | {_M.QUEUED},
    Kind.DELIVERED: None,
    Kind.FAILED: frozenset({_M.FAILED, _M.RETURNED}),
    Kind.CANCELLED: frozenset({_M.CANCELLED, _M.RETURNED}),
    Kind.RESCHEDULED: _OPEN,
    Kind.TAKEN_BACK: _OPEN,
}
# A newer one says it all: an older one that has not gone out yet is dropped.
NEWEST_COUNTS = frozenset({Kind.ETA_CHANGED, Kind.RESCHEDULED})
# Staff read it when they come; hours of duty do not hold it up.
AT_ANY_HOUR = frozenset({"digest"})
# What a milestone is told as, and the one that takes it back.
OF_MILESTONE: dict[str, Kind] = {
    _M.OUT_FOR_DELIVERY: Kind.OUT_FOR_DELIVERY,
    _M.ARRIVING_SOON: Kind.ARRIVING_SOON,
    _M.DELIVERED: Kind.DELIVERED,
    _M.FAILED: Kind.FAILED,
    _M.CANCELLED: Kind.CANCELLED,
}


def no_longer_true(kind: str, milestone: str | None) -> str | None:
    """Why a message of this kind means nothing any more; None: it does. Staff's kinds are judged by their alerts."""
    means = MEANS_SOMETHING.get(Kind(kind)) if kind in list(Kind) else None
    if means is None or milestone is None or milestone in means:
        return None
    return f"no longer true: the order is {milestone}"
