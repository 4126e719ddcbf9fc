"""Premises, accounts, vehicles, drivers, devices and installs as rows, in the caller's transaction. Judges nothing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.ids import new_id
from storage.sql import statement

Hours = dict[str, tuple[str, str]]  # weekday (mon … sun) -> opens, closes as HH:MM in the premises' zone


class Premises(msgspec.Struct, frozen=True):
    """A place that vehicles leave from."""

    id: UUID
    code: str
    name: str
    licence_no: str | None
    address: str | None
    lat_e7: int | None
    lon_e7: int | None
    tz: str
    hours: Hours
    created_at: datetime
    licensee_id: UUID | None = None
    licensee_name: str | None = None
    licence_type: str | None = None
    retired_at: datetime | None = None
    phone: str | None = None  # that customers call


class Vehicle(msgspec.Struct, frozen=True):
    """A vehicle, and the device fitted in it now."""

    id: UUID
    premises_id: UUID
    premises_code: str
    name: str
    plate: str | None
    make: str | None
    model: str | None
    colour: str | None
    created_at: datetime
    retired_at: datetime | None
    device_name: str | None
    kind: str | None = None
    year: int | None = None
    vin: str | None = None
    registered_owner: str | None = None
    enclosed: bool | None = None
    unmarked: bool | None = None
    compartment: bool | None = None
    alarm: bool | None = None


class Driver(msgspec.Struct, frozen=True):
    """A person who drives; `name` is the one that staff use."""

    id: UUID
    premises_id: UUID
    premises_code: str
    employee_no: str
    name: str
    employed_from: date | None
    employed_to: date | None
    created_at: datetime
    legal_name: str | None = None
    first_name: str | None = None
    over_21: bool | None = None
    permit_no: str | None = None
    retired_at: datetime | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of a list, and where its page begins."""

    premises_ids: list[UUID] | None = None  # None: of all premises
    key: str | None = None  # id, or the name for people
    text: str | None = None  # part of what people look for
    retired: bool = False  # those too that are no longer in service
    after: tuple[str, str, UUID] | None = None  # premises' code, name and id of the last row of the page before
    most: int | None = None


class Device(msgspec.Struct, frozen=True):
    """A GPS unit, the vehicle that it is fitted in now, and whether the broker lets it in."""

    id: int
    name: str
    kind: str
    serial_no: str | None
    created_at: datetime
    vehicle_name: str | None = None
    premises_code: str | None = None
    fitted_at: datetime | None = None
    affixed: bool | None = None
    consent_by: str | None = None
    consent_on: date | None = None
    consent_document: str | None = None
    credential_issued_at: datetime | None = None
    credential_revoked_at: datetime | None = None
    last_fix_at: datetime | None = None
    credential_kind: str = "password"
    certificate_no: int = 0
    certificate_expires_at: datetime | None = None

    @property
    def has_certificate(self) -> bool:
        """Whether it identifies itself by a certificate; else by a password."""
        return self.credential_kind == "certificate"


class Fitting(msgspec.Struct, frozen=True, kw_only=True):
    """What was said when a device was fitted: which unit, how, and that the vehicle's owner agreed. None: not said."""

    serial_no: str | None = None
    affixed: bool | None = None
    consent_by: str | None = None
    consent_on: date | None = None
    consent_document: str | None = None


class EndedInstall(msgspec.Struct, frozen=True):
    """An install that was ended just now."""

    id: UUID
    premises_id: UUID
    vehicle_name: str
    from_at: datetime


def put_premises(connection: psycopg.Connection, premises: Premises) -> None:
    values = msgspec.structs.asdict(premises)
    connection.execute(statement("put_premises"), {**values, "hours": Jsonb(premises.hours)})


def change_premises(connection: psycopg.Connection, premises: Premises) -> None:
    """All but code and position as they are in `premises`; the caller records it."""
    values = msgspec.structs.asdict(premises)
    connection.execute(statement("change_premises"), {**values, "hours": Jsonb(premises.hours)})


def move_premises(connection: psycopg.Connection, premises_id: UUID, lat_e7: int | None, lon_e7: int | None) -> None:
    """Sets where premises are; the caller records it."""
    connection.execute(statement("move_premises"), {"id": premises_id, "lat_e7": lat_e7, "lon_e7": lon_e7})


def all_premises(connection: psycopg.Connection) -> list[Premises]:
    """Every premises by code."""
    rows: list[Premises] = _rows(connection, "all_premises", Premises)
    # jsonb has no tuples: make the hours again what they were when they were put.
    return [msgspec.structs.replace(row, hours=msgspec.convert(row.hours, Hours)) for row in rows]


def put_vehicle(connection: psycopg.Connection, vehicle: Vehicle) -> None:
    connection.execute(statement("put_vehicle"), msgspec.structs.asdict(vehicle))


