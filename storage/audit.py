"""Writes audit events in the caller's transaction, and says whether one is there. Shows none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from contract.clock import true_now
from storage.ids import new_id
from storage.sql import statement


class Actor(msgspec.Struct, frozen=True):
    """Who did it: kind is account, driver, device, system or order_system; name is the person's or part's own."""

    kind: str
    name: str


SYSTEM = Actor("system", "gateway")


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One deed, to be recorded in the transaction of what it tells."""

    at: datetime
    actor: Actor
    action: str  # object.verb, for example trip.departed
    object_kind: str
    object_id: str
    premises_id: UUID | str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str | None = None


def record(connection: psycopg.Connection, events: list[AuditEvent]) -> None:
    """Inserts the events; the caller commits them with what they tell."""
    if not events:
        return
    with connection.cursor() as cursor:
        cursor.executemany(statement("put_audit_event"), [_row(event) for event in events])


def recorded_since(
    connection: psycopg.Connection, action: str, object_kind: str, object_id: str, since: datetime
) -> bool:
    """Whether such a deed is on record since a time, by the installation's clock."""
    values = {"action": action, "object_kind": object_kind, "object_id": object_id, "since": since}
    return connection.execute(statement("audit_event_since"), values).fetchone() is not None


def _row(event: AuditEvent) -> dict[str, Any]:
    return {
        "id": new_id(event.at),
        "premises_id": event.premises_id,
        "at": event.at,
        "recorded_at": true_now(),
        "actor_kind": event.actor.kind,
        "actor": event.actor.name,
        "action": event.action,
        "object_kind": event.object_kind,
        "object_id": event.object_id,
        "before": None if event.before is None else Jsonb(event.before, dumps=msgspec.json.encode),
        "after": None if event.after is None else Jsonb(event.after, dumps=msgspec.json.encode),
        "reason": event.reason,
    }
