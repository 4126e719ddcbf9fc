"""Reads what tracking needs (installs, open trips, states) and writes what it found. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from contract.milestones import FOLLOWERS, Milestone
from storage.ids import new_id
from storage.sql import statement


class InstallRow(msgspec.Struct, frozen=True):
    """A device in a vehicle, from-to (None = still), and where the vehicle's premises are."""

    device_id: int
    from_at: datetime | None
    to_at: datetime | None
    vehicle_id: str
    premises_id: str
    premises_lat_e7: int | None
    premises_lon_e7: int | None
    report_interval_s: float | None  # as the device announced it
    heartbeat_s: float | None


class DropRow(msgspec.Struct, frozen=True):
    """One drop of an open trip; drop fields are None for a trip without drops."""

    vehicle_id: str
    trip_id: str
    planned_departure_at: datetime
    departed_at: datetime | None
    drop_id: str | None
    order_id: str | None
    seq: int | None
    lat_e7: int | None
    lon_e7: int | None
    arrived_at: datetime | None
    left_at: datetime | None
    closed: bool | None
    plan_version: int
    has_route: bool


class DetectedMilestone(msgspec.Struct, frozen=True):
    """A milestone that fixes showed; `evidence` is JSON text of the fixes."""

    order_id: str
    trip_id: str
    milestone: Milestone
    at: datetime
    evidence: str


def installs_of_devices(connection: psycopg.Connection, device_ids: list[int]) -> dict[int, list[InstallRow]]:
    """Dedicated installs per device in order of time."""
    found: dict[int, list[InstallRow]] = {}
    for row in connection.execute(statement("installs_of_devices"), {"device_ids": device_ids}):
        found.setdefault(row[0], []).append(InstallRow(*row))
    return found


def open_trips_of_vehicles(connection: psycopg.Connection, vehicle_ids: list[str]) -> list[DropRow]:
    """Open trips with drops, ordered by vehicle, planned departure and sequence."""
    rows = connection.execute(statement("open_trips_of_vehicles"), {"vehicle_ids": vehicle_ids})
    return [DropRow(*row) for row in rows]


def routes_of_trips(connection: psycopg.Connection, trip_ids: list[str]) -> dict[str, list[tuple[int, int]]]:
    """The planned way of each trip that has one, as (lon_e7, lat_e7)."""
    return dict(connection.execute(statement("routes_of_trips"), {"trip_ids": trip_ids}).fetchall())


def listen_for_plan_changes(connection: psycopg.Connection, hear: Callable[[psycopg.Notify], None]) -> None:
    """From now on `hear` is called when installs or plans have changed, at the begin of the next transaction."""
    connection.add_notify_handler(hear)
    connection.execute(statement("listen_for_plan_changes"))


def tracking_states(connection: psycopg.Connection, device_ids: list[int]) -> dict[int, str]:
    """The engine's memory per device as JSON."""
    return dict(connection.execute(statement("tracking_states"), {"device_ids": device_ids}).fetchall())


DEPARTURE_UNSEEN = "departure not seen"  # why such a trip ended


class TripChange(msgspec.Struct, frozen=True):
    """A trip whose departure or end was recorded just now."""

    trip_id: str
    premises_id: UUID
    trip_no: str
    at: datetime


def trips_departed(connection: psycopg.Connection, times: list[tuple[str, datetime]]) -> list[TripChange]:
    """Records departures (trip_id, at) and opens the legs; the trips that were changed by it."""
    changes = _change_trips(connection, "trips_departed", times)
    open_legs(connection, {change.trip_id: change.at for change in changes})
    return changes


def open_legs(connection: psycopg.Connection, departed_at: dict[str, datetime]) -> None:
    """A leg for every order on these trips, from the trip's departure on; one that is there stays."""
    pairs = [(trip, order) for trip, order, _ in orders_of_trips(connection, list(departed_at))] if departed_at else []
    if pairs:
        connection.execute(
            statement("open_legs"),
            {
                "ids": [new_id(departed_at[trip]) for trip, _ in pairs],
                "trip_ids": [trip for trip, _ in pairs],
                "order_ids": [order for _, order in pairs],
            },
        )


