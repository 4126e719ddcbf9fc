"""New ids: UUIDv7, so that rows of one time lie together. Reads no clock of its own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import uuid_utils.compat


def new_id(at: datetime) -> UUID:
    """A UUIDv7 for something that comes into being at `at`."""
    seconds, micros = divmod(round(at.timestamp() * 1_000_000), 1_000_000)
    return uuid_utils.compat.uuid7(seconds, micros * 1000)
