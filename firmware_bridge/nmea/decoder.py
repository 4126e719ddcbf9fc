"""NMEA bytes -> positions: framing, fields, epochs in one place. Opens nothing and reads no clock."""

from __future__ import annotations

from collections import Counter
from datetime import date

from firmware_bridge.nmea.counts import Counts, Dropped
from firmware_bridge.nmea.epoch import EpochMerger
from firmware_bridge.nmea.fields import BadDateError, BadFieldError
from firmware_bridge.nmea.framing import Framer
from firmware_bridge.nmea.position import Position
from firmware_bridge.nmea.receiver import ReceiverState, antenna_of
from firmware_bridge.nmea.sentences import Report, read


class Decoder:
    """One receiver's stream. `counts` tells what was left out and why; nothing in the bytes can raise.

    `not_before` refuses days before it (a GPS week roll-over puts a receiver 1024 weeks back); None accepts all.
    `first_on` is the day of the first epoch, for captures that never tell one; the receiver's own date wins.
    """

    def __init__(self, not_before: date | None = None, *, first_on: date | None = None) -> None:
        self.counts: Counts = Counter()
        self.antenna: str | None = None  # ok, short or open, as the receiver said last
        self._framer = Framer(self.counts)
        self._merger = EpochMerger(self.counts, not_before, first_on=first_on)

    @property
    def receiver(self) -> ReceiverState | None:
        """As of the newest complete epoch; None before the first one."""
        return self._merger.receiver

    def feed(self, data: bytes) -> list[Position]:
        """Positions of the epochs that these bytes end; the newest epoch stays open until the next one begins."""
        return self._positions(self._framer.feed(data))

    def pause(self) -> list[Position]:
        """The receiver is silent between two epochs: the open one is complete and need not wait for the next."""
        position = self._merger.close()
        return [] if position is None else [position]

    def flush(self) -> list[Position]:
        """The stream has ended: what is still open counts as it is."""
        return self._positions(self._framer.flush()) + self.pause()

    def _positions(self, sentences: list[str]) -> list[Position]:
        positions = []
        for sentence in sentences:
            report = self._report(sentence)
            if report is not None and (position := self._merger.add(report)) is not None:
                positions.append(position)
        return positions

    def _report(self, sentence: str) -> Report | None:
        try:
            report = read(sentence)
        except BadDateError:
            self.counts[Dropped.BAD_DATE] += 1
        except BadFieldError:
            self.counts[Dropped.BAD_FIELD] += 1
        except ValueError:  # pynmea2's ParseError
            self.counts[Dropped.UNPARSED] += 1
        else:
            if report is None:
                self.counts[Dropped.OTHER_TYPE] += 1
                self.antenna = antenna_of(sentence) or self.antenna
            return report
        return None
