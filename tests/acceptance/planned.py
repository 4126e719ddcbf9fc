"""Planned trips for vehicles that drive round after round, and all that was found of them. Drives none."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from contract.milestones import Milestone
from gateway.orders.service import declare, place_order, plan_trip
from storage.audit import Actor
from storage.derivation import told_milestones
from storage.derived import counting_version, read_findings
from storage.derived_rows import Findings
from storage.ids import new_id
from storage.orders import NewDrop, NewOrder, NewTrip
from tests.fixtures.database import Database
from tests.fixtures.driving import DOORS_M, NO_DOOR_M, ROUND_S
from tests.fixtures.gateway import PREMISES, eventually, register
from tests.unit.gateway.tracking.worlds import HOME, METRE_E7, north

DISPATCHER = Actor("account", "aino")
# The planned way leaves the street that is driven by 300 m to the east, between the doors.
EAST_E7 = round(300 * METRE_E7 / 0.4975)
ROUTE_M = ((0, 0), (700, 0), (700, EAST_E7), (1200, EAST_E7), (1200, 0), (NO_DOOR_M, 0))
ROUTE = tuple((HOME[1] + east_e7, north(metres)[0]) for metres, east_e7 in ROUTE_M)


def plan_rounds(database: Database, devices: Iterable[str], begins_at: datetime, rounds: int) -> None:
    """For each device a van with a trip for each of its first rounds; the place where it stands is prohibited."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        vans = {}
        for number, device in enumerate(devices, 1):
            vehicle = f"01900000-0000-7000-8000-00000000010{number}"
            register(owner, device, vehicle=vehicle, name=f"van-{number}")
            vans[f"van-{number}"] = UUID(vehicle)
        lat_e7, lon_e7 = north(NO_DOOR_M)
        circle = json.dumps({"type": "Point", "coordinates": [lon_e7 / 1e7, lat_e7 / 1e7]})
        owner.execute(
            "INSERT INTO waybill.zone (id, premises_id, name, kind, geometry, radius_m, during, source, created_at)"
            " VALUES (%s, %s, 'School', 'prohibited', %s, 100, tstzrange(%s, NULL), 'test', %s)",
            [new_id(begins_at), PREMISES, circle, begins_at - timedelta(days=1), begins_at],
        )
    with psycopg.connect(database.gateway_url) as connection:
        for name, vehicle_id in vans.items():
            for number in range(rounds):
                _plan(connection, name, vehicle_id, begins_at, number)


def _plan(connection: psycopg.Connection, van: str, vehicle_id: UUID, begins_at: datetime, number: int) -> None:
    departs_at = begins_at + timedelta(seconds=number * ROUND_S + 60)
    drops = []
    for metres in DOORS_M:
        lat_e7, lon_e7 = north(metres)
        order = NewOrder(
            source="shop", source_ref=f"{van}-{number}-{metres}", customer_name="Liisa", address="Kaisaniementie 5",
            lat_e7=lat_e7, lon_e7=lon_e7, window_from=departs_at, window_to=departs_at + timedelta(hours=1),
            placed_at=begins_at - timedelta(hours=2),
        )  # fmt: skip
        placed = place_order(connection, UUID(PREMISES), order, DISPATCHER)
        for milestone in (Milestone.ACCEPTED, Milestone.READY):
            declare(connection, placed.id, milestone, begins_at - timedelta(hours=2), DISPATCHER)
        drops.append(NewDrop(placed.id))
    trip = NewTrip(
        premises_id=UUID(PREMISES), vehicle_id=vehicle_id, crew=(), drops=tuple(drops),
        planned_departure_at=departs_at, planned_route=ROUTE,
    )  # fmt: skip
    plan_trip(connection, trip, DISPATCHER, begins_at - timedelta(hours=1))


class Found(msgspec.Struct, frozen=True):
    """What is on record of one trip in the end."""

    findings: Findings
    final: bool
    told: list[tuple[str, datetime, str]]  # order, time and milestone as they are known now
    beside: list[tuple[object, ...]]  # doors, legs, orders, exceptions


class Record(msgspec.Struct, frozen=True):
    """All that was derived: trips and their intervals by number, and hours that are over by vehicle and beginning."""

    trips: dict[str, Found]
    intervals: dict[str, tuple[datetime | None, datetime | None]]
    hours: dict[tuple[UUID, datetime], tuple[object, ...]]


def settle(connection: psycopg.Connection, within_s: float) -> None:
    """Lets the worker derive what is queued, without the waiting for more; the connection is the owner's."""

    def settled() -> bool:
        for queue in ("derivation_queue", "hour_queue"):
            # Not what somebody works on: two who change many rows in another order wait for each other.
            connection.execute(
                f"UPDATE waybill.{queue} SET due_at = '2000-01-01'"
                f" WHERE ctid IN (SELECT ctid FROM waybill.{queue} FOR UPDATE SKIP LOCKED)".encode()
            )
        left = connection.execute(
            "SELECT (SELECT count(*) FROM waybill.derivation_queue) + (SELECT count(*) FROM waybill.hour_queue)"
        ).fetchone()
        return left == (0,)

    eventually(settled, within_s)


def read_record(connection: psycopg.Connection) -> Record:
    """What is on record now."""
    trips: dict[str, Found] = {}
    intervals: dict[str, tuple[datetime | None, datetime | None]] = {}
    for trip_id, trip_no, *interval in connection.execute(
        "SELECT id, trip_no, departed_at, ended_at FROM waybill.trip ORDER BY trip_no"
    ).fetchall():
        intervals[trip_no] = (interval[0], interval[1])
        counts = counting_version(connection, trip_id)
        if counts is not None:
            beside = [row for query in _BESIDE for row in connection.execute(query.encode(), [trip_id])]
            told, findings = _told(connection, trip_id), read_findings(connection, counts.id)
            trips[trip_no] = Found(findings, counts.final, told, beside)
    return Record(trips, intervals, _hours(connection))


def _hours(connection: psycopg.Connection) -> dict[tuple[UUID, datetime], tuple[object, ...]]:
    """Without when they were made, and without the one that is not over."""
    rows = connection.execute(
        "SELECT vehicle_id, hour_at, distance_m, moving_s, stopped_s, unseen_s, unseen_m, max_speed_mps,"
        " harsh_brakings, harsh_accelerations, fixes, policy_version FROM waybill.vehicle_hour"
        " WHERE hour_at + INTERVAL '1 hour' <= (SELECT min(fixed_at) FROM waybill.last_fix)"
    )
    return {(row[0], row[1]): row[2:] for row in rows}


def _told(connection: psycopg.Connection, trip_id: UUID) -> list[tuple[str, datetime, str]]:
    rows = told_milestones(connection, trip_id)
    return sorted((row.order_id, row.at, row.milestone.value) for row in rows if not row.withdrawn)


_BESIDE = (
    "SELECT order_id, arrived_at, left_at FROM waybill.trip_drop WHERE trip_id = %s ORDER BY seq",
    "SELECT order_id, during FROM waybill.leg WHERE trip_id = %s ORDER BY order_id",
    (
        "SELECT o.milestone FROM waybill.orders o JOIN waybill.trip_drop d ON d.order_id = o.id WHERE d.trip_id = %s"
        " ORDER BY d.seq"
    ),
    "SELECT kind, zone_id, during, rule FROM waybill.exception WHERE trip_id = %s AND NOT withdrawn ORDER BY 3, 1, 4",
)
