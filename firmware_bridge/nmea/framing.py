"""Cuts a stream of bytes into checked NMEA sentences, however the bytes arrive. Reads no field."""

from __future__ import annotations

import functools
import operator
import re

from firmware_bridge.nmea.counts import Counts, Dropped

# NMEA 0183 says 82; receivers in the field send up to 300 (PSTI, GNGNS with five systems, high-precision GGA).
MAX_SENTENCE_BYTES = 1024
_SHAPE = re.compile(rb"[$!]([ -#%-)+-~]*)\*([0-9A-Fa-f]{2})\s*")


class Framer:
    """Bytes in, sentences out: the text between `$` and `*`, only when the checksum after it is right.

    Every line counts with its last `$` or `!`: what stands before it (TAG block, binary, half a sentence) is noise.
    At most MAX_SENTENCE_BYTES stay in memory, and the result does not depend on where the stream is cut.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._tail = b""

    def feed(self, data: bytes) -> list[str]:
        *lines, tail = (self._tail + data).replace(b"\r", b"\n").split(b"\n")
        sentences = []
        for line in lines:
            if line and (sentence := self._sentence(line)) is not None:
                sentences.append(sentence)
        self._tail = self._bounded(tail)
        return sentences

    def flush(self) -> list[str]:
        """The end of the stream is as good as a line end."""
        return self.feed(b"\n")

    def _bounded(self, tail: bytes) -> bytes:
        if len(tail) <= MAX_SENTENCE_BYTES:
            return tail
        return self._last_start(tail)

    def _last_start(self, line: bytes) -> bytes:
        """From the last start on; empty when there is none or no end came within the bound."""
        start = max(line.rfind(b"$"), line.rfind(b"!"))
        if start < 0:
            self._counts[Dropped.NOISE_BYTES] += len(line)
            return b""
        self._counts[Dropped.NOISE_BYTES] += start
        if len(line) - start > MAX_SENTENCE_BYTES:
            self._counts[Dropped.OVER_LONG] += 1
            return b""
        return line[start:]

    def _sentence(self, line: bytes) -> str | None:
        line = self._last_start(line)
        if not line:
            return None
        found = _SHAPE.fullmatch(line)
        if found is None:
            self._counts[Dropped.NO_CHECKSUM if b"*" not in line and line.isascii() else Dropped.GARBLED] += 1
            return None
        body = found[1]
        if functools.reduce(operator.xor, body, 0) != int(found[2], 16):
            self._counts[Dropped.BAD_CHECKSUM] += 1
            return None
        if line.startswith(b"!"):
            self._counts[Dropped.AIS] += 1
            return None
        return body.decode("ascii")
