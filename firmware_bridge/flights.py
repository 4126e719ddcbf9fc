"""The send window: which numbers are under way without a receipt, and where to go on. Sends nothing, keeps no time."""

from __future__ import annotations

from collections import deque

import msgspec

from contract.messages import Receipt
from firmware_bridge.spool import START, Pack, Place

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
    """What one stream has sent. A PUBACK does not move it; a receipt does."""

    def __init__(self) -> None:
        self.cursor: Place = START
        self._flights: deque[Flight] = deque()
        self._waiting_since_s: float | None = None

    @property
    def has_room(self) -> bool:
        return len(self._flights) < MAX_FLIGHTS

    @property
    def under_way(self) -> int:
        return len(self._flights)

    def sent(self, pack: Pack, mid: int, now_s: float) -> None:
        fixes = pack.fixes
        self._flights.append(Flight(fixes[0].spool_id, fixes[0].seq, fixes[-1].seq, mid))
        self.cursor = pack.end
        if self._waiting_since_s is None:
            self._waiting_since_s = now_s

    def receipt(self, receipt: Receipt, now_s: float) -> None:
        """Takes off what the receipt confirms; any progress restarts the wait."""
        left = deque(flight for flight in self._flights if not flight.confirmed_by(receipt))
        if len(left) != len(self._flights):
            self._flights = left
            self._waiting_since_s = now_s if left else None

    def overdue(self, now_s: float) -> bool:
        return self._waiting_since_s is not None and now_s - self._waiting_since_s >= RESEND_S

    def carries(self, mid: int) -> bool:
        return any(flight.mid == mid for flight in self._flights)

    def rewind(self) -> None:
        """From the lowest unconfirmed number again; the spool holds nothing that is confirmed."""
        self.cursor = START
        self._flights.clear()
        self._waiting_since_s = None
