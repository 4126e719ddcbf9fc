"""What master data has in common: which values really change, and the audit event that tells it. Stores no row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import psycopg

from gateway.master.errors import MasterDataConflictError, UnknownMasterDataError
from storage.audit import Actor, AuditEvent, record

_Row = TypeVar("_Row", bound=msgspec.Struct)


def with_changes(row: _Row, values: Mapping[str, Any]) -> tuple[_Row, dict[str, Any], dict[str, Any]]:
    """The row with these values, and what really changes: before and after."""
    after = {name: value for name, value in values.items() if getattr(row, name) != value}
    before = {name: getattr(row, name) for name in after}
    return msgspec.structs.replace(row, **after), before, after


def tell(
    connection: psycopg.Connection, action: str, row: Any, actor: Actor, at: datetime, *,
    premises_id: UUID | None, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Records the deed `action` (object.verb) on `row`."""
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind=action.partition(".")[0], object_id=str(row.id),
        premises_id=premises_id, before=before, after=after,
    )  # fmt: skip
    record(connection, [event])


def only(found: list[_Row], what: str, where: str) -> _Row:
    """The one that was found; raises when there is none, or several premises have one. `where` says how to name one."""
    if not found:
        raise UnknownMasterDataError(f"there is no {what}")
    if len(found) > 1:
        raise MasterDataConflictError(f"several premises have a {what}: {where}")
    return found[0]
