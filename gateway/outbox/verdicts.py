"""What became of one try to tell somebody something. Tries nothing."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """What follows from an answer."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # this message, for good: the address is none, the receiver wants none of it
    LATER = "later"  # this message, for now
    DOWN = "down"  # the way itself: whatever else waits for it would fare no better


class Outcome(msgspec.Struct, frozen=True):
    """What was answered; status None: nothing was, and `said` tells why."""

    verdict: Verdict
    status: int | None
    said: str
    took_s: float
    retry_after: str | None = None
