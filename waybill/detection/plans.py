"""The plan file of `waybill detect`: what vehicles of a recording were meant to do. Runs nothing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from contract.geo import to_e7
from contract.places import PlaceKind
from gateway.tracking.plan import Place, Plan, PlannedDrop, PlannedTrip
from gateway.tracking.route import Route
from gateway.tracking.zones import ZoneSet
from waybill.invocation import CommandError

_Lat = Annotated[float, Meta(ge=-90, le=90)]
_Lon = Annotated[float, Meta(ge=-180, le=180)]
_Instant = Annotated[datetime, Meta(tz=True)]


class _Spot(msgspec.Struct, forbid_unknown_fields=True):
    lat: _Lat
    lon: _Lon


class _Drop(msgspec.Struct, forbid_unknown_fields=True):
    order: str
    lat: _Lat
    lon: _Lon


class _Trip(msgspec.Struct, forbid_unknown_fields=True):
    trip: str
    planned_departure_at: _Instant
    departed_at: _Instant | None = None  # declared; else it is detected at the premises
    ended_at: _Instant | None = None
    drops: list[_Drop] = []
    route: list[tuple[_Lon, _Lat]] = []  # as in GeoJSON: longitude first


class _Place(msgspec.Struct, forbid_unknown_fields=True):
    kind: PlaceKind
    lat: _Lat
    lon: _Lon
    radius_m: Annotated[float, Meta(gt=0)] = 50.0
    name: str = ""


class _Vehicle(msgspec.Struct, forbid_unknown_fields=True):
    premises: _Spot | None = None
    trips: list[_Trip] = []
    report_interval_s: Annotated[float, Meta(ge=0)] | None = None
    heartbeat_s: Annotated[float, Meta(ge=0)] | None = None


class PlanFile(msgspec.Struct, forbid_unknown_fields=True):
    vehicles: dict[str, _Vehicle] = {}
    places: list[_Place] = []


def read_plan(path: Path | None) -> PlanFile:
    """Reads a plan file; without one nothing is planned. Raises CommandError that names what is wrong in it."""
    if path is None:
        return PlanFile()
    try:
        return msgspec.json.decode(path.read_bytes(), type=PlanFile)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise CommandError(f"{path}: {error}; docs/tracking.md shows a plan file") from error


def plan_of(vehicle: str, file: PlanFile, zones: ZoneSet | None) -> Plan:
    """The plan of one vehicle; one without trips is tracked as if it were on one all the time."""
    meant = file.vehicles.get(vehicle, _Vehicle())
    premises = meant.premises
    return Plan(
        vehicle_id=vehicle,
        premises_id="",
        premises_lat_e7=None if premises is None else to_e7(premises.lat),
        premises_lon_e7=None if premises is None else to_e7(premises.lon),
        trips=tuple(_trip(trip) for trip in sorted(meant.trips, key=lambda trip: trip.planned_departure_at)),
        zones=zones,
        places=tuple(
            Place(
                place_id=place.name or f"{place.kind}-{number}", kind=place.kind, lat_e7=to_e7(place.lat),
                lon_e7=to_e7(place.lon), radius_m=place.radius_m, name=place.name,
            )
            for number, place in enumerate(file.places, 1)
        ),
        report_interval_s=meant.report_interval_s,
        heartbeat_s=meant.heartbeat_s,
        from_departure=True,
        without_trips=not meant.trips,
    )  # fmt: skip


def _trip(trip: _Trip) -> PlannedTrip:
    return PlannedTrip(
        trip_id=trip.trip,
        planned_departure_at=trip.planned_departure_at,
        departed_at=trip.departed_at,
        ended_at=trip.ended_at,
        route=Route(tuple((to_e7(lat), to_e7(lon)) for lon, lat in trip.route)) if trip.route else None,
        drops=tuple(
            PlannedDrop(
                drop_id=f"{trip.trip}/{drop.order}", order_id=drop.order, seq=number, lat_e7=to_e7(drop.lat),
                lon_e7=to_e7(drop.lon), arrived_at=None, left_at=None, closed=False,
            )
            for number, drop in enumerate(trip.drops, 1)
        ),
    )  # fmt: skip
