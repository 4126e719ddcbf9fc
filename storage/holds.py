"""Legal holds: what nobody may delete until they are released. Deletes and keeps nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.sql import statement


class HoldScope(msgspec.Struct, frozen=True, kw_only=True):
    """What is held: the fixes and rejects of a premises' vehicles, or of one, from-to; to_at None: from then on."""

    premises_id: UUID
    vehicle_id: UUID | None
    from_at: datetime
    to_at: datetime | None


class Hold(msgspec.Struct, frozen=True):
    """One legal hold; `released_at` None: it holds."""

    id: UUID
    premises: str
    vehicle: str | None
    from_at: datetime | None
    to_at: datetime | None
    reason: str
    placed_by: str
    placed_at: datetime
    released_at: datetime | None
    premises_id: UUID


def add_hold(connection: psycopg.Connection, scope: HoldScope, reason: str, actor: Actor, at: datetime) -> UUID:
    """Places a hold, with its audit event; `at` is true time, as retention's."""
    hold_id = new_id(at)
    values = {
        **msgspec.structs.asdict(scope),
        "id": hold_id,
        "reason": reason,
        "placed_by": actor.name,
        "placed_at": at,
    }
    connection.execute(statement("put_hold"), values)
    after = {"vehicle_id": scope.vehicle_id, "from_at": scope.from_at, "to_at": scope.to_at}
    _record(connection, "hold.placed", hold_id, scope.premises_id, actor, at, reason, after)
    return hold_id


def holds(connection: psycopg.Connection) -> list[Hold]:
    """All holds, newest first."""
    return [Hold(*row) for row in connection.execute(statement("holds"))]


def release_hold(connection: psycopg.Connection, hold_id: UUID, reason: str, actor: Actor, at: datetime) -> bool:
    """Ends a hold, with its audit event; False when there is none of this id that still holds."""
    row = connection.execute(statement("release_hold"), {"id": hold_id, "released_at": at}).fetchone()
    if row is None:
        return False
    _record(connection, "hold.released", hold_id, row[0], actor, at, reason, {"released_at": at})
    return True


def _record(
    connection: psycopg.Connection, action: str, hold_id: UUID, premises_id: UUID, actor: Actor, at: datetime,
    reason: str, after: Mapping[str, object],
) -> None:  # fmt: skip
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="hold", object_id=str(hold_id), premises_id=premises_id,
        reason=reason, after=after,
    )  # fmt: skip
    record(connection, [event])
