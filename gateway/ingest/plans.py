"""Reads what vehicles are meant to do, as step needs it. Plans nothing and keeps nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import psycopg

from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip
from storage.tracking import DropRow, InstallRow, installs_of_devices, open_trips_of_vehicles

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Fitted(msgspec.Struct, frozen=True):
    """A device's installs in order of time, each with the plan of its vehicle."""

    installs: tuple[tuple[InstallRow, Plan], ...]

    @property
    def first_at(self) -> datetime | None:
        """When it was fitted in its first vehicle; None: in none, or nobody knows since when."""
        return self.installs[0][0].from_at if self.installs else None

    def plan_at(self, at: datetime) -> Plan | None:
        for install, plan in self.installs:
            if (install.from_at or _LONG_AGO) <= at and (install.to_at is None or at < install.to_at):
                return plan
        return None


def fitted_devices(connection: psycopg.Connection, device_ids: list[int]) -> dict[int, Fitted]:
    """What each of the devices is fitted in."""
    installs = installs_of_devices(connection, device_ids)
    plans = _load_plans(connection, installs)
    return {
        device_id: Fitted(tuple((row, plans[row.vehicle_id]) for row in installs.get(device_id, ())))
        for device_id in device_ids
    }


def _load_plans(connection: psycopg.Connection, installs: dict[int, list[InstallRow]]) -> dict[str, Plan]:
    fitted = {row.vehicle_id: row for rows in installs.values() for row in rows}
    trips: dict[str, list[PlannedTrip]] = {}
    if fitted:
        for row in open_trips_of_vehicles(connection, list(fitted)):
            _add_row(trips.setdefault(row.vehicle_id, []), row)
    return {
        vehicle_id: Plan(
            vehicle_id=vehicle_id,
            premises_id=install.premises_id,
            premises_lat_e7=install.premises_lat_e7,
            premises_lon_e7=install.premises_lon_e7,
            trips=tuple(trips.get(vehicle_id, ())),
        )
        for vehicle_id, install in fitted.items()
    }


def _add_row(trips: list[PlannedTrip], row: DropRow) -> None:
    """Rows come ordered by trip: a new trip, or one more drop of the newest."""
    if not trips or trips[-1].trip_id != row.trip_id:
        trips.append(
            PlannedTrip(
                trip_id=row.trip_id,
                planned_departure_at=row.planned_departure_at,
                departed_at=row.departed_at,
                drops=(),
            )
        )
    if row.drop_id is None or row.order_id is None or row.seq is None:
        return
    drop = PlannedDrop(
        drop_id=row.drop_id,
        order_id=row.order_id,
        seq=row.seq,
        lat_e7=row.lat_e7,
        lon_e7=row.lon_e7,
        arrived_at=row.arrived_at,
        left_at=row.left_at,
        closed=bool(row.closed),
    )
    trips[-1] = msgspec.structs.replace(trips[-1], drops=(*trips[-1].drops, drop))
