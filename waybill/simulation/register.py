"""Registers a simulated fleet's vehicles and devices where they are missing. Changes nothing that is there."""

from __future__ import annotations

from datetime import datetime

import psycopg

from firmware_bridge.sim.fleet_plan import vehicle_name
from gateway.master.devices import add_device, fit_device, issue_credentials
from gateway.master.premises import find_premises
from gateway.master.vehicles import add_vehicle
from storage.audit import Actor
from storage.master import Premises, devices, vehicles
from waybill.commands.actor import terminal_actor
from waybill.connections import broker_admin, database
from waybill.device_passwords import find_password, keep_password
from waybill.invocation import CommandError
from waybill.settings import Settings
from waybill.simulation.fleet import Simulated
from waybill.terminal import note


def register_fleet(settings: Settings, fleet: Simulated, premises_code: str | None) -> None:
    """Adds vehicles and devices that are missing, fits new devices from the fleet's start on, makes missing passwords.

    The passwords are kept in the data folder, for this machine.
    """
    actor, now = terminal_actor(), settings.parsed_clock().now()
    without = [name for name in fleet.devices if not _has_password(settings, name)]
    with database(settings) as connection, connection.transaction():
        premises = find_premises(connection, premises_code)
        added = _add(connection, fleet, premises, actor, now)
        made = issue_credentials(connection, broker_admin(settings), without, actor=actor, at=now) if without else {}
    for name, password in made.items():
        keep_password(settings.data_dir, name, password)
    note(f"{added} devices registered at {premises.code}, {len(made)} passwords made; kept in {settings.data_dir}")


def _add(connection: psycopg.Connection, fleet: Simulated, premises: Premises, actor: Actor, now: datetime) -> int:
    known_vehicles = {vehicle.name: vehicle for vehicle in vehicles(connection, premises.id)}
    known_devices = {device.name for device in devices(connection)}
    added = 0
    for number, name in enumerate(fleet.devices, 1):
        if name in known_devices:
            continue
        vehicle = known_vehicles.get(vehicle_name(number))
        if vehicle is None:
            vehicle = add_vehicle(connection, premises, vehicle_name(number), actor=actor, at=now)
        device = add_device(connection, name, actor=actor, at=now)
        fit_device(connection, device, vehicle, actor=actor, at=fleet.wish.starts_at)
        added += 1
    return added


def _has_password(settings: Settings, name: str) -> bool:
    try:
        find_password(settings, name, None)
    except CommandError:
        return False
    return True
