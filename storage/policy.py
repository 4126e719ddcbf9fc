"""The premises' choices of thresholds as rows, in the caller's transaction. Knows no threshold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.sql import statement


class PolicyRow(msgspec.Struct, frozen=True):
    """From `from_at` on the premises' thresholds differ from the defaults by `overrides`."""

    id: UUID
    premises_id: UUID
    overrides: dict[str, Any]
    from_at: datetime
    author: str
    reason: str
    created_at: datetime


def put_policy(connection: psycopg.Connection, row: PolicyRow) -> None:
    values = msgspec.structs.asdict(row)
    connection.execute(statement("put_policy"), {**values, "overrides": Jsonb(row.overrides)})


def policies(connection: psycopg.Connection, premises_id: UUID | str) -> list[PolicyRow]:
    """Every choice of the premises in order of time."""
    return [PolicyRow(*row) for row in connection.execute(statement("policies"), {"premises_id": premises_id})]


def change_ground(connection: psycopg.Connection, premises_id: UUID) -> None:
    """Says that zones, places or policy of the premises changed: whoever keeps them in memory reads them again."""
    connection.execute(statement("change_ground"), {"premises_id": premises_id})


def ground_versions(connection: psycopg.Connection, premises_ids: Iterable[str]) -> dict[str, int]:
    """The version of zones, places and policy of each premises."""
    return dict(connection.execute(statement("ground_versions"), {"premises_ids": list(premises_ids)}).fetchall())


def thresholds_of_version(connection: psycopg.Connection, premises_id: UUID, version: str) -> dict[str, Any] | None:
    """Every threshold of a version that something was derived under; None when nothing was."""
    values = {"premises_id": premises_id, "version": version}
    row = connection.execute(statement("thresholds_of_version"), values).fetchone()
    return None if row is None else dict(row[0])
