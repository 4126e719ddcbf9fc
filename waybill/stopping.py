"""SIGTERM and SIGINT as a wish to stop, once; a second one ends at once. Stops nothing itself."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def interrupt_on_sigterm() -> None:
    """While things are being started SIGTERM does what Ctrl-C does: what was started is stopped on the way out."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def stop_event() -> threading.Event:
    """An event that a signal sets; call it in the main thread. The second signal has its usual effect."""
    stop = threading.Event()

    def wish(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)
        stop.set()

    for number in _SIGNALS:
        signal.signal(number, wish)
    return stop


def stop_event_of_loop() -> asyncio.Event:
    """The same for the running event loop."""
    import asyncio

    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def wish(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, wish, number)
    return stop
