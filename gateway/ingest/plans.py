"""Reads what vehicles are meant to do and what holds on their ground, as step needs it. Plans nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import psycopg

from gateway.derive.ground import Ground, GroundHistory, Grounds
from gateway.derive.material import route_of
from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip
from gateway.tracking.policy import Policy
from gateway.tracking.route import Route
from storage.tracking import DropRow, InstallRow, installs_of_devices, open_trips_of_vehicles, routes_of_trips

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Routes:
    """Planned ways in memory, read once for every version of a trip's plan: they are the largest part of it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, Route | None]] = {}

    def load(self, connection: psycopg.Connection, rows: list[DropRow]) -> None:
        """Reads the ways of those trips that are not known in this version."""
        versions = {row.trip_id: row.plan_version for row in rows if row.has_route}
        wanted = [trip for trip, version in versions.items() if self._known.get(trip, (0, None))[0] != version]
        for trip, route in routes_of_trips(connection, wanted).items() if wanted else ():
            self._known[trip] = (versions[trip], route_of(route))
        if len(self._known) > 2 * len(versions) + 1000:
            self._known = {trip: self._known[trip] for trip in versions if trip in self._known}

    def of(self, trip_id: str) -> Route | None:
        """The trip's planned way; None when none is planned."""
        return self._known.get(trip_id, (0, None))[1]


class Fitted:
    """A device's installs in order of time, the plan of each one's vehicle, and what held on its ground."""

    def __init__(self, installs: list[InstallRow], plans: dict[str, Plan], grounds: dict[str, GroundHistory]) -> None:
        self._installs, self._plans, self._grounds = installs, plans, grounds
        self._install: InstallRow | None = None
        self._ground: Ground | None = None
        self._plan: Plan | None = None

    @property
    def first_at(self) -> datetime | None:
        """When it was fitted in its first vehicle; None: in none, or nobody knows since when."""
        return self._installs[0].from_at if self._installs else None

    def at(self, instant: datetime, base: Policy) -> tuple[Plan | None, Policy]:
        """The plan and the thresholds for a fix of `instant`; no plan when the device was in no vehicle."""
        install = self._install
        if install is None or not _covers(install, instant):
            install = next((one for one in self._installs if _covers(one, instant)), None)
        if install is None:
            return None, base
        ground = self._grounds[install.premises_id].at(instant)
        if install is not self._install or ground is not self._ground:
            self._install, self._ground = install, ground
            self._plan = msgspec.structs.replace(
                self._plans[install.vehicle_id], zones=ground.zones, places=ground.places,
                premises_zone_id=ground.premises_zone_id, report_interval_s=install.report_interval_s,
                heartbeat_s=install.heartbeat_s,
            )  # fmt: skip
        return self._plan, ground.policy

    def ground_of_newest(self) -> GroundHistory | None:
        """What held at the premises that the device belongs to now."""
        return self._grounds[self._installs[-1].premises_id] if self._installs else None


def fitted_devices(
    connection: psycopg.Connection, device_ids: list[int], grounds: Grounds, routes: Routes
) -> dict[int, Fitted]:
    """What each of the devices is fitted in, as everything stands now."""
    installs = installs_of_devices(connection, device_ids)
    fitted = {row.vehicle_id: row for rows in installs.values() for row in rows}
    held = grounds.of(connection, {row.premises_id for row in fitted.values()}) if fitted else {}
    plans = _vehicle_plans(connection, fitted, routes) if fitted else {}
    return {device_id: Fitted(installs.get(device_id, []), plans, held) for device_id in device_ids}


def _vehicle_plans(connection: psycopg.Connection, fitted: dict[str, InstallRow], routes: Routes) -> dict[str, Plan]:
    trips: dict[str, list[PlannedTrip]] = {}
    rows = open_trips_of_vehicles(connection, list(fitted))
    routes.load(connection, rows)
    for row in rows:
        _add_row(trips.setdefault(row.vehicle_id, []), row, routes)
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


def _add_row(trips: list[PlannedTrip], row: DropRow, routes: Routes) -> None:
    """Rows come ordered by trip: a new trip, or one more drop of the newest."""
    if not trips or trips[-1].trip_id != row.trip_id:
        trips.append(
            PlannedTrip(
                trip_id=row.trip_id,
                planned_departure_at=row.planned_departure_at,
                departed_at=row.departed_at,
                drops=(),
                route=routes.of(row.trip_id) if row.has_route else None,
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


def _covers(install: InstallRow, instant: datetime) -> bool:
    return (install.from_at or _LONG_AGO) <= instant and (install.to_at is None or instant < install.to_at)
