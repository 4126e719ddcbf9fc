"""Plays a capture as if its receiver were on the wire now. Never alters its bytes: only our time stamp moves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

import msgspec

from contract.clock import Clock
from contract.times import truncate_to_ms
from firmware_bridge.capture import read_header
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.fields import DAY_MS, BadFieldError, time_ms
from firmware_bridge.nmea.position import Position
from firmware_bridge.sources.source import Source, SourceError

_BLOCK = 65_536
_TIMED = re.compile(rb"\$[A-Z]{2}(?:RMC|GGA|GNS|ZDA),([0-9.]*),|\$[A-Z]{2}GLL,[^,]*,[^,]*,[^,]*,[^,]*,([0-9.]*),")
# A longer gap in a capture is a pause of the person who recorded it; nobody wants to wait through it.
LONGEST_GAP_S = 3600.0


class Shift(Enum):
    """now: as if the receiver were driving now; none: with the capture's own times."""

    NOW = "now"
    NONE = "none"


class ReplaySource(Source):
    """Plays a file of NMEA bytes, paced by the receiver's own epochs, `rate` times as fast; None = as fast as possible.

    shift=now moves every time by one constant, after decoding: at rate 1 the first fix is now. Played faster, a capture
    would run into the future, where the gateway refuses it; so it ends when the playing ends: the first fix then lies
    (1 - 1/rate) of the capture's length before now.
    """

    replayed = True

    def __init__(self, path: Path, clock: Clock, *, rate: float | None = 1.0, shift: Shift = Shift.NOW) -> None:
        if not path.is_file():
            raise SourceError(f"no such file as {path}; give the path of a capture of NMEA bytes")
        self.name = f"replay:{path.name}"
        self._path = path
        self._clock = clock
        self._rate = rate
        self._shift = shift
        self._moved_by = timedelta(0)

    @property
    def catching_up(self) -> bool:
        return self._rate != 1.0

    async def chunks(self) -> AsyncIterator[bytes]:
        await self._find_shift()
        started = self._clock.now()
        elapsed_s = 0.0
        with self._path.open("rb") as capture:
            read_header(capture)
            for burst, step_s in _bursts(capture.read(_BLOCK) for _ in iter(int, 1)):
                elapsed_s += step_s
                if self._rate is not None and step_s > 0:
                    yield b""
                    await self._until(started + timedelta(seconds=elapsed_s / self._rate))
                yield burst
                await asyncio.sleep(0)

    async def _until(self, shown: datetime) -> None:
        await asyncio.sleep(max(0.0, self._clock.seconds_until(shown)))

    async def _find_shift(self) -> None:
        if self._shift is Shift.NONE:
            return
        first_at, last_at = await asyncio.to_thread(_span, self._path)
        played_s = 0.0 if self._rate is None else (last_at - first_at).total_seconds() / self._rate
        self._moved_by = truncate_to_ms(self._clock.now() + timedelta(seconds=played_s)) - last_at

    def retime(self, position: Position) -> Position:
        return msgspec.structs.replace(position, fixed_at=truncate_to_ms(position.fixed_at + self._moved_by))


def _bursts(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, float]]:
    """The lines of each epoch, and how many seconds after the epoch before they came."""
    burst: list[bytes] = []
    before_ms: int | None = None
    step_s = 0.0
    for line in _lines(blocks):
        now_ms = _line_ms(line)
        if now_ms is not None and now_ms != before_ms:
            if burst:
                yield b"".join(burst), step_s
                burst = []
            step_s = 0.0 if before_ms is None else _step_s(before_ms, now_ms)
            before_ms = now_ms
        burst.append(line)
    if burst:
        yield b"".join(burst), step_s


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines with their ends; binary without a line end comes in blocks."""
    tail = b""
    for block in blocks:
        if not block:
            break
        *lines, tail = (tail + block).splitlines(keepends=True)
        yield from lines
        if len(tail) > _BLOCK:
            yield tail
            tail = b""
    if tail:
        yield tail


def _line_ms(line: bytes) -> int | None:
    found = _TIMED.search(line)
    if found is None:
        return None
    try:
        return time_ms((found[1] or found[2] or b"").decode("ascii"))
    except BadFieldError:
        return None


def _step_s(before_ms: int, now_ms: int) -> float:
    step_s = ((now_ms - before_ms) % DAY_MS) / 1000
    return step_s if step_s <= LONGEST_GAP_S else 1.0  # also a time that goes back


def _span(path: Path) -> tuple[datetime, datetime]:
    """The earliest and the latest fix of a capture."""
    decoder = Decoder()
    first_at = last_at = None
    with path.open("rb") as capture:
        read_header(capture)
        while True:
            block = capture.read(_BLOCK)
            for position in decoder.feed(block) if block else decoder.flush():
                first_at = position.fixed_at if first_at is None else min(first_at, position.fixed_at)
                last_at = position.fixed_at if last_at is None else max(last_at, position.fixed_at)
            if not block:
                break
    if first_at is None or last_at is None:
        raise SourceError(f"{path} holds no fix with a date; `waybill decode {path}` shows why")
    return first_at, last_at
