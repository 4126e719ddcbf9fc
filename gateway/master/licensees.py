"""Registers, changes and retires licensees, each with its audit event. Opens no premises."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from contract.fix import DEVICE_NAME
from gateway.master.changes import tell, with_changes
from gateway.master.errors import MasterDataConflictError, MasterDataError
from storage import licensees as rows
from storage.audit import Actor
from storage.ids import new_id
from storage.licensees import Licensee
from storage.master import all_premises


def add_licensee(
    connection: psycopg.Connection, name: str, legal_name: str, *, actor: Actor, at: datetime,
    licence_no: str | None = None, licence_type: str | None = None,
) -> Licensee:  # fmt: skip
    if not DEVICE_NAME.fullmatch(name):
        raise MasterDataError(
            f"licensee name {name!r} must be 1 to 32 of a-z, 0-9 and -, not beginning with -", field="body.name"
        )
    licensee = Licensee(new_id(at), name, legal_name, licence_no, licence_type, at)
    try:
        with connection.transaction():
            rows.put_licensee(connection, licensee)
    except psycopg.errors.UniqueViolation:
        raise MasterDataConflictError(f"there is a licensee {name} already", field="body.name") from None
    after = {"name": name, "legal_name": legal_name, "licence_no": licence_no, "licence_type": licence_type}
    tell(connection, "licensee.added", licensee, actor, at, premises_id=None, after=after)
    return licensee


def change_licensee(
    connection: psycopg.Connection, licensee: Licensee, values: dict[str, Any], *, actor: Actor, at: datetime
) -> Licensee:
    """Legal name, number or type; the same ones again change nothing."""
    if licensee.retired_at is not None:
        raise MasterDataConflictError(f"licensee {licensee.name} is retired")
    changed, before, after = with_changes(licensee, values)
    if after:
        rows.change_licensee(connection, changed)
        tell(connection, "licensee.changed", licensee, actor, at, premises_id=None, before=before, after=after)
    return changed


def retire_licensee(connection: psycopg.Connection, licensee: Licensee, *, actor: Actor, at: datetime) -> None:
    """Nobody works under this licence any more; what was done under it stays on record."""
    if licensee.retired_at is not None:
        raise MasterDataConflictError(f"licensee {licensee.name} is retired already")
    working = [one.code for one in all_premises(connection) if one.licensee_id == licensee.id and not one.retired_at]
    if working:
        raise MasterDataConflictError(f"{', '.join(working)} work under {licensee.name}: name them another one first")
    changed, before, after = with_changes(licensee, {"retired_at": at})
    rows.change_licensee(connection, changed)
    tell(connection, "licensee.retired", licensee, actor, at, premises_id=None, before=before, after=after)
