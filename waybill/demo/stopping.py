"""Turns the first Ctrl-C or SIGTERM into an exception, so that a start can be broken off anywhere. Stops nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Somebody wants the demo to end: a wish, not an error, and no `except Exception` may swallow it."""


@contextmanager
def interrupts() -> Iterator[Callable[[], None]]:
    """Within it the first signal raises Interrupted; after that, or after calling what it gives, signals are ignored:
    everything ends in order and in bounded time, and a second Ctrl-C must not leave half of it running.
    """

    def calm() -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def raise_once(_number: int, _frame: FrameType | None) -> None:
        calm()
        raise Interrupted

    before = [signal.signal(number, raise_once) for number in _SIGNALS]
    try:
        yield calm
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
