"""Chooses loopback ports so that two stacks on one machine never choose the same. Opens none for service."""

import socket
import sys
from contextlib import suppress

HOST = "127.0.0.1"
_TRIES = 200


class NoFreePortError(Exception):
    """Every port that was tried is busy."""


class Ports:
    """Ports claimed by this process; they stay ours, started server or not, until `close` or the process ends."""

    def __init__(self) -> None:
        self._claims: dict[int, socket.socket] = {}

    def claim(self, preferred: int, host: str = HOST) -> int:
        """`preferred`, or the next port after it that is free and that no other stack has claimed; 0 takes any."""
        if preferred == 0:
            preferred = _any_free(host)
        for port in range(preferred, min(preferred + _TRIES, 65536)):
            if port not in self._claims and self._take(port, host):
                return port
        last = preferred + _TRIES - 1
        raise NoFreePortError(
            f"no free port from {preferred} to {last} on {host}; end what listens there, or set another"
        )

    def close(self) -> None:
        for claim in self._claims.values():
            claim.close()
        self._claims.clear()

    def __enter__(self) -> "Ports":
        return self

    def __exit__(self, *_why: object) -> None:
        self.close()

    def _take(self, port: int, host: str) -> bool:
        # Between choosing a port and a server's bind another stack may choose it too. A name in Linux' abstract socket
        # space says "claimed" to other stacks of any user, leaves no file, and goes with the process, killed or not.
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if sys.platform == "linux":
                claim.bind(f"\0waybill-port-{port}")
            if is_free(port, host):
                self._claims[port] = claim
                return True
        except OSError:
            pass
        claim.close()
        return False


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: lines of a server that has just ended (TIME_WAIT) do not make its port busy.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((host, port))
            probe.listen(1)
            return True
    return False


def _any_free(host: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
