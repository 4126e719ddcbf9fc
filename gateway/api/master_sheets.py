"""Vehicles, drivers, known places and installs as CSV: what a row does, and what an export says. Opens no file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from pydantic import BaseModel, ValidationError

from contract.geo import from_e7
from gateway.api.csv_answers import ImportReport, report_of
from gateway.api.drivers import DriverChangeIn, DriverIn
from gateway.api.installs import InstallFacts, InstallIn, fit_from, own_device
from gateway.api.known_places import PlaceIn, as_stored
from gateway.api.vehicles import VehicleFactsIn, VehicleIn
from gateway.csv_rows import Row, Wrong, read_rows, write_rows
from gateway.master.changes import only
from gateway.master.drivers import add_driver, change_driver
from gateway.master.errors import MasterDataConflictError
from gateway.master.installs import change_install
from gateway.master.vehicles import add_vehicle, change_vehicle
from gateway.master.zones import NewPlace, add_place, change_place
from gateway.refusals import RefusedError
from storage.audit import Actor
from storage.installs import select_installs
from storage.master import Premises, Selection, select_drivers, select_vehicles
from storage.zones import select_places

MOST_ROWS = 10_000
Cells = dict[str, str | None]


class Deed(msgspec.Struct, frozen=True):
    """Where a row belongs, who brings it, when, and whose premises that person may change (None: all)."""

    connection: psycopg.Connection
    premises: Premises
    actor: Actor
    at: datetime
    own: list[UUID] | None


class Sheet(msgspec.Struct, frozen=True):
    """One kind of file: its columns (the first one names the row), and what is done with a row."""

    name: str  # as in the URL
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    put: Callable[[Deed, Cells], str]  # created, changed or unchanged
    select: Callable[[psycopg.Connection, Selection, datetime], Sequence[Any]]


def import_sheet(
    connection: psycopg.Connection, sheet: Sheet, file: bytes, premises: Callable[[str | None], Premises],
    own: list[UUID] | None, actor: Actor, at: datetime, *, dry_run: bool,
) -> ImportReport:  # fmt: skip
    """Every row of the file, in the caller's transaction; nothing of it when one cannot be.

    A column that is not there leaves things as they are, an empty cell makes them unknown. `premises` finds those of a
    code, or those that are meant without one.
    """
    rows, wrong = read_rows(file, sheet.needed, sheet.columns)
    if len(rows) > MOST_ROWS:
        wrong.append(Wrong(1, f"{len(rows)} rows; at most {MOST_ROWS} in one file: split it"))
        rows = []
    outcomes: dict[str, int] = {}
    seen: dict[tuple[str, str], int] = {}
    with connection.transaction() as all_of_it:
        for row in rows:
            try:
                where = premises(row.cells.get("premises") or None)
                _once(seen, sheet, where, row)
                cells = {name: cell or None for name, cell in row.cells.items() if name != "premises"}
                outcome = sheet.put(Deed(connection, where, actor, at, own), cells)
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
            except ValidationError as error:
                wrong += [_wrong(row, one) for one in error.errors()]
            except RefusedError as error:
                column = None if error.field is None else error.field.removeprefix("body.")
                wrong.append(Wrong(row.line, str(error), column))
        if wrong or dry_run:
            raise psycopg.Rollback(all_of_it)
    return report_of(outcomes, wrong, done=not wrong and not dry_run)


def export_sheet(
    connection: psycopg.Connection, sheet: Sheet, premises_ids: list[UUID] | None, at: datetime
) -> str:  # fmt: skip
    """What is in service at these premises (None: all), as the file that `import_sheet` takes."""
    found = sheet.select(connection, Selection(premises_ids=premises_ids), at)
    return write_rows(sheet.columns, ([_cell(one, name) for name in sheet.columns] for one in found))


def _once(seen: dict[tuple[str, str], int], sheet: Sheet, where: Premises, row: Row) -> None:
    column = sheet.columns[0]
    before = seen.setdefault((where.code, row.cells[column]), row.line)
    if before != row.line:
        raise RefusedError(f"{row.cells[column]} stands in line {before} already", field=column)


def _wrong(row: Row, error: Mapping[str, Any]) -> Wrong:
    column = str((error["loc"] or ("",))[-1])
    says = "it is missing" if row.cells.get(column) == "" else str(error["msg"])
    return Wrong(row.line, says, column)


def _cell(row: Any, column: str) -> str:
    if column in ("lat", "lon"):
        return repr(from_e7(getattr(row, f"{column}_e7")))
    value = getattr(row, {"premises": "premises_code", "device": "device_name", "vehicle": "vehicle_name"}.get(
        column, column))  # fmt: skip
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _said(model: type[BaseModel], cells: Iterable[tuple[str, str | None]]) -> dict[str, Any]:
    return model.model_validate(dict(cells)).model_dump(exclude_unset=True)


def _put_vehicle(deed: Deed, cells: Cells) -> str:
    known = [
        one for one in select_vehicles(deed.connection, Selection(premises_ids=[deed.premises.id], retired=True,
                                                                  key=cells["name"] or ""))
        if one.name == cells["name"]
    ]  # fmt: skip
    if not known:
        facts = _said(VehicleIn, cells.items())
        add_vehicle(deed.connection, deed.premises, facts.pop("name"), actor=deed.actor, at=deed.at, **facts)
        return "created"
    facts = _said(VehicleFactsIn, ((name, cell) for name, cell in cells.items() if name != "name"))
    changed = change_vehicle(deed.connection, known[0], actor=deed.actor, at=deed.at, **facts)
    return "unchanged" if changed == known[0] else "changed"


def _put_driver(deed: Deed, cells: Cells) -> str:
    known = [
        one for one in select_drivers(deed.connection, Selection(premises_ids=[deed.premises.id], retired=True,
                                                                 key=cells["employee_no"] or ""))
        if one.employee_no == cells["employee_no"]
    ]  # fmt: skip
    if not known:
        values = _said(DriverIn, cells.items())
        add_driver(deed.connection, deed.premises, actor=deed.actor, at=deed.at, **values)
        return "created"
    values = _said(DriverChangeIn, ((name, cell) for name, cell in cells.items() if name != "employee_no"))
    changed = change_driver(deed.connection, known[0], actor=deed.actor, at=deed.at, **values)
    return "unchanged" if changed == known[0] else "changed"


def _put_place(deed: Deed, cells: Cells) -> str:
    wanted = as_stored(PlaceIn.model_validate({name: cell for name, cell in cells.items() if cell}).model_dump())
    del wanted["premises"]
    chosen = Selection(premises_ids=[deed.premises.id], key=wanted["name"])
    known = [one for one in select_places(deed.connection, chosen, deed.at) if one.name == wanted["name"]]
    if not known:
        add_place(deed.connection, deed.premises, NewPlace(**wanted), actor=deed.actor, at=deed.at)
        return "created"
    changed = change_place(deed.connection, known[0], wanted, actor=deed.actor, at=deed.at)
    return "unchanged" if changed == known[0] else "changed"


def _put_install(deed: Deed, cells: Cells) -> str:
    wanted = InstallIn.model_validate(cells)
    here = [deed.premises.id]
    device = own_device(deed.connection, wanted.device, deed.own)
    found = select_vehicles(deed.connection, Selection(premises_ids=here, key=wanted.vehicle))
    vehicle = only(found, f"vehicle {wanted.vehicle!r} in service at {deed.premises.code}", "name it by its id")
    if device.fitted_at is None:
        fit_from(deed.connection, device, vehicle, wanted, deed.actor, deed.at)
        return "created"
    if (device.vehicle_name, device.premises_code) != (vehicle.name, vehicle.premises_code):
        raise MasterDataConflictError(
            f"{device.name} is fitted in {device.vehicle_name}: it has to leave it first", field="body.device"
        )
    (install,) = select_installs(deed.connection, Selection(premises_ids=here, key=device.name))
    _same(wanted, install, "from_at")
    _same(wanted, install, "serial_no")
    facts = {name: value for name, value in wanted.model_dump(exclude_unset=True).items()
             if name in InstallFacts.model_fields}  # fmt: skip
    changed = change_install(deed.connection, install, facts, actor=deed.actor, at=deed.at)
    return "unchanged" if changed == install else "changed"


def _same(wanted: InstallIn, install: Any, name: str) -> None:
    said, known = getattr(wanted, name), getattr(install, name)
    if said is not None and said != known:
        raise MasterDataConflictError(
            f"{install.device_name} is fitted with {name} {known}; what is on record of an install stays", field=name
        )


VEHICLES = Sheet(
    "vehicles",
    ("name", "premises", "kind", "plate", "make", "model", "year", "colour", "vin", "registered_owner", "enclosed",
     "unmarked", "compartment", "alarm"),
    ("name",), _put_vehicle, lambda connection, wanted, _at: select_vehicles(connection, wanted),
)  # fmt: skip
DRIVERS = Sheet(
    "drivers",
    ("employee_no", "premises", "name", "legal_name", "first_name", "over_21", "permit_no", "employed_from",
     "employed_to"),
    ("employee_no", "name"), _put_driver, lambda connection, wanted, _at: select_drivers(connection, wanted),
)  # fmt: skip
PLACES = Sheet(
    "known-places", ("name", "premises", "kind", "lat", "lon", "radius_m"), ("name", "kind", "lat", "lon"),
    _put_place, select_places,
)  # fmt: skip
INSTALLS = Sheet(
    "installs",
    ("device", "premises", "vehicle", "from_at", "serial_no", "affixed", "consent_by", "consent_on",
     "consent_document"),
    ("device", "vehicle"), _put_install, lambda connection, wanted, _at: select_installs(connection, wanted),
)  # fmt: skip
SHEETS = (VEHICLES, DRIVERS, PLACES, INSTALLS)
