"""Adds and retires vehicles and adds drivers, each with its audit event. Deletes none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import msgspec
import psycopg

from contract.fix import DEVICE_NAME
from gateway.master.errors import MasterDataError
from storage import master
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.master import Driver, Premises, Vehicle


def add_vehicle(
    connection: psycopg.Connection,
    premises: Premises,
    name: str,
    *,
    actor: Actor,
    at: datetime,
    plate: str | None = None,
    make: str | None = None,
    model: str | None = None,
    colour: str | None = None,
) -> Vehicle:
    if not DEVICE_NAME.fullmatch(name):
        raise MasterDataError(f"vehicle name {name!r} must be 1 to 32 of a-z, 0-9 and -, not beginning with -")
    vehicle = Vehicle(new_id(at), premises.id, premises.code, name, plate, make, model, colour, at, None, None)
    try:
        with connection.transaction():
            master.put_vehicle(connection, vehicle)
    except psycopg.errors.UniqueViolation:
        raise MasterDataError(f"vehicle {name} exists already at {premises.code}") from None
    after = {"name": name, "plate": plate, "make": make, "model": model, "colour": colour}
    record(connection, [_event("vehicle.added", "vehicle", vehicle.id, premises.id, actor, at, after)])
    return vehicle


def retire_vehicle(connection: psycopg.Connection, vehicle: Vehicle, *, actor: Actor, at: datetime) -> None:
    """Takes a vehicle out of service; its history stays. A device must have left it first."""
    if vehicle.device_name is not None:
        raise MasterDataError(f"{vehicle.device_name} is fitted in {vehicle.name}: waybill device unfit it first")
    if not master.retire_vehicle(connection, vehicle.id, at):
        raise MasterDataError(f"vehicle {vehicle.name} is retired already")
    record(connection, [_event("vehicle.retired", "vehicle", vehicle.id, vehicle.premises_id, actor, at, None)])


def find_vehicle(connection: psycopg.Connection, name: str, premises_id: UUID | None = None) -> Vehicle:
    """The vehicle of this name, at these premises or wherever only one has it."""
    known = master.vehicles(connection, premises_id)
    found = [vehicle for vehicle in known if vehicle.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        codes = ", ".join(vehicle.premises_code for vehicle in found)
        raise MasterDataError(f"several premises have a vehicle {name}; name one with --premises: {codes}")
    names = ", ".join(vehicle.name for vehicle in known[:40]) or "none; add one with waybill vehicle add"
    raise MasterDataError(f"there is no vehicle {name!r}; known: {names}" + (" …" if len(known) > 40 else ""))


def add_driver(
    connection: psycopg.Connection,
    premises: Premises,
    *,
    employee_no: str,
    name: str,
    actor: Actor,
    at: datetime,
    employed_from: date | None = None,
    employed_to: date | None = None,
) -> Driver:
    driver = Driver(new_id(at), premises.id, premises.code, employee_no, name, employed_from, employed_to, at)
    if employed_from is not None and employed_to is not None and employed_to < employed_from:
        raise MasterDataError(f"driver {name}: employed to {employed_to}, which is before {employed_from}")
    try:
        with connection.transaction():
            master.put_driver(connection, driver)
    except psycopg.errors.UniqueViolation:
        raise MasterDataError(f"employee number {employee_no} is taken already at {premises.code}") from None
    after = {"employee_no": employee_no, "name": name, "employed_from": employed_from, "employed_to": employed_to}
    record(connection, [_event("driver.added", "driver", driver.id, premises.id, actor, at, after)])
    return driver


def _event(
    action: str,
    kind: str,
    object_id: UUID,
    premises_id: UUID,
    actor: Actor,
    at: datetime,
    after: Mapping[str, object] | None,
) -> AuditEvent:
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind=kind, object_id=str(object_id), premises_id=premises_id
    )
    return event if after is None else msgspec.structs.replace(event, after=after)
