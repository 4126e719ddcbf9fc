"""Check-ins of crews as rows, and which trips are asked for them. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from storage.ids import new_id
from storage.sql import statement


class NewCheckIn(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody of a crew said, and who recorded it."""

    premises_id: UUID
    trip_id: UUID
    kind: str  # interval, arrive, depart, emergency
    at: datetime
    driver_id: UUID
    channel: str  # app, phone, radio, in_person
    recorded_by: str
    lat_e7: int | None
    lon_e7: int | None
    place_source: str | None  # said, vehicle
    note: str | None
    due_at: datetime | None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None


class CheckIn(msgspec.Struct, frozen=True):
    """A check-in on record."""

    id: UUID
    kind: str
    at: datetime
    employee_no: str
    channel: str
    recorded_by: str
    recorded_at: datetime
    lat_e7: int | None
    lon_e7: int | None
    place_source: str | None
    note: str | None
    due_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None


def put_check_in(connection: psycopg.Connection, new: NewCheckIn) -> UUID:
    check_in_id = new_id(new.at)
    values = {**msgspec.structs.asdict(new), "id": check_in_id, "recorded_at": true_now()}
    connection.execute(statement("put_check_in"), values)
    return check_in_id


def check_ins_of_trips(connection: psycopg.Connection, trip_ids: Sequence[UUID]) -> dict[UUID, list[CheckIn]]:
    """Check-ins of each of these trips in the order in which they were said."""
    found: dict[UUID, list[CheckIn]] = {trip_id: [] for trip_id in trip_ids}
    for trip_id, *row in connection.execute(statement("check_ins_of_trips"), {"trip_ids": list(trip_ids)}):
        found[trip_id].append(CheckIn(*row))
    return found


def acknowledge(connection: psycopg.Connection, trip_id: UUID, check_in_id: UUID, by: str, at: datetime) -> bool | None:
    """Whether nobody had done so before; None: the trip has no such check-in."""
    values = {"trip_id": trip_id, "id": check_in_id, "by": by, "at": at}
    row = connection.execute(statement("acknowledge_check_in"), values).fetchone()
    return None if row is None else bool(row[0])


def trips_to_check_in(
    connection: psycopg.Connection, premises_ids: list[UUID] | None, ended_since: datetime
) -> list[UUID]:
    """Trips whose profile asks for check-ins and that are under way, or ended after then."""
    values = {"premises_ids": premises_ids, "ended_since": ended_since}
    return [row[0] for row in connection.execute(statement("trips_to_check_in"), values)]
