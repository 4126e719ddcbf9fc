"""Counts wrong tries of codes by address and in all, and says when enough is enough. Knows no code."""

from __future__ import annotations

from collections import deque
from ipaddress import IPv6Address, ip_address
from threading import Lock

from fastapi import Request

WINDOW_S = 15 * 60.0
PER_ADDRESS = 10
# Of 6.6e11 codes: with one open code, a guess succeeds once in 18 million years of trying. So many that a stranger with
# ten addresses cannot shut out those who have a code.
IN_ALL = 1000


class Tries:
    """The tries of the last 15 minutes; for one process, and forgotten when it ends."""

    def __init__(self, *, per_address: int = PER_ADDRESS, in_all: int = IN_ALL) -> None:
        self._per_address = per_address
        self._in_all = in_all
        self._tries: deque[tuple[float, str]] = deque()
        self._lock = Lock()

    def take(self, address: str, now_s: float) -> float:
        """Counts a try, right or wrong, before it is made, and gives 0; or seconds to wait, and counts nothing."""
        with self._lock:
            while self._tries and self._tries[0][0] <= now_s - WINDOW_S:
                self._tries.popleft()
            own = [at_s for at_s, by in self._tries if by == address]
            if len(own) >= self._per_address:
                return own[0] + WINDOW_S - now_s
            if len(self._tries) >= self._in_all:
                return self._tries[0][0] + WINDOW_S - now_s
            self._tries.append((now_s, address))
            return 0.0

    def give_back(self, address: str) -> None:
        """The newest try of this address was not a wrong one."""
        with self._lock:
            for index in range(len(self._tries) - 1, -1, -1):
                if self._tries[index][1] == address:
                    del self._tries[index]
                    return


def sender(request: Request) -> str:
    """The address that a request comes from; behind a front server the one that it saw."""
    peer = "" if request.client is None else request.client.host
    # A front server stands on the same machine or network. Somebody there who forges the header escapes the limit
    # per address, not the one for all.
    if _is_near(peer) and (forwarded := request.headers.get("x-forwarded-for")):
        return _whole(forwarded.rpartition(",")[2].strip())
    return _whole(peer)


def _is_near(peer: str) -> bool:
    try:
        return ip_address(peer).is_private
    except ValueError:
        return False


def _whole(text: str) -> str:
    """One name for what one household or office has: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ip_address(text)
    except ValueError:
        return "unknown"
    return address.exploded[:19] if isinstance(address, IPv6Address) else str(address)
