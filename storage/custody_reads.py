"""Handoffs with their second witness, and exceptions, in pages as the reader. Judges nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.reads import reading
from storage.sql import statement, words_in_order


class HandoffFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts; None and empty let everything through. `verdict` waiting: not judged yet."""

    text: str = ""
    order_no: str | None = None
    outcome: str | None = None
    verdict: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


class WitnessedRow(msgspec.Struct, frozen=True):
    """An attempt to hand over; the witness's fields are None until it was judged."""

    id: UUID
    premises_id: UUID
    order_no: str
    trip_no: str | None
    vehicle_name: str | None
    attempt_no: int
    outcome: str
    at: datetime
    reason_code: str | None
    offline: bool
    conflict: str | None
    actor_kind: str
    actor: str
    recorded_at: datetime
    verdict: str | None
    why: str | None
    nearest_m: float | None
    off_s: float | None
    no_data: str | None
    version: int | None


class Verdicts(msgspec.Struct, frozen=True):
    """How many attempts there are in all, and with each verdict."""

    all: int
    corroborated: int
    contradicted: int
    no_data: int
    waiting: int


class ExceptionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which exceptions: those without an explanation, unless everything is wanted."""

    text: str = ""
    kind: str | None = None
    everything: bool = False


class OpenRow(msgspec.Struct, frozen=True):
    """An exception; `explanation` None: somebody owes it."""

    id: UUID
    premises_id: UUID
    kind: str
    trip_no: str | None
    vehicle_name: str
    crew: str | None
    zone_name: str | None
    from_at: datetime
    to_at: datetime | None
    rule: str
    opened_at: datetime
    closed_at: datetime | None
    explanation: str | None
    explained_by: str | None


def handoffs(
    connection: psycopg.Connection, premises: Sequence[UUID], wanted: HandoffFilter, *, limit: int, offset: int = 0
) -> tuple[list[WitnessedRow], Verdicts]:
    """One page of attempts, the newest first, and how many match in all."""
    values = {**_values(wanted), "limit": limit, "offset": offset}
    with reading(connection, premises):
        counted = connection.execute(statement("handoffs_in_all"), values).fetchone()
        rows = [WitnessedRow(*row) for row in connection.execute(statement("page_of_handoffs"), values)]
    assert counted is not None, "an aggregate has a row"
    return rows, Verdicts(*counted)


def exceptions(
    connection: psycopg.Connection, premises: Sequence[UUID], wanted: ExceptionFilter, *, limit: int, offset: int = 0
) -> tuple[list[OpenRow], int]:
    """One page of exceptions, those longest without an explanation first, and how many match in all."""
    values = {**_values(wanted), "limit": limit, "offset": offset}
    with reading(connection, premises):
        counted = connection.execute(statement("exceptions_in_all"), values).fetchone()
        rows = [OpenRow(*row) for row in connection.execute(statement("page_of_exceptions"), values)]
    assert counted is not None, "an aggregate has a row"
    return rows, counted[0]


def _values(wanted: HandoffFilter | ExceptionFilter) -> dict[str, object]:
    values = msgspec.structs.asdict(wanted)
    return {**values, "pattern": words_in_order(values.pop("text"))}
