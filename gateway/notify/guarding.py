"""Keeps a message that cannot be made from holding up the others. Words nothing itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from contract.faults import printable
from storage.ids import new_id
from storage.messages import NewMessage, put_message

log = logging.getLogger(__name__)


class Unsaid(msgspec.Struct, frozen=True, kw_only=True):
    """What should have been told, for the order's record."""

    kind: str
    once: str
    order_id: UUID | None
    at: datetime
    trip_id: UUID | None = None
    facts: dict[str, Any] = {}


def guarded(connection: psycopg.Connection, make: Callable[[], int], unsaid: Unsaid) -> int:
    """How many messages `make` makes; what cannot be told costs its own message and no other."""
    try:
        with connection.transaction():
            return make()
    except psycopg.OperationalError:
        raise  # the database's trouble: the whole is done again
    except Exception as error:
        if connection.closed:
            raise
        reason = printable(f"{type(error).__name__}: {error}")
        extra = {"action": "message_not_made", "order": str(unsaid.order_id), "once": unsaid.once, "error": reason}
        log.exception("customer not told", extra=extra)
        put_message(connection, _given_up(unsaid, reason))
        return 0


def _given_up(unsaid: Unsaid, reason: str) -> NewMessage:
    """On the order's record stands that its customer should have been told."""
    now = true_now()
    return NewMessage(
        id=new_id(now), audience="customer", kind=unsaid.kind, once=unsaid.once, order_id=unsaid.order_id,
        trip_id=unsaid.trip_id, channel="email", recipient="", language="en", body="", facts=unsaid.facts,
        at=unsaid.at, created_at=now, next_at=None, give_up_at=now, outcome="given_up",
        because=f"it could not be put into words: {reason}", ended_at=now,
    )  # fmt: skip
