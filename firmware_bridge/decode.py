"""A file of NMEA bytes -> one JSON line per fix, and what was left out and why. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import BufferedReader

import msgspec

from contract.times import format_instant
from firmware_bridge.capture import read_header
from firmware_bridge.nmea.counts import MEANINGS, Dropped
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position

_BLOCK = 65_536
_encoder = msgspec.json.Encoder()


class LeftOut(msgspec.Struct, frozen=True):
    """One row of the closing table."""

    reason: str
    count: int
    meaning: str


class DecodeRun:
    """One file read to its end: iterate over `lines`, then ask what was left out."""

    def __init__(self, capture: BufferedReader, first_on: date | None = None) -> None:
        self.fixes = 0
        self._capture = capture
        self._decoder = Decoder(first_on=first_on)

    def lines(self) -> Iterator[bytes]:
        """One JSON object a fix, with its line end."""
        read_header(self._capture)
        # read1: what a pipe holds now, so that `| waybill decode -` shows a living receiver's fixes as they come.
        while block := self._capture.read1(_BLOCK):
            yield from self._encoded(self._decoder.feed(block))
        yield from self._encoded(self._decoder.flush())

    def _encoded(self, positions: list[Position]) -> Iterator[bytes]:
        for position in positions:
            self.fixes += 1
            yield _encoder.encode(line_of(position)) + b"\n"

    def left_out(self) -> list[LeftOut]:
        counts = self._decoder.counts
        return [LeftOut(reason.value, counts[reason], MEANINGS[reason]) for reason in Dropped if counts[reason]]

    def summary(self) -> str:
        """The table as text, for standard error."""
        rows = self.left_out()
        head = f"{self.fixes} fixes; " + ("nothing was left out" if not rows else "left out:")
        return "\n".join([head, *(f"  {row.reason:<13}{row.count:>9}  {row.meaning}" for row in rows)])


def line_of(position: Position) -> dict[str, object]:
    """What a person or a script reads: degrees as numbers, null for what the receiver did not say."""
    return {
        "fixed_at": format_instant(position.fixed_at),
        "lat": position.lat_e7 / 1e7,
        "lon": position.lon_e7 / 1e7,
        "altitude_m": position.altitude_m,
        "speed_mps": position.speed_mps,
        "course_deg": position.course_deg,
        "hdop": position.hdop,
        "satellites": position.satellites,
        "quality": None if position.quality is None else position.quality.value,
    }
