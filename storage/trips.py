"""Trips as rows: found, read with drops and crew, changed, with the plan before each change. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from contract.milestones import Milestone
from storage.audit import Actor
from storage.ids import new_id
from storage.sql import statement


class TripHead(msgspec.Struct, frozen=True):
    """A trip, its vehicle with the newest fix that counts, and where its premises are."""

    id: UUID
    premises_id: UUID
    premises: str
    trip_no: str
    vehicle_id: UUID
    vehicle: str
    plate: str | None
    planned_departure_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None
    declared_departed_at: datetime | None
    declared_ended_at: datetime | None
    end_reason: str | None
    cancelled: bool
    plan_version: int
    has_route: bool
    profile: str | None
    profile_version: int | None
    ledger_no: str | None
    checklist: list[str]
    created_at: datetime
    premises_lat_e7: int | None
    premises_lon_e7: int | None
    tz: str
    hours: dict[str, Any]
    has_device: bool
    fixed_at: datetime | None
    lat_e7: int | None
    lon_e7: int | None


class TripDrop(msgspec.Struct, frozen=True):
    """A planned delivery with its order as it is now."""

    trip_id: UUID
    id: UUID
    order_id: UUID
    order_no: str
    address: str
    lat_e7: int | None
    lon_e7: int | None
    window_from: datetime
    window_to: datetime
    milestone: Milestone
    seq: int
    planned_arrival_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    currency: str | None
    total_minor: int | None
    due_minor: int | None
    eta: dict[str, Any] | None  # the row of waybill.forecast


class TripCrew(msgspec.Struct, frozen=True):
    """Somebody on a trip."""

    trip_id: UUID
    driver_id: UUID
    employee_no: str
    name: str
    role: str


class Trip(msgspec.Struct, frozen=True):
    """A trip with everything on it."""

    head: TripHead
    drops: tuple[TripDrop, ...]
    crew: tuple[TripCrew, ...]


class TripOrder(msgspec.Struct, frozen=True):
    """An order as a trip needs it, with the trip that it is on and that has not ended."""

    id: UUID
    premises_id: UUID
    order_no: str
    lat_e7: int | None
    lon_e7: int | None
    window_from: datetime
    window_to: datetime
    milestone: Milestone
    test: bool
    address: str
    trip_id: UUID | None
    trip_no: str | None
    vehicle: str | None


class TripFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which trips a list is to hold; None: whichever."""

    premises: str | None = None
    vehicle: str | None = None
    state: str | None = None  # planned, under_way, ended, cancelled
    from_at: datetime | None = None  # planned departure
    to_at: datetime | None = None


class WrittenDrop(msgspec.Struct, frozen=True):
    """An order's place in a plan."""

    order_id: UUID
    planned_arrival_at: datetime | None


class WrittenChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a plan, to be kept."""

    trip: TripHead
    plan_version: int
    kinds: Sequence[str]
    at: datetime
    actor: Actor
    reason: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


class TripChangeRow(msgspec.Struct, frozen=True):
    """A change of a plan on record."""

    plan_version: int
    kinds: list[str]
    at: datetime
    actor_kind: str
    actor: str
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any]


def find_trips(
    connection: psycopg.Connection, premises_ids: list[UUID] | None, key: str, *, driver_id: UUID | None = None
) -> list[UUID]:
    """Ids of the trips with this id or number; two when the premises must be named as well.

    With `driver_id` only those with this driver in the crew.
    """
    values = {"premises_ids": premises_ids, "id": as_uuid(key), "trip_no": key, "driver_id": driver_id}
    return [row[0] for row in connection.execute(statement("find_trips"), values)]


def read_head(connection: psycopg.Connection, trip_id: UUID) -> TripHead:
    """What is known of a trip that there is, without what is on it."""
    row = connection.execute(statement("trip_heads"), {"trip_ids": [trip_id]}).fetchone()
    assert row is not None, "trips are never deleted"
    return TripHead(*row)


def read_trips(connection: psycopg.Connection, trip_ids: Sequence[UUID], *, lock: bool = False) -> list[Trip]:
    """The trips by planned departure; with `lock` nobody else changes them until the transaction ends."""
    if not trip_ids:
        return []
    values = {"trip_ids": list(trip_ids)}
    if lock:
        connection.execute(statement("lock_trips"), values)
    drops: dict[UUID, list[TripDrop]] = {}
    crews: dict[UUID, list[TripCrew]] = {}
    for row in connection.execute(statement("drops_of_trips"), values):
        drops.setdefault(row[0], []).append(TripDrop(*_with_milestone(row, 9)))
    for row in connection.execute(statement("crews_of_trips"), values):
        crews.setdefault(row[0], []).append(TripCrew(*row))
    heads = [TripHead(*row) for row in connection.execute(statement("trip_heads"), values)]
    return [Trip(head, tuple(drops.get(head.id, ())), tuple(crews.get(head.id, ()))) for head in heads]


def lock_plans(connection: psycopg.Connection, premises_id: UUID) -> None:
    """Nobody else plans at these premises until the transaction ends: guards look at all of its trips."""
    connection.execute(statement("lock_plans"), {"premises_id": premises_id})


def read_route(connection: psycopg.Connection, trip_id: UUID) -> list[list[int]] | None:
    """The planned way as [lon_e7, lat_e7] points."""
    row = connection.execute(statement("route_of_trip"), {"trip_id": trip_id}).fetchone()
    return None if row is None else row[0]


def trip_list(
    connection: psycopg.Connection, premises_ids: list[UUID] | None, wanted: TripFilter, *,
    after: tuple[datetime, UUID] | None, most: int,
) -> list[UUID]:  # fmt: skip
    """At most `most` trips by planned departure, those after the place (planned_departure_at, id)."""
    at, trip_id = after or (None, None)
    values = {
        "premises_ids": premises_ids, **msgspec.structs.asdict(wanted), "after_at": at, "after_id": trip_id,
        "most": most,
    }  # fmt: skip
    return [row[0] for row in connection.execute(statement("trip_list"), values, prepare=False)]


def open_trips_of(connection: psycopg.Connection, vehicle_id: UUID | None, driver_ids: Sequence[UUID]) -> list[UUID]:
    """Trips that have not ended, of the vehicle or with one of these people."""
    values = {"vehicle_id": vehicle_id, "driver_ids": list(driver_ids)}
    return [row[0] for row in connection.execute(statement("open_trips_of"), values)]


def open_trips_of_premises(connection: psycopg.Connection, premises_id: UUID) -> list[UUID]:
    rows = connection.execute(statement("open_trips_of_premises"), {"premises_id": premises_id})
    return [row[0] for row in rows]


def find_order(
    connection: psycopg.Connection, premises_ids: list[UUID] | None, premises_id: UUID, key: str
) -> TripOrder | None:
    """The order with this id or number, of these premises before any other that may be seen."""
    values = {"premises_ids": premises_ids, "premises_id": premises_id, "id": as_uuid(key), "order_no": key}
    row = connection.execute(statement("order_for_trip"), values).fetchone()
    return None if row is None else TripOrder(*_with_milestone(row, 7))


def change_trip(
    connection: psycopg.Connection, trip_id: UUID, *, vehicle_id: UUID, planned_departure_at: datetime,
    drops: Sequence[WrittenDrop], keep_route: bool, planned_route: Sequence[Sequence[int]] | None, at: datetime,
) -> int:  # fmt: skip
    """Writes what the trip is to be; the new plan version."""
    values = {
        "trip_id": trip_id, "vehicle_id": vehicle_id, "planned_departure_at": planned_departure_at,
        "keep_route": keep_route, "planned_route": None if planned_route is None else Jsonb(planned_route),
    }  # fmt: skip
    row = connection.execute(statement("change_trip"), values).fetchone()
    assert row is not None, "the caller holds the trip's lock"
    order_ids = [drop.order_id for drop in drops]
    connection.execute(statement("remove_trip_drops"), {"trip_id": trip_id, "order_ids": order_ids})
    connection.execute(
        statement("put_trip_drops"),
        {
            "trip_id": trip_id, "ids": [new_id(at) for _ in drops], "order_ids": order_ids,
            "seqs": list(range(1, len(drops) + 1)), "planned": [drop.planned_arrival_at for drop in drops],
        },
    )  # fmt: skip
    return int(row[0])


def change_crew(connection: psycopg.Connection, trip: TripHead, crew: Sequence[tuple[UUID, str]]) -> None:
    """Puts (driver_id, role) in place of who was on the trip."""
    connection.execute(statement("clear_trip_crew"), {"trip_id": trip.id})
    rows = [
        {"trip_id": trip.id, "premises_id": trip.premises_id, "driver_id": driver_id, "role": role}
        for driver_id, role in crew
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement("put_trip_crew"), rows)


def put_trip_change(connection: psycopg.Connection, change: WrittenChange) -> None:
    """Keeps the plan before and after."""
    connection.execute(
        statement("put_trip_change"),
        {
            "id": new_id(change.at), "premises_id": change.trip.premises_id, "trip_id": change.trip.id,
            "plan_version": change.plan_version, "kinds": list(change.kinds), "at": change.at,
            "actor_kind": change.actor.kind, "actor": change.actor.name, "reason": change.reason,
            "before": None if change.before is None else Jsonb(change.before, dumps=msgspec.json.encode),
            "after": Jsonb(change.after, dumps=msgspec.json.encode),
        },
    )  # fmt: skip


def trip_changes(connection: psycopg.Connection, trip_id: UUID) -> list[TripChangeRow]:
    return [TripChangeRow(*row) for row in connection.execute(statement("trip_changes"), {"trip_id": trip_id})]


def declare_departure(connection: psycopg.Connection, trip_id: UUID, at: datetime) -> datetime:
    """Keeps what somebody said; the departure that counts."""
    row = connection.execute(statement("declare_departure"), {"trip_id": trip_id, "at": at}).fetchone()
    assert row is not None, "the caller holds the trip's lock"
    departed_at: datetime = row[0]
    return departed_at


def declare_end(
    connection: psycopg.Connection, trip_id: UUID, at: datetime, reason: str, *, cancelled: bool
) -> datetime:
    """Keeps what somebody said; the end that counts."""
    values = {"trip_id": trip_id, "at": at, "reason": reason, "cancelled": cancelled}
    row = connection.execute(statement("declare_end"), values).fetchone()
    assert row is not None, "the caller holds the trip's lock"
    ended_at: datetime = row[0]
    return ended_at


def _with_milestone(row: tuple[Any, ...], place: int) -> list[Any]:
    return [Milestone(value) if index == place else value for index, value in enumerate(row)]


def as_uuid(key: str) -> UUID | None:
    """The id that the text is; None when it is none."""
    try:
        return UUID(key)
    except ValueError:
        return None
