"""Adds, changes and retires vehicles, each with its audit event. Deletes none."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

import psycopg

from contract.fix import DEVICE_NAME
from gateway.master.changes import tell, with_changes
from gateway.master.errors import MasterDataConflictError, MasterDataError
from storage import master
from storage.audit import Actor
from storage.ids import new_id
from storage.master import Premises, Vehicle

KINDS = ("car", "van", "truck", "cargo_bike", "bicycle", "scooter", "foot")
# ISO 3779: 17 characters without I, O and Q; the law asks for it since model year 1981 (49 CFR 565).
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_SINCE = 1981


class VehicleFacts(TypedDict, total=False):
    """What may be known of a vehicle; None: not known."""

    plate: str | None
    make: str | None
    model: str | None
    colour: str | None
    kind: str | None
    year: int | None
    vin: str | None
    registered_owner: str | None
    enclosed: bool | None
    unmarked: bool | None
    compartment: bool | None
    alarm: bool | None


def add_vehicle(
    connection: psycopg.Connection,
    premises: Premises,
    name: str,
    *,
    actor: Actor,
    at: datetime,
    **facts: Unpack[VehicleFacts],
) -> Vehicle:
    if not DEVICE_NAME.fullmatch(name):
        raise MasterDataError(
            f"vehicle name {name!r} must be 1 to 32 of a-z, 0-9 and -, not beginning with -", field="body.name"
        )
    bare = Vehicle(new_id(at), premises.id, premises.code, name, None, None, None, None, at, None, None)
    vehicle, _, known = with_changes(bare, _checked(facts, at))
    _check_vin(vehicle)
    try:
        with connection.transaction():
            master.put_vehicle(connection, vehicle)
    except psycopg.errors.UniqueViolation:
        raise MasterDataConflictError(f"vehicle {name} exists already at {premises.code}", field="body.name") from None
    tell(connection, "vehicle.added", vehicle, actor, at, premises_id=premises.id, after={"name": name, **known})
    return vehicle


def change_vehicle(
    connection: psycopg.Connection, vehicle: Vehicle, *, actor: Actor, at: datetime, **facts: Unpack[VehicleFacts]
) -> Vehicle:
    """What is given of the facts; the same ones again change nothing."""
    if vehicle.retired_at is not None:
        raise MasterDataConflictError(f"vehicle {vehicle.name} is retired")
    changed, before, after = with_changes(vehicle, _checked(facts, at))
    _check_vin(changed)
    if after:
        master.change_vehicle(connection, changed)
        tell(connection, "vehicle.changed", vehicle, actor, at, premises_id=vehicle.premises_id, before=before,
             after=after)  # fmt: skip
    return changed


def retire_vehicle(connection: psycopg.Connection, vehicle: Vehicle, *, actor: Actor, at: datetime) -> None:
    """Takes a vehicle out of service; its history stays. A device must have left it first."""
    if vehicle.device_name is not None:
        raise MasterDataConflictError(
            f"{vehicle.device_name} is fitted in {vehicle.name}: waybill device unfit it first"
        )
    if not master.retire_vehicle(connection, vehicle.id, at):
        raise MasterDataConflictError(f"vehicle {vehicle.name} is retired already")
    tell(connection, "vehicle.retired", vehicle, actor, at, premises_id=vehicle.premises_id,
         before={"retired_at": None}, after={"retired_at": at})  # fmt: skip


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


def _checked(facts: VehicleFacts, at: datetime) -> dict[str, Any]:
    checked: dict[str, Any] = dict(facts)
    kind, year = checked.get("kind"), checked.get("year")
    if kind is not None and kind not in KINDS:
        raise MasterDataError(f"vehicle kind {kind!r} must be one of {', '.join(KINDS)}", field="body.kind")
    if year is not None and not 1900 <= year <= at.year + 2:
        raise MasterDataError(f"model year {year} must be 1900 to {at.year + 2}", field="body.year")
    if checked.get("vin") is not None:
        checked["vin"] = checked["vin"].upper()
    return checked


def _check_vin(vehicle: Vehicle) -> None:
    old = vehicle.year is not None and vehicle.year < _VIN_SINCE
    if vehicle.vin is not None and not old and not _VIN.fullmatch(vehicle.vin):
        raise MasterDataError(
            f"VIN {vehicle.vin!r} must be 17 letters and digits without I, O and Q (since model year {_VIN_SINCE})",
            field="body.vin",
        )
