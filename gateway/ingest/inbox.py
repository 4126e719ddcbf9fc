"""A message as it came from the broker, or was posted in the database. Decodes nothing."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contract.codec import Claim


class Message(msgspec.Struct, frozen=True, gc=False):
    """One PUBLISH that is not acknowledged yet, or one posted message that is not stored yet.

    `session` counts the connections of this process: an acknowledgement may only go out on the connection that
    brought the message, since a broker that lost its state reuses packet numbers.
    """

    topic: str
    payload: bytes
    claim: Claim | None
    received_at: datetime  # true time
    packet_id: int
    session: int
    posted_id: int | None = None  # of one that did not come by the broker
    came_at: datetime | None = None  # when that was by the clock; None: now
