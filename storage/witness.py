"""What vehicles' units say of handoffs, as rows; older judgements stay. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from contract.clock import true_now
from storage.derived_rows import Evidence
from storage.ids import new_id
from storage.reads import reading
from storage.sql import statement


class KnownJudgement(msgspec.Struct, frozen=True):
    """As much of the judgement that counts as a new one is compared with."""

    version: int
    verdict: str
    no_data: str | None
    lat_e7: int | None
    lon_e7: int | None
    nearest_m: float | None
    there_from: datetime | None
    there_to: datetime | None
    gap_from: datetime | None
    gap_to: datetime | None
    policy_version: str


class HandoffToJudge(msgspec.Struct, frozen=True):
    """A handoff with the door of its order as it is known now."""

    id: UUID
    premises_id: UUID
    order_id: UUID
    order_no: str
    trip_id: UUID | None
    attempt_no: int
    outcome: str
    reason_code: str | None
    at: datetime
    offline: bool
    by_phone: bool
    lat_e7: int | None
    lon_e7: int | None
    place_quality: str | None
    known: KnownJudgement | None


class WitnessedTrip(msgspec.Struct, frozen=True):
    """Which vehicle made the trip and when, and the version that counts (None: nothing was found yet)."""

    premises_id: UUID
    vehicle_id: UUID
    trip_no: str
    planned_departure_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None
    derivation_id: UUID | None
    derivation_version: int | None


class Witness(msgspec.Struct, frozen=True):
    """A judgement with all that it was made of."""

    version: int
    cause: str
    verdict: str
    why: str
    at: datetime
    clock: str
    within_s: float
    lat_e7: int | None
    lon_e7: int | None
    nearest_m: float | None
    nearest_at: datetime | None
    there_from: datetime | None
    there_to: datetime | None
    off_s: float | None
    no_data: str | None
    gap_from: datetime | None
    gap_to: datetime | None
    evidence: Evidence
    heard_to: datetime | None
    derivation_version: int | None
    policy_version: str
    made_at: datetime


class NewWitness(Witness, frozen=True, kw_only=True):
    """A judgement that is about to be kept."""

    premises_id: UUID
    handoff_id: UUID


class OpenContradiction(msgspec.Struct, frozen=True):
    """The exception that was opened of a handoff."""

    id: UUID
    rule: str
    closed_at: datetime | None


class HandoffHead(msgspec.Struct, frozen=True):
    """A handoff as somebody names it."""

    id: UUID
    premises_id: UUID
    order_no: str
    trip_no: str | None
    attempt_no: int
    outcome: str
    at: datetime
    offline: bool
    phone_at: datetime | None
    contact_at: datetime | None
    actor: str


def queue_witness(connection: psycopg.Connection, handoff_id: UUID, premises_id: UUID) -> None:
    """The handoff is judged as soon as it can be."""
    values = {"handoff_id": handoff_id, "premises_id": premises_id, "due_at": true_now()}
    connection.execute(statement("queue_witness"), values)


def due_witnesses(connection: psycopg.Connection, limit: int) -> list[tuple[UUID, UUID | None]]:
    """(handoff, trip) of handoffs that are due to be judged, those of one trip together."""
    rows = connection.execute(statement("due_witnesses"), {"now": true_now(), "limit": limit})
    return [(handoff_id, trip_id) for handoff_id, trip_id in rows]


def put_off_witness(connection: psycopg.Connection, handoff_id: UUID, due_at: datetime) -> None:
    connection.execute(statement("put_off_witness"), {"handoff_id": handoff_id, "due_at": due_at})


def leave_witness_queue(connection: psycopg.Connection, handoff_id: UUID) -> None:
    connection.execute(statement("leave_witness_queue"), {"handoff_id": handoff_id})


def handoffs_to_judge(
    connection: psycopg.Connection, *, handoff_ids: Sequence[UUID] = (), trip_id: UUID | None = None
) -> list[HandoffToJudge]:
    """These handoffs and all of the trip, in order of time."""
    rows = connection.execute(statement("handoffs_to_judge"), {"handoff_ids": list(handoff_ids), "trip_id": trip_id})
    return [_to_judge(row) for row in rows]


def _to_judge(row: tuple[Any, ...]) -> HandoffToJudge:
    own = len(HandoffToJudge.__struct_fields__) - 1
    known = None if row[own] is None else KnownJudgement(*row[own:])
    return HandoffToJudge(*(*row[:own], known))


def witnessed_trip(connection: psycopg.Connection, trip_id: UUID) -> WitnessedTrip:
    row = connection.execute(statement("witnessed_trip"), {"trip_id": trip_id}).fetchone()
    assert row is not None, "a handoff's trip is never deleted"
    return WitnessedTrip(*row)


def put_witness(connection: psycopg.Connection, new: NewWitness) -> None:
    values = {**msgspec.structs.asdict(new), "id": new_id(new.made_at), "recorded_at": true_now(),
              "evidence": Jsonb(new.evidence)}  # fmt: skip
    connection.execute(statement("put_witness"), values)


def contradiction_of(connection: psycopg.Connection, handoff_id: UUID) -> OpenContradiction | None:
    """The exception of the handoff that was not withdrawn."""
    row = connection.execute(statement("exception_of_handoff"), {"handoff_id": handoff_id}).fetchone()
    return None if row is None else OpenContradiction(*row)


def link_exception(connection: psycopg.Connection, exception_id: UUID, handoff_id: UUID) -> None:
    connection.execute(statement("link_exception"), {"exception_id": exception_id, "handoff_id": handoff_id})


def witnesses_of_order(connection: psycopg.Connection, order_id: UUID) -> dict[int, list[dict[str, Any]]]:
    """Attempt -> its judgements, the oldest first."""
    found: dict[int, list[dict[str, Any]]] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement("witnesses_of_order"), {"order_id": order_id}):
            found.setdefault(row.pop("attempt_no"), []).append(row)
    return found


def handoffs_named(connection: psycopg.Connection, premises: Sequence[UUID], name: str) -> list[HandoffHead]:
    """The handoffs of the order of this number, or the one of this id, at the premises."""
    with reading(connection, premises):
        return [HandoffHead(*row) for row in connection.execute(statement("read_handoffs"), {"name": name})]


def witness_story(connection: psycopg.Connection, premises: Sequence[UUID], handoff_id: UUID) -> list[Witness]:
    """The judgements of a handoff, the newest first."""
    with reading(connection, premises):
        rows = connection.execute(statement("read_witnesses"), {"handoff_id": handoff_id})
        return [Witness(*row) for row in rows]
