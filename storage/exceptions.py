"""Exceptions and the reasons that people give for stops, as rows, in the caller's transaction. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from storage.ids import new_id
from storage.sql import statement


class KnownException(msgspec.Struct, frozen=True):
    """An exception of a trip as it stands."""

    id: UUID
    kind: str
    zone_id: str | None
    from_at: datetime
    to_at: datetime | None
    rule: str
    closed_at: datetime | None
    explanation: str | None


class NewException(msgspec.Struct, frozen=True, kw_only=True):
    """Something that staff have to look at: what, where, from-to (None: still), and which rule it broke."""

    kind: str
    zone_id: str | None
    from_at: datetime
    to_at: datetime | None
    lat_e7: int | None
    lon_e7: int | None
    rule: str


class ExceptionRow(msgspec.Struct, frozen=True):
    """An exception as people look at it."""

    id: UUID
    premises_id: UUID
    premises_code: str
    kind: str
    trip_no: str | None
    vehicle_name: str
    trip_id: UUID | None  # None: what a unit said outside of trips
    zone_name: str | None
    from_at: datetime
    to_at: datetime | None
    lat_e7: int | None
    lon_e7: int | None
    rule: str
    opened_at: datetime
    closed_at: datetime | None
    explanation: str | None
    explained_by: str | None
    withdrawn: bool


class GivenReason(msgspec.Struct, frozen=True):
    """A reason that a person gave for whatever stood from-to (None: still)."""

    from_at: datetime
    to_at: datetime | None
    code: str
    permitted: bool


class StopHead(msgspec.Struct, frozen=True):
    """A stop that somebody is about to explain; `reason` is the one that was found."""

    id: UUID
    premises_id: UUID
    trip_id: UUID
    trip_no: str
    began_at: datetime
    ended_at: datetime | None
    lat_e7: int
    lon_e7: int
    reason: str
    counts: bool


class NewReason(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says about a stop."""

    stop: StopHead
    code: str
    note: str | None
    permitted: bool
    given_by: str
    given_at: datetime
    replaces: str


def exceptions_of_trip(connection: psycopg.Connection, trip_id: UUID) -> list[KnownException]:
    """Exceptions of the trip that were not withdrawn."""
    return exceptions_of_trips(connection, [trip_id])[trip_id]


def exceptions_of_trips(connection: psycopg.Connection, trip_ids: Sequence[UUID]) -> dict[UUID, list[KnownException]]:
    """Exceptions of each of these trips that were not withdrawn."""
    found: dict[UUID, list[KnownException]] = {trip_id: [] for trip_id in trip_ids}
    for trip_id, *row in connection.execute(statement("exceptions_of_trips"), {"trip_ids": list(trip_ids)}):
        found[trip_id].append(KnownException(*row))
    return found


def put_exception(
    connection: psycopg.Connection, trip_id: UUID, new: NewException, opened_at: datetime
) -> tuple[UUID, UUID]:
    """The ids of the exception and of its premises."""
    exception_id = new_id(opened_at)
    values = {**msgspec.structs.asdict(new), "id": exception_id, "trip_id": trip_id, "opened_at": opened_at}
    row = connection.execute(statement("put_exception"), values).fetchone()
    assert row is not None, "the trip is there: something was found of it"
    return exception_id, row[0]


class NewContradiction(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that said something else of the same moments than before."""

    premises_id: UUID
    vehicle_id: UUID
    from_at: datetime
    to_at: datetime
    lat_e7: int
    lon_e7: int
    rule: str


def put_contradiction(connection: psycopg.Connection, new: NewContradiction, opened_at: datetime) -> None:
    values = {**msgspec.structs.asdict(new), "id": new_id(opened_at), "opened_at": opened_at}
    connection.execute(statement("put_contradiction"), values)


def change_exception(connection: psycopg.Connection, exception_id: UUID, new: NewException) -> None:
    values = {"id": exception_id, "from_at": new.from_at, "to_at": new.to_at, "rule": new.rule}
    connection.execute(statement("change_exception"), values)


def withdraw_exception(connection: psycopg.Connection, exception_id: UUID, at: datetime) -> UUID:
    """Closes it as not shown any more; the id of its premises."""
    row = connection.execute(statement("withdraw_exception"), {"id": exception_id, "at": at}).fetchone()
    assert row is not None, "the caller has the id from its row"
    return UUID(str(row[0]))


def explain_exception(
    connection: psycopg.Connection, exception_id: UUID, explanation: str, by: str, at: datetime
) -> None:
    """Closes it with what somebody says."""
    values = {"id": exception_id, "explanation": explanation, "by": by, "at": at}
    connection.execute(statement("explain_exception"), values)


def exceptions_found(
    connection: psycopg.Connection,
    premises_ids: list[UUID] | None,
    *,
    everything: bool = False,
    beginning: str | None = None,
    kind: str | None = None,
    limit: int = 500,
) -> list[ExceptionRow]:
    """Open exceptions of these premises (None: of all), or every one; `beginning`: only those whose id starts so."""
    values: dict[str, Any] = {
        "premises_ids": premises_ids,
        "everything": everything,
        "kind": kind,
        "limit": limit,
        "exception": None if beginning is None else beginning.lower().replace("%", "").replace("_", "") + "%",
    }
    return [ExceptionRow(*row) for row in connection.execute(statement("exceptions_found"), values)]


def stop_head(connection: psycopg.Connection, stop_id: UUID) -> StopHead | None:
    """The stop, locked until the transaction ends."""
    row = connection.execute(statement("stop_head"), {"stop_id": stop_id}).fetchone()
    return None if row is None else StopHead(*row)


def nth_stop(connection: psycopg.Connection, trip_id: UUID, place: int) -> UUID | None:
    """The id of the trip's stop at this place, from 1, in the version that counts."""
    row = connection.execute(statement("nth_stop"), {"trip_id": trip_id, "place": place}).fetchone()
    return None if row is None else row[0]


def put_stop_reason(connection: psycopg.Connection, new: NewReason) -> UUID:
    reason_id = new_id(new.given_at)
    stop = new.stop
    values = {
        "id": reason_id, "premises_id": stop.premises_id, "trip_id": stop.trip_id, "stop_id": stop.id,
        "from_at": stop.began_at, "to_at": stop.ended_at, "code": new.code, "note": new.note,
        "permitted": new.permitted, "given_by": new.given_by, "given_at": new.given_at, "replaces": new.replaces,
    }  # fmt: skip
    connection.execute(statement("put_stop_reason"), values)
    return reason_id


def reasons_of_trip(connection: psycopg.Connection, trip_id: UUID | str) -> list[GivenReason]:
    """What people said of the trip's stops, the newest first."""
    return [GivenReason(*row) for row in connection.execute(statement("reasons_of_trip"), {"trip_id": trip_id})]
