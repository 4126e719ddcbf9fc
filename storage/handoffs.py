"""Attempts to hand orders over, as rows. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from contract.clock import true_now
from storage.audit import Actor
from storage.ids import new_id
from storage.sql import statement


class NewHandoff(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt as it is told."""

    premises_id: UUID
    order_id: UUID
    trip_id: UUID | None
    outcome: str  # delivered, partial, failed
    at: datetime
    reason_code: str | None
    note: str | None
    proofs: dict[str, Any]
    profile: str | None
    profile_version: int | None
    age_threshold: int | None
    offline: bool
    conflict: str | None
    actor: Actor


class HandoffRow(msgspec.Struct, frozen=True):
    """An attempt on record."""

    id: UUID
    trip_no: str | None
    attempt_no: int
    outcome: str
    at: datetime
    reason_code: str | None
    note: str | None
    proofs: dict[str, Any]
    profile: str | None
    profile_version: int | None
    age_threshold: int | None
    offline: bool
    conflict: str | None
    actor_kind: str
    actor: str
    recorded_at: datetime


def put_handoff(connection: psycopg.Connection, new: NewHandoff) -> None:
    """Keeps the attempt under the order's next number; the caller holds the order's lock."""
    values = {
        **{name: getattr(new, name) for name in new.__struct_fields__ if name not in ("actor", "proofs")},
        "id": new_id(new.at), "proofs": Jsonb(new.proofs), "actor_kind": new.actor.kind, "actor": new.actor.name,
        "recorded_at": true_now(),
    }  # fmt: skip
    connection.execute(statement("put_handoff"), values)


def handoffs_of_order(connection: psycopg.Connection, order_id: UUID) -> Sequence[HandoffRow]:
    rows = connection.execute(statement("handoffs_of_order"), {"order_id": order_id})
    return [HandoffRow(*row) for row in rows]
