"""New ids: UUIDv7 (RFC 9562, section 5.7), so that rows of one time lie together. Reads no clock of its own."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID


def new_id(at: datetime) -> UUID:
    """A UUIDv7 for something that comes into being at `at`: 48 bits of milliseconds, 74 random bits."""
    value = int(at.timestamp() * 1000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76  # version 7
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)  # variant 10