def change_vehicle(connection: psycopg.Connection, vehicle: Vehicle) -> None:
    """All but name and premises as they are in `vehicle`; the caller records it."""
    connection.execute(statement("change_vehicle"), msgspec.structs.asdict(vehicle))


def vehicles(connection: psycopg.Connection, premises_id: UUID | None = None) -> list[Vehicle]:
    """Vehicles of the premises, retired ones too; None = of all premises."""
    return select_vehicles(connection, _all_of(premises_id))


def select_vehicles(connection: psycopg.Connection, wanted: Selection) -> list[Vehicle]:
    return _rows(connection, "vehicles", Vehicle, **selected(wanted))


def retire_vehicle(connection: psycopg.Connection, vehicle_id: UUID, at: datetime) -> bool:
    """Whether the vehicle was in service until now."""
    return connection.execute(statement("retire_vehicle"), {"id": vehicle_id, "at": at}).rowcount == 1


def put_driver(connection: psycopg.Connection, driver: Driver) -> None:
    connection.execute(statement("put_driver"), msgspec.structs.asdict(driver))


def change_driver(connection: psycopg.Connection, driver: Driver) -> None:
    """All but employee number and premises as they are in `driver`; the caller records it."""
    connection.execute(statement("change_driver"), msgspec.structs.asdict(driver))


def drivers(connection: psycopg.Connection, premises_id: UUID | None = None) -> list[Driver]:
    """Drivers of the premises, retired ones too; None = of all premises."""
    return select_drivers(connection, _all_of(premises_id))


def select_drivers(connection: psycopg.Connection, wanted: Selection) -> list[Driver]:
    return _rows(connection, "drivers", Driver, **selected(wanted))


def selected(wanted: Selection) -> dict[str, object]:
    """The parameters of a statement that lists what `wanted` says."""
    code, name, row_id = wanted.after or (None, None, None)
    return {
        "premises_ids": wanted.premises_ids, "key": wanted.key, "text": wanted.text, "retired": wanted.retired,
        "after_code": code, "after_name": name, "after_id": row_id, "most": wanted.most,
    }  # fmt: skip


def _all_of(premises_id: UUID | None) -> Selection:
    return Selection(premises_ids=None if premises_id is None else [premises_id], retired=True)


def put_device(
    connection: psycopg.Connection,
    name: str,
    *,
    kind: str,
    serial_no: str | None,
    created_at: datetime,
    credential_kind: str = "password",
) -> int:
    """The id of the new device."""
    values = {
        "name": name,
        "kind": kind,
        "serial_no": serial_no,
        "created_at": created_at,
        "credential_kind": credential_kind,
    }
    row = connection.execute(statement("put_device"), values).fetchone()
    assert row is not None, "INSERT … RETURNING gives a row"
    return int(row[0])


def devices(connection: psycopg.Connection) -> list[Device]:
    return _rows(connection, "devices", Device)


def issue_credential(connection: psycopg.Connection, names: list[str], at: datetime) -> None:
    """Notes that the devices got a credential; what it is only the broker knows."""
    connection.execute(statement("issue_credential"), {"names": names, "at": at})


def issue_certificate(connection: psycopg.Connection, name: str, at: datetime) -> int:
    """Notes that the device gets a certificate, and gives its number; the certificate itself is kept nowhere."""
    row = connection.execute(statement("issue_certificate"), {"name": name, "at": at}).fetchone()
    assert row is not None, "the caller has looked the device up"
    return int(row[0])


def note_certificate(connection: psycopg.Connection, name: str, expires_at: datetime) -> None:
    connection.execute(statement("note_certificate"), {"name": name, "expires_at": expires_at})


def revoke_credential(connection: psycopg.Connection, device_id: int, at: datetime) -> bool:
    """Whether the device had a credential until now."""
    return connection.execute(statement("revoke_credential"), {"device_id": device_id, "at": at}).rowcount == 1


def put_install(
    connection: psycopg.Connection,
    device_id: int,
    vehicle: Vehicle,
    from_at: datetime,
    *,
    dedicated: bool,
    fitting: Fitting,
) -> UUID:
    """The id of the new install. Raises ExclusionViolation when device or vehicle is taken at that time."""
    install_id = new_id(from_at)
    values = {
        "id": install_id,
        "premises_id": vehicle.premises_id,
        "device_id": device_id,
        "vehicle_id": vehicle.id,
        "dedicated": dedicated,
        "from_at": from_at,
        **msgspec.structs.asdict(fitting),
    }
    connection.execute(statement("put_install"), values)
    return install_id


def end_install(connection: psycopg.Connection, device_id: int, to_at: datetime) -> EndedInstall | None:
    """Ends the device's open install; None when it has none that began before `to_at`."""
    row = connection.execute(statement("end_install"), {"device_id": device_id, "to_at": to_at}).fetchone()
    return None if row is None else EndedInstall(*row)


def _rows(connection: psycopg.Connection, name: str, record: type[Any], **values: object) -> list[Any]:
    return [record(*row) for row in connection.execute(statement(name), values)]
