"""Which fixes go next: all in order, or after an outage the newest at once beside the backlog. Sends nothing itself.

One stream is the rule. When much has piled up, the numbers are split at the newest one: the live stream sends from
there on in small messages, the backlog stream everything before it, oldest first, in packs. Each keeps its own order.
When the backlog is delivered the live stream is the only one again.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from contract.messages import Receipt
from firmware_bridge.flights import MAX_FLIGHTS, SendWindow
from firmware_bridge.spooled import Held, Pack, Place

# 500 fixes are about 60 kB of JSON: far below max_packet_size, and one receipt confirms minutes of backlog.
PACK_FIXES = 500
LIVE_PACK_FIXES = 50
# Of the 20 messages that may be without a receipt. Live needs 3: one a second, a receipt every 2 s.
LIVE_FLIGHTS = 4
# So many packs of backlog may stand in the line before a live message: 60 kB each, so that on a link of 20 kB/s the
# van's present place waits at most 6 s; the second one keeps the line busy while the first is being acknowledged.
BACKLOG_UNANSWERED = 2
# A backlog that fits into one message needs no second stream, and one this young is no news to anybody. (Order is
# worth something: the gateway tracks the vehicle by what comes in order, and derives the rest again later.)
SPLIT_BEYOND_FIXES = PACK_FIXES
SPLIT_BEYOND = timedelta(seconds=30)


def needs_split(held: Held, rate: float) -> bool:
    """Whether what is held is too much to make the present wait behind it; `rate` is the clock's speed."""
    if held.count <= SPLIT_BEYOND_FIXES or held.oldest_at is None or held.newest_at is None:
        return False
    return held.newest_at - held.oldest_at > SPLIT_BEYOND * max(1.0, rate)


class Turn(msgspec.Struct, frozen=True):
    """The next pack to take from the spool: at most `limit` fixes after `after` and, for a backlog, before `before`."""

    window: SendWindow
    limit: int
    after: Place
    before: Place | None
    newest: Place


class Streams:
    """The windows of both streams. After a rewind nothing is sent until `begin` says whether to split."""

    def __init__(self) -> None:
        self.begun = False
        self._main = SendWindow()
        self._live = SendWindow(LIVE_FLIGHTS)
        self._split_at: Place | None = None
        self._all_taken = False

    @property
    def is_split(self) -> bool:
        return self._split_at is not None

    @property
    def under_way(self) -> int:
        return self._main.under_way + self._live.under_way

    def rewind(self) -> None:
        """From the lowest unconfirmed number again; the spool holds nothing that is confirmed."""
        self.begun = False
        self._main, self._live = SendWindow(), SendWindow(LIVE_FLIGHTS)
        self._split_at, self._all_taken = None, False

    def begin(self, newest: Place, *, split: bool) -> None:
        """Starts sending; split: live from the newest number on, so that the newest of all is the first to go."""
        self.begun = True
        if split:
            self._main = SendWindow(MAX_FLIGHTS - LIVE_FLIGHTS, BACKLOG_UNANSWERED)
            self._split_at = Place(newest.no, max(newest.seq, 1))
            self._live.cursor = Place(newest.no, self._split_at.seq - 1)

    def next_turn(self, newest: Place) -> Turn | None:
        """What to send now, if anything may be sent; `newest` is the place of the newest number given."""
        if not self.begun:
            return None
        if self._split_at is None:
            if self._main.has_room and self._main.cursor < newest:
                return Turn(self._main, PACK_FIXES, self._main.cursor, None, newest)
            return None
        if self._live.has_room and self._live.cursor < newest:
            return Turn(self._live, LIVE_PACK_FIXES, self._live.cursor, None, newest)
        if self._main.has_room and not self._all_taken:
            return Turn(self._main, PACK_FIXES, self._main.cursor, self._split_at, newest)
        return None

    def holds(self, turn: Turn) -> bool:
        """Whether a turn is still the next one of its stream, after the spool was asked for its pack."""
        return self.begun and turn.window in (self._main, self._live) and turn.window.cursor == turn.after

    def nothing_left(self, turn: Turn) -> None:
        """The spool holds nothing for this turn: it was confirmed or given up meanwhile."""
        if turn.before is not None:
            self._all_taken = True
            self._join()
        else:
            turn.window.cursor = max(turn.window.cursor, turn.newest)

    def sent(self, turn: Turn, pack: Pack, mid: int, now_s: float) -> None:
        turn.window.sent(pack, mid, now_s)

    def answered(self, mid: int) -> None:
        self._main.answered(mid)
        self._live.answered(mid)

    def receipt(self, receipt: Receipt, now_s: float) -> None:
        self._main.receipt(receipt, now_s)
        self._live.receipt(receipt, now_s)
        self._join()

    def carries(self, mid: int) -> bool:
        return self._main.carries(mid) or self._live.carries(mid)

    def overdue(self, now_s: float) -> bool:
        return self._main.overdue(now_s) or self._live.overdue(now_s)

    def _join(self) -> None:
        """The backlog is delivered: the live stream goes on as the only one."""
        if self._split_at is not None and self._all_taken and self._main.under_way == 0:
            self._live.widen()
            self._main, self._live = self._live, SendWindow(LIVE_FLIGHTS)
            self._split_at, self._all_taken = None, False
