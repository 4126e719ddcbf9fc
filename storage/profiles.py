"""Versions of jurisdiction profiles as rows, and who chose which. Judges nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.audit import Actor
from storage.sql import statement


class ProfileVersion(msgspec.Struct, frozen=True):
    """One version: settings by name, each with its evidence."""

    name: str
    version: int
    settings: dict[str, Any]
    at: datetime
    actor_kind: str
    actor: str
    reason: str


def put_profile_version(
    connection: psycopg.Connection, name: str, version: int, settings: dict[str, Any], *, at: datetime, actor: Actor,
    reason: str,
) -> bool:  # fmt: skip
    """Whether this version is new; one that is there never changes."""
    values = {
        "name": name, "version": version, "settings": Jsonb(settings, dumps=msgspec.json.encode), "at": at,
        "actor_kind": actor.kind, "actor": actor.name, "reason": reason,
    }  # fmt: skip
    return connection.execute(statement("put_profile_version"), values).rowcount == 1


def profile_versions(connection: psycopg.Connection, name: str | None = None) -> list[ProfileVersion]:
    """Every version, of each profile the newest first."""
    return [ProfileVersion(*row) for row in connection.execute(statement("profile_versions"), {"name": name})]


def profile_version(connection: psycopg.Connection, name: str, version: int) -> ProfileVersion | None:
    row = connection.execute(statement("profile_version"), {"name": name, "version": version}).fetchone()
    return None if row is None else ProfileVersion(*row)


def profile_of_premises(connection: psycopg.Connection, premises_id: UUID) -> str | None:
    row = connection.execute(statement("profile_of_premises"), {"premises_id": premises_id}).fetchone()
    return None if row is None else row[0]


def choose_profile(connection: psycopg.Connection, premises_id: UUID, name: str) -> None:
    connection.execute(statement("choose_profile"), {"premises_id": premises_id, "name": name})


def pin_profile(connection: psycopg.Connection, trip_id: UUID, name: str, version: int) -> None:
    connection.execute(statement("pin_profile"), {"trip_id": trip_id, "name": name, "version": version})
