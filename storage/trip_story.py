"""One trip as it really was, read through the views as the reader role: what counts, and why. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import psycopg

from storage.derived_rows import Evidence
from storage.reads import reading
from storage.sql import statement

_Row = TypeVar("_Row", bound=msgspec.Struct)


class TripHead(msgspec.Struct, frozen=True):
    """departed_at and ended_at are what counts; the declared ones stand beside them."""

    id: UUID
    premises_id: UUID
    trip_no: str
    vehicle_id: UUID
    vehicle_name: str
    crew: str | None
    planned_departure_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None
    declared_departed_at: datetime | None
    declared_ended_at: datetime | None


class VersionRow(msgspec.Struct, frozen=True):
    id: UUID
    version: int
    cause: str
    policy_version: str
    made_at: datetime
    superseded_at: datetime | None
    final: bool
    fixes: int | None
    departed_at: datetime | None
    departed_evidence: Evidence | None
    returned_at: datetime | None
    returned_evidence: Evidence | None
    unseen_at: datetime | None  # nobody saw it leave: over by then at the latest
    unseen_evidence: Evidence | None
    unseen_why: str | None


class StopStory(msgspec.Struct, frozen=True):
    """A stop; `reason` counts, `found_reason` is what the fixes showed."""

    id: UUID
    began_at: datetime
    ended_at: datetime | None
    lat_e7: int
    lon_e7: int
    found_reason: str
    reason: str
    note: str | None
    permitted: bool
    given_by: str | None
    given_at: datetime | None
    order_id: UUID | None
    place_id: UUID | None
    after_gap: bool
    before_gap: bool
    fixes: int | None
    evidence: Evidence
    policy_version: str
    door_lat_e7: int | None  # of the order's address as it is now
    door_lon_e7: int | None


class VisitStory(msgspec.Struct, frozen=True):
    id: UUID
    order_id: UUID
    order_no: str
    soon_at: datetime | None
    soon_evidence: Evidence | None
    arrived_at: datetime | None
    arrived_evidence: Evidence | None
    inferred: bool
    left_at: datetime | None
    left_evidence: Evidence | None
    policy_version: str


class ZoneVisitStory(msgspec.Struct, frozen=True):
    id: UUID
    zone_id: UUID
    zone_name: str
    zone_kind: str
    entered_at: datetime
    first_seen: bool
    left_at: datetime | None
    dwelt_at: datetime | None
    entered_evidence: Evidence | None
    left_evidence: Evidence | None
    policy_version: str
    geometry: dict[str, Any]  # GeoJSON
    radius_m: float | None
    drawn_from: datetime | None  # None: always
    drawn_to: datetime | None  # None: still


class GapStory(msgspec.Struct, frozen=True):
    id: UUID
    began_at: datetime
    ended_at: datetime | None
    cause: str
    why: str
    provisional: bool
    refused: int
    limit_s: float | None
    evidence: Evidence
    policy_version: str


class DeviationStory(msgspec.Struct, frozen=True):
    id: UUID
    began_at: datetime
    ended_at: datetime | None
    worst_m: float
    worst: dict[str, Any] | None
    driven_m: float | None
    returned: bool | None
    evidence: Evidence
    policy_version: str


class FactsStory(msgspec.Struct, frozen=True):
    began_at: datetime
    ended_at: datetime
    distance_m: float
    moving_s: float
    stopped_s: float
    unseen_s: float
    unseen_m: float
    idling_s: float | None
    max_speed_mps: float | None
    harsh_brakings: int | None
    harsh_accelerations: int | None
    fixes: int


class CoverageRow(msgspec.Struct, frozen=True):
    """order_id None: of the whole trip."""

    order_id: UUID | None
    order_no: str | None
    from_at: datetime
    to_at: datetime
    lasts_s: float
    unseen_s: float
    covered_pct: float | None


class ExceptionStory(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    zone_name: str | None
    from_at: datetime
    to_at: datetime | None
    rule: str
    opened_at: datetime
    closed_at: datetime | None
    explanation: str | None
    explained_by: str | None
    withdrawn: bool


class DeviceEntryRow(msgspec.Struct, frozen=True):
    device_name: str
    at: datetime
    received_at: datetime
    kind: str
    facts: dict[str, Any]


class TripStory(msgspec.Struct, frozen=True, kw_only=True):
    """A trip with all that counts of it, and every version that was made."""

    trip: TripHead
    versions: list[VersionRow]
    stops: list[StopStory]
    visits: list[VisitStory]
    zone_visits: list[ZoneVisitStory]
    gaps: list[GapStory]
    deviations: list[DeviationStory]
    facts: FactsStory | None
    coverage: list[CoverageRow]
    exceptions: list[ExceptionStory]
    device_log: list[DeviceEntryRow]

    @property
    def counts(self) -> VersionRow | None:
        """The version that counts; None before anything was found."""
        return next((one for one in self.versions if one.superseded_at is None), None)


def trips_named(connection: psycopg.Connection, premises: Sequence[UUID], trip: str) -> list[TripHead]:
    """Trips of this number or id at the premises."""
    with reading(connection, premises):
        return _rows(connection, "read_trip_by_name", TripHead, trip=trip)


def trip_story(connection: psycopg.Connection, premises: Sequence[UUID], trip: TripHead) -> TripStory:
    """Everything of the trip, of one moment."""
    key = {"trip_id": trip.id}
    with reading(connection, premises):
        facts = _rows(connection, "read_facts", FactsStory, **key)
        return TripStory(
            trip=trip,
            versions=_rows(connection, "read_derivations", VersionRow, **key),
            stops=_rows(connection, "read_stops", StopStory, **key),
            visits=_rows(connection, "read_visits", VisitStory, **key),
            zone_visits=_rows(connection, "read_zone_visits", ZoneVisitStory, **key),
            gaps=_rows(connection, "read_gaps", GapStory, **key),
            deviations=_rows(connection, "read_deviations", DeviationStory, **key),
            facts=facts[0] if facts else None,
            coverage=_rows(connection, "read_coverage", CoverageRow, **key),
            exceptions=_rows(connection, "read_exceptions", ExceptionStory, **key),
            device_log=_device_log(connection, trip),
        )


def trip_of_finding(
    connection: psycopg.Connection, premises: Sequence[UUID], finding_id: UUID
) -> tuple[str, UUID, bool] | None:
    """(trip number, trip id, whether its version counts) of a stop, a visit of a door or zone, a gap or a deviation."""
    with reading(connection, premises):
        row = connection.execute(statement("read_trip_of_finding"), {"finding_id": finding_id}).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def thresholds(connection: psycopg.Connection, premises_id: UUID, version: str) -> dict[str, Any]:
    """Every threshold of a version of the policy; empty when nothing was made under it."""
    with reading(connection, [premises_id]):
        values = {"premises_id": premises_id, "version": version}
        row = connection.execute(statement("read_thresholds"), values).fetchone()
    return {} if row is None else dict(row[0])


def _device_log(connection: psycopg.Connection, trip: TripHead) -> list[DeviceEntryRow]:
    if trip.departed_at is None:
        return []
    to_at = trip.ended_at or datetime.max.replace(tzinfo=trip.departed_at.tzinfo)
    values = {"vehicle_id": trip.vehicle_id, "from_at": trip.departed_at, "to_at": to_at}
    return _rows(connection, "read_device_log", DeviceEntryRow, **values)


def _rows(connection: psycopg.Connection, name: str, kind: type[_Row], **values: object) -> list[_Row]:
    return [kind(*row) for row in connection.execute(statement(name), values)]
