"""How many requests an address may make in a time, for pages that strangers may open. Knows no page."""

from __future__ import annotations

import math
from collections import OrderedDict
from threading import Lock

# Addresses that are remembered; the one that was quiet longest is forgotten first. 100 bytes each.
_MOST_KEYS = 50_000


class Pace:
    """At most `most` in each `window_s`, by key; for one process. No key can use up another one's share."""

    def __init__(self, most: int, window_s: float) -> None:
        self._most = most
        self._window_s = window_s
        self._used: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: str, now_s: float) -> int:
        """Counts one and gives 0; or the seconds to wait, and counts nothing."""
        with self._lock:
            began_s, used = self._used.pop(key, (now_s, 0))
            if now_s - began_s >= self._window_s:
                began_s, used = now_s, 0
            full = used >= self._most
            self._used[key] = (began_s, used if full else used + 1)
            if len(self._used) > _MOST_KEYS:
                self._used.popitem(last=False)
            return math.ceil(began_s + self._window_s - now_s) if full else 0

    def is_full(self, key: str, now_s: float) -> bool:
        """Whether the next `take` would be refused."""
        with self._lock:
            began_s, used = self._used.get(key, (now_s, 0))
            return used >= self._most and now_s - began_s < self._window_s
