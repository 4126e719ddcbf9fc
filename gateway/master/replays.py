"""Puts rejects on the way of a fix again, each once, with audit events. Reads none of them: the gateway does."""

from __future__ import annotations

from datetime import datetime

import psycopg

from contract.codec import PLAIN_SPOOL
from contract.foreign import PROTOCOLS
from storage.audit import Actor, AuditEvent, record
from storage.posted import put_posted
from storage.rejects import RejectRow, mark_replayed, rejects_in_full

# Numbers in these are hashes of the content: the decoder makes the same ones again.
_HASHED = frozenset({PLAIN_SPOOL, *PROTOCOLS})


def replay(connection: psycopg.Connection, ids: list[int], *, actor: Actor, at: datetime) -> list[RejectRow]:
    """Those of the rejects that were not put in again before; they are from the caller's commit on.

    The gateway judges each by the time at which it came first, so that waiting makes no bad time a good one.
    """
    again = rejects_in_full(connection, mark_replayed(connection, ids, at))
    for reject in again:
        numbered = reject.spool is not None and reject.spool not in _HASHED
        put_posted(
            connection, reject.topic, reject.raw, reject.received_at,
            spool=reject.spool if numbered else None, seq=reject.seq if numbered else None,
        )  # fmt: skip
    record(connection, [_event(reject, actor, at) for reject in again])
    return again


def _event(reject: RejectRow, actor: Actor, at: datetime) -> AuditEvent:
    after = {"device": reject.device, "reason": reject.reason, "received_at": reject.received_at}
    return AuditEvent(
        at=at, actor=actor, action="reject.replayed", object_kind="reject", object_id=str(reject.id), after=after
    )
