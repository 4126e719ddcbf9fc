"""What every source is: bytes of one receiver, with a name. Reads no NMEA."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

from firmware_bridge.nmea.position import Position

log = logging.getLogger(__name__)


class SourceError(ValueError):
    """The source cannot be used; the message names it and what to do."""


class Source(ABC):
    """Yields the receiver's bytes as they come; b"" says that the receiver pauses, so an open epoch is complete.

    A source that can come back (a port that is plugged in again) does so itself; one that ends is exhausted.
    """

    name: str  # what the status message announces, without secrets
    replayed: bool = False  # played from a capture: its fixes say so

    @property
    def catching_up(self) -> bool:
        """Whether it gives the past faster than it happened, on purpose: all of it then goes strictly in order."""
        return False

    @property
    def told(self) -> str | None:
        """What it said last of its state: that it works, or what is wrong with the remedy."""
        return None

    @abstractmethod
    def chunks(self) -> AsyncIterator[bytes]: ...

    def retime(self, position: Position) -> Position:
        """The position at the time it is to be reported with; only a replay moves it."""
        return position


class Teller:
    """Logs what a source goes through once per state, not once per try."""

    def __init__(self) -> None:
        self.told: str | None = None

    def tell(self, trouble: str) -> None:
        """What is wrong, with the remedy."""
        self._log(logging.WARNING, trouble)

    def well(self, text: str) -> None:
        """That it works, or works again."""
        self._log(logging.INFO, text)

    def _log(self, level: int, text: str) -> None:
        if text != self.told:
            self.told = text
            log.log(level, "%s", text, extra={"action": "source"})
