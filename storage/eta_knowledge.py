"""What forecasts are made with, as rows: driven paces, visits at doors, past errors, conditions. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.ids import new_id
from storage.sql import as_rows, statement

# Who stands an hour at a door does something else there.
_LONGEST_VISIT_S = 1800.0


class TripToLearnFrom(msgspec.Struct, frozen=True):
    """An ended trip whose driving has not been gone through."""

    id: UUID
    premises_id: UUID
    vehicle_id: UUID
    tz: str
    departed_at: datetime
    ended_at: datetime


class DrivenPace(msgspec.Struct, frozen=True, kw_only=True):
    """What one trip drove in one cell at one local hour."""

    trip_id: UUID
    cell_lat: int
    cell_lon: int
    hour: int
    premises_id: UUID
    driven_s: float
    straight_s: float
    street_s: float | None


class PaceSum(msgspec.Struct, frozen=True):
    """What all vans drove in one cell at one local hour; with a map: what of it was driven while there was one."""

    cell_lat: int
    cell_lon: int
    hour: int
    driven_s: float
    straight_s: float
    driven_on_map_s: float
    street_s: float


class VisitSum(msgspec.Struct, frozen=True):
    """Visits of a premises' vans at all doors."""

    premises_id: UUID
    count: int
    mean_s: float


class DoorVisitSum(msgspec.Struct, frozen=True):
    """The same at one door."""

    premises_id: UUID
    lat_e7: int
    lon_e7: int
    count: int
    mean_s: float


class ConditionRow(msgspec.Struct, frozen=True):
    """A closure or slowdown on record."""

    id: UUID
    premises_id: UUID
    premises: str
    kind: str
    says: str
    from_at: datetime
    to_at: datetime | None
    speed_share: float
    road: str | None
    geometry: dict[str, Any] | None
    radius_m: float | None
    source: str
    source_ref: str | None
    created_at: datetime
    created_by: str


class NewCondition(msgspec.Struct, frozen=True, kw_only=True):
    """One to be kept."""

    premises_id: UUID
    kind: str
    says: str
    from_at: datetime
    to_at: datetime | None
    speed_share: float
    road: str | None
    geometry: Mapping[str, Any] | None
    radius_m: float | None
    source: str
    source_ref: str | None
    created_at: datetime
    created_by: str


def trips_to_learn_from(
    connection: psycopg.Connection, since: datetime, until: datetime, most: int
) -> list[TripToLearnFrom]:
    """Trips that ended between these times and were not gone through, the newest first."""
    rows = connection.execute(statement("trips_to_learn_from"), {"since": since, "until": until, "most": most})
    return [TripToLearnFrom(*row) for row in rows]


def fixes_of_trip(connection: psycopg.Connection, trip: TripToLearnFrom) -> list[tuple[datetime, int, int]]:
    """(fixed_at, lat_e7, lon_e7) of the fixes that count, in order of time."""
    return connection.execute(statement("fixes_of_trip"), msgspec.structs.asdict(trip)).fetchall()


def pauses_of_trip(connection: psycopg.Connection, trip_id: UUID) -> list[tuple[datetime, datetime]]:
    """From-to of visits and stops, traffic left out."""
    return connection.execute(statement("pauses_of_trip"), {"trip_id": trip_id}).fetchall()


def put_taught_trip(
    connection: psycopg.Connection, trip: TripToLearnFrom, fixes: int, rows: Sequence[DrivenPace]
) -> None:
    """Keeps what the trip taught, and that it was gone through."""
    values = {"trip_id": trip.id, "premises_id": trip.premises_id, "ended_at": trip.ended_at, "fixes": fixes}
    if connection.execute(statement("put_taught_trip"), values).rowcount and rows:
        connection.execute(statement("put_driven_paces"), {"rows": as_rows(rows)})


def learned_paces(connection: psycopg.Connection, since: datetime) -> list[PaceSum]:
    """What all vans drove on trips that ended after `since`."""
    return [PaceSum(*row) for row in connection.execute(statement("learned_paces"), {"since": since})]


def door_visits(connection: psycopg.Connection, since: datetime) -> tuple[list[VisitSum], list[DoorVisitSum]]:
    """Visits since then: of each premises, and of each door that an open order goes to."""
    values = {"since": since, "longest_s": _LONGEST_VISIT_S}
    premises = [VisitSum(*row) for row in connection.execute(statement("door_visits_of_premises"), values)]
    return premises, [DoorVisitSum(*row) for row in connection.execute(statement("door_visits_of_doors"), values)]


def forecast_errors(
    connection: psycopg.Connection, since: datetime, horizons_s: Sequence[float]
) -> list[tuple[UUID, int, float]]:
    """(premises, horizon, error in units of its scale): one for each drop and horizon since then."""
    values = {"since": since, "horizons": list(horizons_s)}
    return connection.execute(statement("forecast_errors"), values).fetchall()


def conditions_at(
    connection: psycopg.Connection, premises_ids: list[UUID] | None, at: datetime, *, source: str | None = None,
    condition_id: UUID | None = None,
) -> list[ConditionRow]:  # fmt: skip
    """Conditions of these premises (None: of all) that hold at `at` or later; one that is named, ended or not."""
    values = {"premises_ids": premises_ids, "at": at, "source": source, "id": condition_id}
    return [ConditionRow(*row) for row in connection.execute(statement("conditions_at"), values)]


def put_condition(connection: psycopg.Connection, new: NewCondition) -> UUID:
    condition_id = new_id(new.created_at)
    values = {**msgspec.structs.asdict(new), "id": condition_id}
    values["geometry"] = None if new.geometry is None else Jsonb(new.geometry)
    connection.execute(statement("put_condition"), values)
    return condition_id


def end_condition(connection: psycopg.Connection, condition_id: UUID, at: datetime) -> bool:
    """Whether it was still to hold."""
    return connection.execute(statement("end_condition"), {"id": condition_id, "at": at}).rowcount > 0


class Driving(msgspec.Struct):
    """What a vehicle on a trip has reported lately: (fixed_at, lat_e7, lon_e7), and from-to of its pauses."""

    tz: str
    fixes: list[tuple[datetime, int, int]] = []
    pauses: list[tuple[datetime, datetime]] = []


def driving_under_way(
    connection: psycopg.Connection, since: datetime, left_since: datetime, now: datetime
) -> dict[UUID, Driving]:
    """By trip, of those that left after `left_since` and have not ended: fixes since `since`, and all pauses."""
    values = {"since": since, "left_since": left_since, "now": now}
    found: dict[UUID, Driving] = {}
    for trip_id, tz, *fix in connection.execute(statement("fixes_under_way"), values):
        found.setdefault(trip_id, Driving(tz)).fixes.append((fix[0], fix[1], fix[2]))
    for trip_id, *pause in connection.execute(statement("pauses_under_way"), values):
        if trip_id in found:
            found[trip_id].pauses.append((pause[0], pause[1]))
    return found
