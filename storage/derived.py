"""Writes and reads versions of what fixes showed of trips, in the caller's transaction. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.derived_rows import (
    DeviationRow,
    FactsRow,
    Findings,
    GapRow,
    Moment,
    StopRow,
    Unseen,
    VisitRow,
    ZoneVisitRow,
)
from storage.ids import new_id
from storage.sql import statement

_Row = TypeVar("_Row", bound=msgspec.Struct)
_PUT = {StopRow: "put_stop", VisitRow: "put_visit", ZoneVisitRow: "put_zone_visit", GapRow: "put_gap",
        DeviationRow: "put_deviation", FactsRow: "put_facts"}  # fmt: skip
Finding = StopRow | VisitRow | ZoneVisitRow | GapRow | DeviationRow | FactsRow
VehicleHour = tuple[str, FactsRow, str]  # vehicle id, facts of the hour that begins at began_at, policy version


class Version(msgspec.Struct, frozen=True):
    """The version of a trip that counts; `highest` is the newest that there is."""

    id: UUID
    version: int
    cause: str
    policy_version: str
    final: bool
    digest: str | None
    highest: int


class LiveVersion(msgspec.Struct, frozen=True):
    """The version that grows while a trip is under way; whether it still is the one that counts."""

    trip_id: str
    id: UUID
    premises_id: UUID
    counts: bool


class NewVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a version that is about to be written."""

    premises_id: UUID
    trip_id: UUID
    vehicle_id: UUID
    version: int
    cause: str
    policy_version: str
    made_at: datetime
    final: bool
    fixes: int


def note_policy_version(
    connection: psycopg.Connection, premises_id: UUID | str, version: str, thresholds: dict[str, Any], at: datetime
) -> None:
    """Keeps all thresholds of the version, so that what is made under it can be explained."""
    values = {"premises_id": premises_id, "version": version, "thresholds": Jsonb(thresholds), "at": at}
    connection.execute(statement("note_policy_version"), values)


def open_live(connection: psycopg.Connection, trips: dict[str, str], made_at: datetime) -> dict[str, LiveVersion]:
    """The growing version of each trip, made when it is not there; `trips` gives the policy's version per trip."""
    if not trips:
        return {}
    connection.execute(
        statement("open_live_derivations"),
        {"ids": [new_id(made_at) for _ in trips], "trip_ids": list(trips), "policy_versions": list(trips.values()),
         "made_at": [made_at for _ in trips]},
    )  # fmt: skip
    rows = connection.execute(statement("live_derivations"), {"trip_ids": list(trips)})
    return {row[0]: LiveVersion(*row) for row in rows}


def counting_version(connection: psycopg.Connection, trip_id: UUID) -> Version | None:
    """The version that counts, locked; None before anything was found."""
    row = connection.execute(statement("lock_counting_derivation"), {"trip_id": trip_id}).fetchone()
    return None if row is None else Version(*row)


def put_version(connection: psycopg.Connection, head: NewVersion, found: Findings) -> UUID:
    """Writes a version as the one that counts; the one before is superseded and stays."""
    connection.execute(statement("supersede_derivation"), {"trip_id": head.trip_id, "at": head.made_at})
    version_id = new_id(head.made_at)
    connection.execute(
        statement("put_derivation"),
        {**msgspec.structs.asdict(head), "id": version_id, "digest": found.digest,
         **_moment("departed", found.departed), **_moment("returned", found.returned), **_unseen(found.unseen)},
    )  # fmt: skip
    facts = [] if found.facts is None else [found.facts]
    rows: list[Finding] = [*found.stops, *found.visits, *found.zone_visits, *found.gaps, *found.deviations, *facts]
    put_findings(connection, [(version_id, head.premises_id, row) for row in rows], head.made_at)
    return version_id


def put_findings(connection: psycopg.Connection, rows: Iterable[tuple[UUID, UUID, Finding]], at: datetime) -> None:
    """Writes (version id, premises id, finding); a finding that is there takes the newer word."""
    by_statement: dict[str, list[dict[str, Any]]] = {}
    for version_id, premises_id, row in rows:
        values = {name: _stored(getattr(row, name)) for name in row.__struct_fields__}
        head = {"id": new_id(at), "derivation_id": version_id, "premises_id": premises_id}
        by_statement.setdefault(_PUT[type(row)], []).append({**head, **values})
    with connection.cursor() as cursor:
        for name, values_list in by_statement.items():
            cursor.executemany(statement(name), values_list)


