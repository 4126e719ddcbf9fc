"""`waybill broker`: prepares the broker's store of credentials before its first start. Speaks no MQTT."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from waybill.connections import needed
from waybill.invocation import CommandError, settings_of
from waybill.terminal import say


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The MQTT broker: prepare its store of credentials.")
    group.command(name="prepare")(prepare)
    app.add_typer(group, name="broker")


def prepare(
    context: typer.Context,
    store: Annotated[Path, typer.Argument(help="The dynamic-security plugin's file, as mosquitto.conf names it.")],
) -> None:
    """Gives the broker's users gateway and admin their passwords; devices stay. The broker must not be running."""
    from waybill.stack.dynamic_security import ADMIN, GATEWAY, write_store

    settings = settings_of(context)
    passwords = {
        GATEWAY: needed(settings, "broker_password"),
        ADMIN: needed(settings, "broker_admin_password"),
    }
    try:
        write_store(store, passwords)
    except OSError as error:
        raise CommandError(f"{store} cannot be written: {error.strerror}") from error
    say(f"{store} holds the users {' and '.join(passwords)}")
