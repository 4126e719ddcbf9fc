"""What there is of a vehicle's fixes at all, for whoever asked for a time without any. Reads no fix itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.reads import reading
from storage.sql import statement


class Extent(msgspec.Struct, frozen=True):
    """Fixes of one kind: refused_by None counts; `within` of them lie in the time asked for."""

    refused_by: str | None
    fixes: int
    first_at: datetime
    last_at: datetime
    within: int


def history_extent(
    connection: psycopg.Connection, premises: Sequence[UUID], vehicle: str, *, from_at: datetime, to_at: datetime
) -> list[Extent]:
    """One row for the fixes that count and one for each rule that refused some; empty when there are none."""
    values = {"vehicle": vehicle, "from_at": from_at, "to_at": to_at}
    with reading(connection, premises):
        return [Extent(*row) for row in connection.execute(statement("history_extent"), values)]
