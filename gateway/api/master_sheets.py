"""Vehicles, drivers, known places and installs as CSV: what a row does, and what an export says. Opens no file."""

from __future__ import annotations

from typing import Any

from gateway.api.drivers import DriverChangeIn, DriverIn
from gateway.api.installs import InstallFacts, InstallIn, fit_from, own_device
from gateway.api.known_places import PlaceIn, as_stored
from gateway.api.premises_sheets import LICENSEES, PREMISES
from gateway.api.sheets import Cells, Deed, Sheet, said
from gateway.api.vehicles import VehicleFactsIn, VehicleIn
from gateway.master.changes import only
from gateway.master.drivers import add_driver, change_driver
from gateway.master.errors import MasterDataConflictError
from gateway.master.installs import change_install
from gateway.master.vehicles import add_vehicle, change_vehicle
from gateway.master.zones import NewPlace, add_place, change_place
from storage.installs import select_installs
from storage.master import Selection, select_drivers, select_vehicles
from storage.zones import select_places


def _put_vehicle(deed: Deed, cells: Cells) -> str:
    known = [
        one for one in select_vehicles(deed.connection, Selection(premises_ids=[deed.premises.id], retired=True,
                                                                  key=cells["name"] or ""))
        if one.name == cells["name"]
    ]  # fmt: skip
    if not known:
        facts = said(VehicleIn, cells.items())
        add_vehicle(deed.connection, deed.premises, facts.pop("name"), actor=deed.actor, at=deed.at, **facts)
        return "created"
    facts = said(VehicleFactsIn, ((name, cell) for name, cell in cells.items() if name != "name"))
    changed = change_vehicle(deed.connection, known[0], actor=deed.actor, at=deed.at, **facts)
    return "unchanged" if changed == known[0] else "changed"


def _put_driver(deed: Deed, cells: Cells) -> str:
    known = [
        one for one in select_drivers(deed.connection, Selection(premises_ids=[deed.premises.id], retired=True,
                                                                 key=cells["employee_no"] or ""))
        if one.employee_no == cells["employee_no"]
    ]  # fmt: skip
    if not known:
        values = said(DriverIn, cells.items())
        add_driver(deed.connection, deed.premises, actor=deed.actor, at=deed.at, **values)
        return "created"
    values = said(DriverChangeIn, ((name, cell) for name, cell in cells.items() if name != "employee_no"))
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
SHEETS = (VEHICLES, DRIVERS, PLACES, INSTALLS, LICENSEES, PREMISES)
