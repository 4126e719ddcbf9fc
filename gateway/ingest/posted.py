"""Posted messages, reports by HTTP and rejects put in again, as messages for the pipeline. Stores none."""

from __future__ import annotations

from contract.clock import Clock
from contract.codec import Claim
from gateway.ingest.inbox import Message
from storage.posted import Posted

_NO_SESSION = -1  # no broker waits for its acknowledgement


def as_message(posted: Posted, clock: Clock) -> Message:
    """Judged by the time at which it came: a reject from the future does not become a fix by waiting."""
    return Message(
        topic=posted.topic,
        payload=posted.payload,
        claim=_claim(posted),
        received_at=posted.received_at,
        packet_id=0,
        session=_NO_SESSION,
        posted_id=posted.id,
        came_at=clock.at(posted.received_at),
    )


def _claim(posted: Posted) -> Claim | None:
    if posted.spool is None or posted.seq is None:
        return None
    return Claim(posted.spool, posted.seq, posted.seq)
