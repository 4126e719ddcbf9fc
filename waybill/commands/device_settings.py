"""`waybill device settings`: tells a device its settings and shows whether it took them. Publishes nothing itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waybill.commands.vehicle import Json
from waybill.connections import database
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_json, show_table

if TYPE_CHECKING:
    from storage.device_commands import DeviceCommand


def settings(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="DEVICE", help="Name, such as gps-07.")],
    changes: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Such as heartbeat_s=60.")] = None,
    as_json: Json = False,
) -> None:
    """Tells the device its settings, such as heartbeat_s=60 or turn_deg=null, and shows whether it took them."""
    from gateway.master.commands import send_settings
    from gateway.master.devices import find_device
    from storage.device_commands import newest_device_commands
    from waybill.commands.actor import terminal_actor

    installation = settings_of(context)
    wanted = _changes(changes or [])
    with database(installation) as connection:
        device = find_device(connection, name)
        if wanted:
            send_settings(connection, device, wanted, actor=terminal_actor(), at=installation.parsed_clock().now())
        command = next(iter(newest_device_commands(connection, device.id)), None)
    if as_json:
        show_json(command)
    elif command is None:
        note(f"{name} was told nothing yet: waybill device settings {name} heartbeat_s=60")
    else:
        show_table(("setting", "value"), sorted(command.settings.items()))
        say(_answer(command))


def _changes(words: list[str]) -> dict[str, Any]:
    """KEY=VALUE as JSON's values; what is none is text."""
    said: dict[str, Any] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not key or not sign:
            raise CommandError(f"{word!r} is not KEY=VALUE, such as heartbeat_s=60, off_duty=true or turn_deg=null")
        try:
            said[key] = json.loads(value)
        except json.JSONDecodeError:
            said[key] = value
    return said


def _answer(command: DeviceCommand) -> str:
    if command.applied_id == str(command.id):
        return f"{command.device_name} has taken them"
    if command.refused_id == str(command.id):
        return f"{command.device_name} refuses them: {command.refused_field or 'command'}: {command.refused_why}"
    return f"{command.device_name} has not answered yet; it takes them when it is connected"
