"""New ids: UUIDv7 (RFC 9562, section 5.7), so that rows of one time lie together. Reads no clock of its own."""

from __future__ import annotations

import secrets
from datetime import datetime
from itertools import count
from uuid import UUID

_COUNTER_BITS, _RANDOM_BITS = 42, 32
# Begins anywhere in the lower half: nobody lives to see it run over (RFC 9562, 6.2, method 1).
_next = count(secrets.randbits(_COUNTER_BITS - 1)).__next__


def new_id(at: datetime) -> UUID:
    """A UUIDv7 for something that comes into being at `at`: 48 bits of milliseconds, 42 of a counter, 32 random ones.

    Of two ids for one millisecond the one that this process made later is the greater one.
    """
    counted = _next() & (1 << _COUNTER_BITS) - 1
    high, low = counted >> 30, counted & (1 << 30) - 1
    tail = low << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    # Version 7 in front of the 12 upper bits of the counter, variant 10 in front of the rest.
    return UUID(int=int(at.timestamp() * 1000) << 80 | 0x7 << 76 | high << 64 | 0x2 << 62 | tail)
