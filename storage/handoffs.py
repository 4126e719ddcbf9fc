"""Attempts to hand orders over, as rows. Judges nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from contract.clock import true_now
from storage.audit import Actor
from storage.ids import new_id
from storage.sql import statement
from storage.witness import queue_witness


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
    told_id: UUID | None = None  # that the phone made: what it tells twice is kept once
    phone_at: datetime | None = None  # by the phone's own clock
    contact_at: datetime | None = None  # when the phone had heard of us last
    identified_by: str | None = None  # scan or typed: the order's code
    disposition: str | None = None
    paid_minor: int | None = None
    paid_by: str | None = None


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
    told_id: UUID | None
    phone_at: datetime | None
    contact_at: datetime | None
    identified_by: str | None
    disposition: str | None
    paid_minor: int | None
    paid_by: str | None


class ToldHandoff(msgspec.Struct, frozen=True):
    """An attempt that a phone told."""

    order_id: UUID
    order_no: str
    attempt_no: int
    outcome: str
    at: datetime
    conflict: str | None


class HandoffFile(msgspec.Struct, frozen=True):
    """What an attempt was proved with; kind is document, strokes, signature or photo."""

    kind: str
    media_type: str
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def put_handoff(connection: psycopg.Connection, new: NewHandoff) -> UUID:
    """Keeps the attempt under the order's next number, and gives its id; the caller holds the order's lock."""
    handoff_id = new_id(new.at)
    values = {
        **{name: getattr(new, name) for name in new.__struct_fields__ if name not in ("actor", "proofs")},
        "id": handoff_id, "proofs": Jsonb(new.proofs), "actor_kind": new.actor.kind, "actor": new.actor.name,
        "recorded_at": true_now(),
    }  # fmt: skip
    connection.execute(statement("put_handoff"), values)
    queue_witness(connection, handoff_id, new.premises_id)
    return handoff_id


def handoffs_of_order(connection: psycopg.Connection, order_id: UUID) -> Sequence[HandoffRow]:
    rows = connection.execute(statement("handoffs_of_order"), {"order_id": order_id})
    return [HandoffRow(*row) for row in rows]


def handoff_of_told_id(connection: psycopg.Connection, told_id: UUID) -> ToldHandoff | None:
    row = connection.execute(statement("handoff_of_told_id"), {"told_id": told_id}).fetchone()
    return None if row is None else ToldHandoff(*row)


def put_handoff_files(
    connection: psycopg.Connection, handoff_id: UUID, premises_id: UUID, files: Sequence[HandoffFile]
) -> None:
    rows = [
        {
            "handoff_id": handoff_id, "premises_id": premises_id, "kind": one.kind, "media_type": one.media_type,
            "sha256": one.sha256, "body": one.body, "recorded_at": true_now(),
        }
        for one in files
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(statement("put_handoff_file"), rows)


def handoff_file(
    connection: psycopg.Connection, order_id: UUID, attempt_no: int, kind: str
) -> tuple[HandoffFile, str] | None:
    """The file and the digest that was kept with it."""
    values = {"order_id": order_id, "attempt_no": attempt_no, "kind": kind}
    row = connection.execute(statement("handoff_file"), values).fetchone()
    return None if row is None else (HandoffFile(kind, row[0], bytes(row[2])), str(row[1]))


def receipt_facts(
    connection: psycopg.Connection, order_id: UUID, *, driver_id: UUID | None, trip_id: UUID | None
) -> dict[str, Any]:
    """What the receipt of an order that is there says; its courier is this driver, or else the driver of the trip."""
    values = {"order_id": order_id, "driver_id": driver_id, "trip_id": trip_id}
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("receipt_facts"), values).fetchone()
    assert row is not None, "orders are never deleted"
    return row


def is_order_of_crew(connection: psycopg.Connection, driver_id: UUID, trip_id: UUID, order_id: UUID) -> bool:
    """Whether the order is, or was under way, on this trip with this driver."""
    values = {"driver_id": driver_id, "trip_id": trip_id, "order_id": order_id}
    row = connection.execute(statement("is_order_of_crew"), values).fetchone()
    return row is not None and bool(row[0])