def trips_ended(connection: psycopg.Connection, times: list[tuple[str, datetime]]) -> list[TripChange]:
    """Records returns (trip_id, at) and closes the legs; the trips that were changed by it."""
    changes = _change_trips(connection, "trips_ended", times)
    close_legs(connection, [change.trip_id for change in changes])
    return changes


def trips_unseen(connection: psycopg.Connection, times: list[tuple[str, datetime]]) -> list[TripChange]:
    """Ends trips (trip_id, at) whose departure nobody saw; those that were changed by it."""
    return _change_trips(connection, "trips_unseen", times, reason=DEPARTURE_UNSEEN)


def close_legs(connection: psycopg.Connection, trip_ids: list[str]) -> None:
    """The legs that are open still end with their trips."""
    if trip_ids:
        connection.execute(statement("close_legs"), {"trip_ids": trip_ids})


def _change_trips(
    connection: psycopg.Connection, name: str, times: list[tuple[str, datetime]], **more: str
) -> list[TripChange]:
    if not times:
        return []
    values = {"trip_ids": [trip for trip, _ in times], "at": [at for _, at in times], **more}
    return [TripChange(*row) for row in connection.execute(statement(name), values)]


def orders_of_trips(connection: psycopg.Connection, trip_ids: list[str]) -> list[tuple[str, str, Milestone]]:
    """(trip_id, order_id, newest milestone) of every order on the trips."""
    return _orders(connection, "orders_of_trips", trip_ids)


def orders_on_the_road(connection: psycopg.Connection, trip_ids: list[str]) -> list[tuple[str, str, Milestone]]:
    """The same of those that were on the road with the trips: what was cancelled in the yard stayed there."""
    return _orders(connection, "orders_on_the_road", trip_ids)


def _orders(connection: psycopg.Connection, name: str, trip_ids: list[str]) -> list[tuple[str, str, Milestone]]:
    rows = connection.execute(statement(name), {"trip_ids": trip_ids})
    return [(trip, order, Milestone(milestone)) for trip, order, milestone in rows]


def drops_arrived(connection: psycopg.Connection, times: list[tuple[str, datetime]]) -> None:
    """Records (drop_id, at) arrivals, in order of time."""
    _touch_drops(connection, "drops_arrived", times)


def drops_left(connection: psycopg.Connection, times: list[tuple[str, datetime]]) -> None:
    """Records (drop_id, at) departures from doors, in order of time."""
    _touch_drops(connection, "drops_left", times)


def _touch_drops(connection: psycopg.Connection, name: str, times: list[tuple[str, datetime]]) -> None:
    last = dict(times)
    if last:
        values = {"drop_ids": list(last), "at": list(last.values())}
        connection.execute(statement(name), values)


def put_detected(connection: psycopg.Connection, found: list[DetectedMilestone], recorded_at: datetime) -> None:
    """Records milestones that fixes showed and moves the orders on that are not past them.

    A fact is recorded even when the order is past it already: a late fix still tells when the van arrived.
    """
    if not found:
        return
    connection.execute(
        statement("put_detected_milestones"),
        {
            "ids": [new_id(row.at) for row in found],
            "order_ids": [row.order_id for row in found],
            "trip_ids": [row.trip_id for row in found],
            "milestones": [row.milestone.value for row in found],
            "at": [row.at for row in found],
            "evidence": [row.evidence for row in found],
            "recorded_at": recorded_at,
        },
    )
    for milestone in Milestone:
        rows = [row for row in found if row.milestone is milestone]
        if rows:
            connection.execute(
                statement("advance_orders"),
                {
                    "milestone": milestone.value,
                    "predecessors": predecessors(milestone),
                    "order_ids": [row.order_id for row in rows],
                    "at": [row.at for row in rows],
                },
            )


def predecessors(milestone: Milestone) -> list[str]:
    """The milestones from which an order may come to this one."""
    return [before.value for before, after in FOLLOWERS.items() if before is not None and milestone in after]
