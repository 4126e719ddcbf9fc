"""The send window: which numbers are under way without a receipt, and where to go on. Sends nothing, keeps no time."""

from __future__ import annotations

from collections import deque

import msgspec

from contract.messages import Receipt
from firmware_bridge.spooled import START, Pack, Place

# Messages without a receipt. At one receipt every 2 s and 500 fixes a message: 5,000 fixes/s.
MAX_FLIGHTS = 20
# Without a receipt for so long, what is under way is sent again (true time; duplicates fall out at the gateway).
RESEND_S = 60.0


class Flight(msgspec.Struct, frozen=True):
    """One message under way: its numbers, and the client's message id for the PUBACK."""

    spool_id: str
    first: int
    last: int
    mid: int

    def confirmed_by(self, receipt: Receipt) -> bool:
        if receipt.spool != self.spool_id:
            return False
        return self.last <= receipt.through or any(a <= self.first and self.last <= b for a, b in receipt.also)


class SendWindow:
    """What one stream has sent. A PUBACK makes room for the next message; only a receipt takes numbers off.

    `max_unanswered` bounds the messages that the broker has not acknowledged yet: bytes of this stream that may stand
    in the line before those of another one.
    """

    def __init__(self, max_flights: int = MAX_FLIGHTS, max_unanswered: int = MAX_FLIGHTS) -> None:
        self.cursor: Place = START
        self._max_flights = max_flights
        self._max_unanswered = max_unanswered
        self._flights: deque[Flight] = deque()
        self._unanswered: set[int] = set()
        self._waiting_since_s: float | None = None

    @property
    def has_room(self) -> bool:
        return len(self._flights) < self._max_flights and len(self._unanswered) < self._max_unanswered

    @property
    def under_way(self) -> int:
        return len(self._flights)

    def sent(self, pack: Pack, mid: int, now_s: float) -> None:
        fixes = pack.fixes
        self._flights.append(Flight(fixes[0].spool_id, fixes[0].seq, fixes[-1].seq, mid))
        self._unanswered.add(mid)
        self.cursor = pack.end
        if self._waiting_since_s is None:
            self._waiting_since_s = now_s

    def answered(self, mid: int) -> None:
        """The broker has taken this message off the line; that says nothing about storage."""
        self._unanswered.discard(mid)

    def receipt(self, receipt: Receipt, now_s: float) -> None:
        """Takes off what the receipt confirms; any progress restarts the wait."""
        left = deque(flight for flight in self._flights if not flight.confirmed_by(receipt))
        if len(left) != len(self._flights):
            self._flights = left
            self._unanswered &= {flight.mid for flight in left}
            self._waiting_since_s = now_s if left else None

    def overdue(self, now_s: float) -> bool:
        return self._waiting_since_s is not None and now_s - self._waiting_since_s >= RESEND_S

    def widen(self) -> None:
        """The only stream left may use the whole window."""
        self._max_flights = self._max_unanswered = MAX_FLIGHTS

    def carries(self, mid: int) -> bool:
        return any(flight.mid == mid for flight in self._flights)