def confirm_version(connection: psycopg.Connection, version_id: UUID, *, digest: str, fixes: int, final: bool) -> None:
    """Deriving again showed the same; the version may be final now."""
    values = {"id": version_id, "digest": digest, "fixes": fixes, "final": final}
    connection.execute(statement("confirm_derivation"), values)


def put_departure(connection: psycopg.Connection, version_id: UUID, moment: Moment) -> None:
    values = {"derivation_id": version_id, "at": moment.at, "evidence": Jsonb(moment.evidence)}
    connection.execute(statement("put_departure"), values)


def put_return(connection: psycopg.Connection, version_id: UUID, moment: Moment) -> None:
    values = {"derivation_id": version_id, "at": moment.at, "evidence": Jsonb(moment.evidence)}
    connection.execute(statement("put_return"), values)


def put_unseen(connection: psycopg.Connection, version_id: UUID, unseen: Unseen) -> None:
    connection.execute(statement("put_unseen"), {"derivation_id": version_id, **_unseen(unseen)})


def read_findings(connection: psycopg.Connection, version_id: UUID) -> Findings:
    """All that a version holds, as it was when it was written."""
    moments = connection.execute(statement("derived_moments"), {"derivation_id": version_id}).fetchone()
    assert moments is not None, "the caller has the id from its row"
    departed_at, departed_evidence, returned_at, returned_evidence, unseen_at, unseen_evidence, why = moments
    facts = _read(connection, "derived_facts", FactsRow, version_id)
    return Findings(
        departed=None if departed_at is None else Moment(_utc(departed_at), departed_evidence),
        returned=None if returned_at is None else Moment(_utc(returned_at), returned_evidence),
        stops=_read(connection, "derived_stops", StopRow, version_id),
        visits=_read(connection, "derived_visits", VisitRow, version_id),
        zone_visits=_read(connection, "derived_zone_visits", ZoneVisitRow, version_id),
        gaps=_read(connection, "derived_gaps", GapRow, version_id),
        deviations=_read(connection, "derived_deviations", DeviationRow, version_id),
        facts=facts[0] if facts else None,
        unseen=None if unseen_at is None else Unseen(_utc(unseen_at), unseen_evidence, why),
    )


def put_vehicle_hour(connection: psycopg.Connection, hour: VehicleHour, made_at: datetime) -> None:
    """Replaces the hour."""
    connection.execute(statement("put_vehicle_hour"), _hour(hour, made_at))


def add_vehicle_hours(connection: psycopg.Connection, hours: list[VehicleHour], made_at: datetime) -> list[bool]:
    """Of each hour, in order, whether it was not there yet, and is now."""
    if not hours:
        return []
    with connection.cursor() as cursor:
        cursor.executemany(statement("add_vehicle_hour"), [_hour(hour, made_at) for hour in hours], returning=True)
        return [result.rowcount > 0 for result in cursor.results()]


def _hour(hour: VehicleHour, made_at: datetime) -> dict[str, Any]:
    vehicle_id, facts, policy_version = hour
    return {**msgspec.structs.asdict(facts), "vehicle_id": vehicle_id, "hour_at": facts.began_at,
            "policy_version": policy_version, "made_at": made_at}  # fmt: skip


def _read(connection: psycopg.Connection, name: str, kind: type[_Row], version_id: UUID) -> tuple[_Row, ...]:
    cursor = connection.execute(statement(name), {"derivation_id": version_id})
    names = [column.name for column in cursor.description or ()]
    return tuple(kind(**dict(zip(names, map(_utc, row), strict=True))) for row in cursor)


def _utc(value: Any) -> Any:
    """Whatever zone the session has: a digest is over UTC."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _moment(name: str, moment: Moment | None) -> dict[str, Any]:
    if moment is None:
        return {f"{name}_at": None, f"{name}_evidence": None}
    return {f"{name}_at": moment.at, f"{name}_evidence": Jsonb(moment.evidence)}


def _unseen(unseen: Unseen | None) -> dict[str, Any]:
    if unseen is None:
        return {"unseen_at": None, "unseen_evidence": None, "unseen_why": None}
    return {"unseen_at": unseen.at, "unseen_evidence": Jsonb(unseen.evidence), "unseen_why": unseen.why}


def _stored(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, list | dict) else value
