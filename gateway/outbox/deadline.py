"""An end to conversations that never end: the socket is shut after so long, however slowly the other side talks."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def shut_after(seconds: float, current: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Within the block the socket that `current` gives is shut when the time is up; whoever reads it gets an end.

    A socket's own timeout counts from byte to byte: a byte every 10 s would hold us for ever.
    """

    def shut() -> None:
        found = current()
        if found is not None:
            with contextlib.suppress(OSError):
                # The plain one: SSLSocket.shutdown would take the session from under whoever reads.
                socket.socket.shutdown(found, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
