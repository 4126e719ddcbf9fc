"""`waybill device`: registers devices, gives them passwords, fits them in vehicles. Holds no rules of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from waybill.commands.vehicle import Json
from waybill.connections import broker_admin, database
from waybill.invocation import settings_of
from waybill.settings import Settings
from waybill.terminal import note, say, show_json, show_table

DeviceName = Annotated[str, typer.Argument(metavar="DEVICE", help="Name, such as gps-07.")]
Instant = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="From when on: 2026-11-23T09:00:00Z, or '2 hours ago'; else now."),
]


Save = Annotated[
    bool, typer.Option("--save", help="Keep the password in the data folder, for waybill bridge on this machine.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Devices: the GPS units that report.")
    group.command(name="list")(list_devices)
    group.command(name="add")(add)
    group.command(name="fit")(fit)
    group.command(name="unfit")(unfit)
    group.command(name="credential")(credential)
    app.add_typer(group, name="device")


def list_devices(context: typer.Context, as_json: Json = False) -> None:
    """Every device with the vehicle that it is fitted in now."""
    from storage.master import devices

    with database(settings_of(context)) as connection:
        known = devices(connection)
    if as_json:
        show_json(known)
        return
    rows = [(one.name, one.kind, one.vehicle_name, one.premises_code, one.fitted_at, one.serial_no) for one in known]
    show_table(("device", "kind", "fitted in", "premises", "since", "serial no"), rows)
    if not known:
        note("There are none yet: waybill device add gps-01 --fit van-1.")


def add(
    context: typer.Context,
    name: DeviceName,
    fit_in: Annotated[str | None, typer.Option("--fit", metavar="VEHICLE", help="Fit it in this vehicle.")] = None,
    at: Instant = None,
    kind: Annotated[str, typer.Option(help="dedicated, or phone for a driver's own.")] = "dedicated",
    serial_no: Annotated[str | None, typer.Option("--serial", help="The maker's serial number.")] = None,
    save: Save = False,
) -> None:
    """Registers a device and prints the broker password made for it, this once."""
    from gateway.master.devices import add_device, fit_device, issue_credentials
    from gateway.master.vehicles import find_vehicle
    from waybill.commands.actor import terminal_actor

    settings, actor = settings_of(context), terminal_actor()
    from_at, now = _instant(settings, at), settings.parsed_clock().now()
    with database(settings) as connection:
        vehicle = None if fit_in is None else find_vehicle(connection, fit_in)
        device = add_device(connection, name, actor=actor, at=now, kind=kind, serial_no=serial_no)
        if vehicle is not None:
            fit_device(connection, device, vehicle, actor=actor, at=from_at)
        passwords = issue_credentials(connection, broker_admin(settings), [name], actor=actor, at=now)
    where = "fitted nowhere yet: waybill device fit" if vehicle is None else f"fitted in {vehicle.name}"
    note(f"device {name} is registered, {where}. Its broker user is {name}, its password is shown only now:")
    _hand_over(settings, name, passwords[name], save=save)


def fit(
    context: typer.Context,
    name: DeviceName,
    vehicle: Annotated[str, typer.Argument(metavar="VEHICLE", help="Name, such as van-7.")],
    at: Instant = None,
) -> None:
    """From now on (or --at) the device's fixes are the vehicle's."""
    from gateway.master.devices import find_device, fit_device
    from gateway.master.vehicles import find_vehicle
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    from_at = _instant(settings, at)
    with database(settings) as connection:
        device, into = find_device(connection, name), find_vehicle(connection, vehicle)
        fit_device(connection, device, into, actor=terminal_actor(), at=from_at)
    say(f"device {name} is fitted in {vehicle} from {from_at.isoformat()} on")


def unfit(context: typer.Context, name: DeviceName, at: Instant = None) -> None:
    """From now on (or --at) the device's fixes are no vehicle's."""
    from gateway.master.devices import find_device, unfit_device
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    to_at = _instant(settings, at)
    with database(settings) as connection:
        ended = unfit_device(connection, find_device(connection, name), actor=terminal_actor(), at=to_at)
    say(f"device {name} left {ended.vehicle_name} at {to_at.isoformat()}")


def credential(context: typer.Context, name: DeviceName, save: Save = False) -> None:
    """Makes a new broker password for the device and prints it, this once; the old one ends at once."""
    from gateway.master.devices import find_device, issue_credentials
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    now = settings.parsed_clock().now()
    with database(settings) as connection:
        find_device(connection, name)
        passwords = issue_credentials(connection, broker_admin(settings), [name], actor=terminal_actor(), at=now)
    note(f"The new password of {name}, shown only now:")
    _hand_over(settings, name, passwords[name], save=save)


def _hand_over(settings: Settings, name: str, password: str, *, save: bool) -> None:
    from waybill.device_passwords import keep_password

    say(password)
    if save:
        note(f"kept in {keep_password(settings.data_dir, name, password)}")


def _instant(settings: Settings, text: str | None) -> datetime:
    from waybill.instants import instant

    return instant(text or "now", settings.parsed_clock().now(), "--at")
