"""Registers the demo's premises, vans, crews and units, those that are not known yet. Places no order."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from gateway.master.devices import CredentialStore, add_device, fit_device, issue_credentials
from gateway.master.drivers import add_driver
from gateway.master.hours import parse_hours
from gateway.master.premises import NewPremises, open_premises
from gateway.master.vehicles import add_vehicle
from storage import master
from storage.audit import Actor
from waybill.demo import catalogue
from waybill.demo.records import DemoDay, DemoDriver

SETUP = Actor("system", "demo")
# A van that nobody drives, for the reader's own first fix.
SPARE_VEHICLE, SPARE_DEVICE = "van-99", "gps-99"


class NotADemoError(RuntimeError):
    """The database holds somebody's real premises: the demo does not mix with them."""


class Registered(msgspec.Struct, frozen=True):
    """Ids of what the demo's orders and trips refer to."""

    premises_id: UUID
    vehicles: dict[str, UUID]
    drivers: dict[str, UUID]  # by employee number


def register_day(
    connection: psycopg.Connection, day: DemoDay, broker: CredentialStore, kept: dict[str, str], at: datetime
) -> tuple[Registered, dict[str, str]]:
    """Brings the registers up to what `day` needs; ids, and the passwords of all devices.

    In the caller's transaction. `kept` are passwords that the broker knows already.
    """
    premises = _premises(connection, day, at)
    vehicles = {one.name: one for one in master.vehicles(connection, premises.id)}
    drivers = {one.employee_no: one for one in master.drivers(connection, premises.id)}
    devices = {one.name: one for one in master.devices(connection)}
    wanted = [(van.vehicle, van.device, van.crew) for van in day.vans]
    spare: tuple[str, str, tuple[DemoDriver, ...]] = (SPARE_VEHICLE, SPARE_DEVICE, ())
    for number, (vehicle, device, crew) in enumerate([*wanted, spare]):
        if vehicle not in vehicles:
            make, model = catalogue.MAKES[number % len(catalogue.MAKES)]
            vehicles[vehicle] = add_vehicle(
                connection, premises, vehicle, actor=SETUP, at=at, plate=f"DEM-{int(vehicle.removeprefix('van-')):03d}",
                make=make, model=model, colour=catalogue.COLOURS[number % len(catalogue.COLOURS)],
            )  # fmt: skip
        if device not in devices:
            devices[device] = add_device(connection, device, actor=SETUP, at=at)
            fit_device(connection, devices[device], vehicles[vehicle], actor=SETUP, at=at)
        for person in crew:
            if person.employee_no not in drivers:
                drivers[person.employee_no] = add_driver(
                    connection, premises, employee_no=person.employee_no, name=person.name, actor=SETUP, at=at
                )
    missing = [device for _, device, _ in [*wanted, spare] if device not in kept]
    fresh = issue_credentials(connection, broker, missing, actor=SETUP, at=at) if missing else {}
    vehicle_ids = {name: one.id for name, one in vehicles.items()}
    driver_ids = {number: one.id for number, one in drivers.items()}
    return Registered(premises.id, vehicle_ids, driver_ids), {**kept, **fresh}


def _premises(connection: psycopg.Connection, day: DemoDay, at: datetime) -> master.Premises:
    others = [one.code for one in master.all_premises(connection) if one.code != catalogue.PREMISES_CODE]
    if others:
        raise NotADemoError(
            f"the database holds the premises {', '.join(others)}; the demo needs one of its own: "
            "leave WAYBILL_DATABASE_… unset, or name an empty database"
        )
    place = day.premises.place
    wanted = NewPremises(
        code=catalogue.PREMISES_CODE,
        name=catalogue.PREMISES_NAME,
        tz=catalogue.TIME_ZONE,
        hours=parse_hours(f"mon-sun {catalogue.OPENS_LOCAL}-{catalogue.CLOSES_LOCAL}"),
        address=f"{day.premises.text}, Helsinki",
        licence_no=catalogue.LICENCE_NO,
        lat_e7=round(place.lat_deg * 1e7),
        lon_e7=round(place.lon_deg * 1e7),
    )
    return open_premises(connection, wanted, actor=SETUP, at=at)
