"""What a departure may belong to besides one trip: the other trips, and gaps of the one before. Decides nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import psycopg

from storage.derivation import TripRow
from storage.derived_rows import Evidence
from storage.sql import statement


class RivalDropRow(msgspec.Struct, frozen=True):
    """A drop of such a trip."""

    drop_id: str
    order_id: str
    seq: int
    lat_e7: int | None
    lon_e7: int | None


class RivalRow(msgspec.Struct, frozen=True):
    """Another trip of the vehicle that a departure may be, by its plan and what somebody said of it."""

    trip_id: str
    planned_departure_at: datetime
    declared_departed_at: datetime | None
    declared_ended_at: datetime | None
    drops: list[RivalDropRow]


def rivals(connection: psycopg.Connection, trip: TripRow) -> list[RivalRow]:
    """The vehicle's other trips that a departure may be, in order of plan."""
    values = {"vehicle_id": trip.vehicle_id, "trip_id": trip.id, "planned_departure_at": trip.planned_departure_at}
    found = connection.execute(statement("rivals_of_trip"), values).fetchall()
    drops: dict[str, list[RivalDropRow]] = {trip_id: [] for trip_id, *_ in found}
    for trip_id, *drop in connection.execute(statement("rival_drops"), {"trip_ids": list(drops)}) if drops else ():
        drops[trip_id].append(RivalDropRow(*drop))
    return [RivalRow(trip_id, planned, departed, ended, drops[trip_id]) for trip_id, planned, departed, ended in found]


def gaps_before(connection: psycopg.Connection, trip: TripRow, shortest: timedelta) -> list[Evidence]:
    """The fixes around gaps, so long at least, of the trip that ended last before this one, in order of time."""
    if trip.ended_before is None:
        return []
    values = {"vehicle_id": trip.vehicle_id, "trip_id": trip.id, "planned_departure_at": trip.planned_departure_at,
              "ended_before": trip.ended_before, "shortest": shortest}  # fmt: skip
    return [points for (points,) in connection.execute(statement("gaps_before_trip"), values)][::-1]
