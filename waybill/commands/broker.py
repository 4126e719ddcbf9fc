"""`waybill broker`: what the broker needs before its first start: users, certificates. Speaks no MQTT."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from waybill.connections import needed
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The MQTT broker: its users, its certificates.")
    group.command(name="prepare")(prepare)
    group.command(name="certificates")(certificates)
    group.command(name="states")(states)
    group.command(name="reader")(reader)
    app.add_typer(group, name="broker")


def prepare(
    context: typer.Context,
    store: Annotated[Path, typer.Argument(help="The dynamic-security plugin's file, as mosquitto.conf names it.")],
) -> None:
    """Gives the broker's users gateway and admin their passwords; devices stay. The broker must not be running."""
    from waybill.stack.dynamic_security import ADMIN, GATEWAY, StoreError, prepare_store

    settings = settings_of(context)
    passwords = {
        GATEWAY: needed(settings, "broker_password"),
        ADMIN: needed(settings, "broker_admin_password"),
    }
    try:
        told = prepare_store(store, passwords)
    except StoreError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{store} cannot be written: {error.strerror}") from error
    if told is not None:
        note(told)
    say(f"{store} holds the users {' and '.join(passwords)}")


def certificates(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="Where they go; else where waybill up takes them from.", show_default=False)
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Also a certificate of the broker's own for this name or address; repeatable."
        ),
    ] = None,
) -> None:
    """Makes the authority that signs devices' certificates, and with --host the broker's own. Keeps what is there."""
    from contract.clock import true_now
    from gateway.device_ca import CA_FILE, SERVER_FILE, DeviceCaError, load_ca, make_ca, make_server_certificate
    from waybill.stack.broker_tls import FOLDER

    now, own = true_now(), settings_of(context).data_dir / FOLDER
    folder = folder or own
    try:
        made = {CA_FILE: make_ca(folder, now)}
        ca = load_ca(folder)
        if host:
            made[SERVER_FILE] = make_server_certificate(ca, folder, host, now)
    except DeviceCaError as error:
        raise CommandError(str(error)) from error
    for name, new in made.items():
        say(f"{folder / name}: {'made' if new else 'was there already'}")
    if folder == own:
        note("Next: waybill up; it opens the TLS ports when the broker's own certificate is there (--host NAME)")
        return
    note(f"Next: WAYBILL_DEVICE_CA_DIR={folder.resolve()} for waybill api; for the broker see docs/operations.md")


def states(context: typer.Context) -> None:
    """Lets worker publish vehicles' states and orders' milestones: shows the password for WAYBILL_STATES_PASSWORD."""
    from gateway.master.devices import new_password
    from waybill.connections import broker_admin

    password = new_password()
    broker_admin(settings_of(context)).let_publish_states(password)
    say(f"WAYBILL_STATES_PASSWORD={password}")
    note("Next: give it to waybill worker, and start that anew; asking again ends this password")


def reader(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="User and client id at the broker; no device's name.")],
    remove: Annotated[bool, typer.Option("--remove", help="Ends it.")] = False,
) -> None:
    """Lets somebody read vehicles' states and orders' milestones at the broker; shows the password once."""
    from gateway.master.devices import new_password
    from storage.master import devices
    from waybill.connections import broker_admin, database

    settings = settings_of(context)
    with database(settings) as connection:
        if any(device.name == name for device in devices(connection)):
            raise CommandError(f"{name} is a device: choose another name for whoever reads")
    if remove:
        broker_admin(settings).remove([name])
        say(f"{name} reads no more")
        return
    password = new_password()
    broker_admin(settings).let_read_states(name, password)
    say(f"{name}: password {password}")
    note("It reads waybill/v1/fleet/+/state and waybill/v1/orders/+/milestone; see waybill broker states")
