"""A signature's strokes as a picture. Pure: what is drawn is all that gets in, no picture of anything else can."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import dist

WIDTH, HEIGHT = 600, 200
MOST_STROKES, MOST_POINTS = 300, 6_000
# Shorter than that is a slip of the finger: initials of 1 cm on a screen of 360 points are 60 units long.
LEAST_LENGTH = 60.0
_PEN = 1  # pixels to each side of the line

Stroke = Sequence[tuple[int, int]]


def length(strokes: Sequence[Stroke]) -> float:
    """How far the pen went while it was down."""
    return sum(dist(one, other) for stroke in strokes for one, other in pairwise(stroke))


def picture(strokes: Sequence[Stroke]) -> bytes:
    """The strokes in black on white as PNG (1 bit a pixel); the same strokes make the same bytes."""
    rows = [bytearray(b"\xff" * (WIDTH // 8)) for _ in range(HEIGHT)]
    for x, y in _points(strokes):
        for row in range(max(0, y - _PEN), min(HEIGHT, y + _PEN + 1)):
            for column in range(max(0, x - _PEN), min(WIDTH, x + _PEN + 1)):
                rows[row][column >> 3] &= ~(0x80 >> (column & 7)) & 0xFF
    data = zlib.compress(b"".join(b"\x00" + bytes(row) for row in rows), 9)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _points(strokes: Sequence[Stroke]) -> Iterator[tuple[int, int]]:
    """Every pixel that the middle of the pen goes over."""
    for stroke in strokes:
        yield from stroke[:1]
        for (x, y), (to_x, to_y) in pairwise(stroke):
            steps = max(abs(to_x - x), abs(to_y - y))
            for step in range(1, steps + 1):
                yield x + round((to_x - x) * step / steps), y + round((to_y - y) * step / steps)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
