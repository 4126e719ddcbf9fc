"""All that one trip is derived from: plan, units, ground and the window of its fixes. Steps through none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from contract.fix import Fix
from gateway.derive.ground import Ground, GroundHistory, Grounds
from gateway.tracking.events import Point
from gateway.tracking.matching import Hidden
from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip
from gateway.tracking.policy import Policy
from gateway.tracking.route import Route
from storage.derivation import (
    DropRow,
    TripRow,
    UnitRow,
    drops_of_trip,
    stored_fixes,
    trip_to_derive,
    units_of_vehicle,
)
from storage.rivals import RivalDropRow, RivalRow, gaps_before, rivals

# A standstill at the premises must be seen before it is left, and the filter for jumps needs some fixes to go by.
BEFORE = timedelta(minutes=20)
# What is confirmed after the return still belongs to the trip.
AFTER = timedelta(minutes=10)
# A trip that never came back is looked at for so long and no longer.
LONGEST = timedelta(hours=48)


class Material(msgspec.Struct, frozen=True):
    """One trip with everything that deriving it needs; to_at is the end of what is looked at, not of the trip."""

    trip: TripRow
    drops: list[DropRow]
    rivals: list[RivalRow]  # in order of plan
    units: list[UnitRow]
    ground: GroundHistory
    from_at: datetime
    to_at: datetime
    route: Route | None
    hidden: tuple[Hidden, ...]  # times on the trip before that may hide its end and this one's departure
    over: bool  # nothing that comes later can belong to it: too long ago, or another trip is said to have left
    overdue: bool  # so long after its plan that it will not leave any more

    def unit_at(self, instant: datetime) -> UnitRow | None:
        """The unit that was fitted at `instant`."""
        return next((unit for unit in self.units if _fitted(unit, instant)), None)

    def plan(self, ground: Ground, unit: str) -> Plan:
        """What the vehicle was meant to do, without anything that detection found before."""
        trip = self.trip
        intervals = next((one for one in self.units if one.name == unit), None)
        return Plan(
            vehicle_id=str(trip.vehicle_id), premises_id=str(trip.premises_id),
            premises_lat_e7=trip.premises_lat_e7, premises_lon_e7=trip.premises_lon_e7,
            trips=self._trips(), premises_zone_id=ground.premises_zone_id,
            zones=ground.zones, places=ground.places, from_departure=True,
            report_interval_s=None if intervals is None else intervals.report_interval_s,
            heartbeat_s=None if intervals is None else intervals.heartbeat_s,
        )  # fmt: skip

    def _trips(self) -> tuple[PlannedTrip, ...]:
        """In order of plan, as live tracking has them."""
        trips = [*map(_rival, self.rivals), self._planned()]
        return tuple(sorted(trips, key=lambda trip: (trip.planned_departure_at, trip.trip_id)))

    def _planned(self) -> PlannedTrip:
        return PlannedTrip(
            trip_id=str(self.trip.id), planned_departure_at=self.trip.planned_departure_at,
            departed_at=self.trip.declared_departed_at, ended_at=self.trip.declared_ended_at,
            drops=tuple(map(_drop, self.drops)), route=self.route,
        )  # fmt: skip


def gather(connection: psycopg.Connection, trip_id: UUID, grounds: Grounds, now: datetime) -> Material | None:
    """The material of the trip; None when there is no such trip."""
    trip = trip_to_derive(connection, trip_id)
    if trip is None:
        return None
    premises_id = str(trip.premises_id)
    ground = grounds.of(connection, {premises_id})[premises_id]
    policy = ground.at(trip.planned_departure_at).policy
    from_at, to_at, over = _window(trip, policy, now)
    overdue = trip.planned_departure_at + LONGEST <= now
    return Material(
        trip, drops_of_trip(connection, trip_id), rivals(connection, trip),
        units_of_vehicle(connection, trip.vehicle_id, from_at, to_at), ground, from_at, to_at,
        route_of(trip.planned_route), _hidden(connection, trip, policy), over, overdue,
    )  # fmt: skip


def fixes_of(connection: psycopg.Connection, material: Material) -> Iterator[Fix]:
    """Every stored fix of the window in order of time."""
    ended_at = material.trip.ended_at
    # What was found before decides how many are fetched at once, not how many are looked at.
    likely_to = None if ended_at is None else ended_at + AFTER + timedelta(seconds=1)
    return stored_fixes(connection, material.units, material.from_at, material.to_at, likely_to)


def route_of(planned_route: list[tuple[int, int]] | None) -> Route | None:
    """The planned way as the engine takes it, latitude first; None when none is planned."""
    line = tuple((lat_e7, lon_e7) for lon_e7, lat_e7 in planned_route or ())
    return Route(line) if len(line) > 1 else None


def _hidden(connection: psycopg.Connection, trip: TripRow, policy: Policy) -> tuple[Hidden, ...]:
    """Live tracking has them in its state; which numbers they lack is the earlier trip's matter."""
    found = gaps_before(connection, trip, timedelta(seconds=policy.unseen_round_s))
    return tuple(Hidden(*msgspec.convert(points, tuple[Point, Point])) for points in found)


def _window(trip: TripRow, policy: Policy, now: datetime) -> tuple[datetime, datetime, bool]:
    """From where to where fixes are looked at. Nothing in it depends on what was found of this trip before."""
    soonest = trip.planned_departure_at - timedelta(seconds=policy.early_departure_s)
    if trip.declared_departed_at is not None:
        soonest = min(soonest, trip.declared_departed_at)
    from_at = soonest - BEFORE
    if trip.ended_before is not None:
        from_at = max(from_at, trip.ended_before)
    latest = max(trip.planned_departure_at, trip.declared_departed_at or trip.planned_departure_at) + LONGEST
    to_at = min(latest, trip.departs_next) if trip.departs_next is not None else latest
    return from_at, max(from_at, min(to_at, now + AFTER)), to_at <= now


def _fitted(unit: UnitRow, instant: datetime) -> bool:
    return (unit.from_at is None or unit.from_at <= instant) and (unit.to_at is None or instant < unit.to_at)


def _rival(row: RivalRow) -> PlannedTrip:
    return PlannedTrip(
        trip_id=row.trip_id, planned_departure_at=row.planned_departure_at, departed_at=row.declared_departed_at,
        ended_at=row.declared_ended_at, drops=tuple(map(_drop, row.drops)),
    )  # fmt: skip


def _drop(row: DropRow | RivalDropRow) -> PlannedDrop:
    return PlannedDrop(
        drop_id=row.drop_id, order_id=row.order_id, seq=row.seq, lat_e7=row.lat_e7, lon_e7=row.lon_e7,
        arrived_at=None, left_at=None, closed=False,
    )  # fmt: skip
