"""`waybill vehicle`: lists, adds and retires vehicles. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.commands.sheets import PremisesCode, add_sheet_commands
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, say, show_json, show_table

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
VehicleName = Annotated[str, typer.Argument(metavar="VEHICLE", help="Name, such as van-7.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Vehicles: what a device is fitted in.")
    group.command(name="list")(list_vehicles)
    group.command(name="add")(add)
    group.command(name="retire")(retire)
    add_sheet_commands(group, "vehicles")
    app.add_typer(group, name="vehicle")


def list_vehicles(context: typer.Context, premises: PremisesCode = None, as_json: Json = False) -> None:
    """Every vehicle with the device that is fitted in it now."""
    from gateway.master.premises import find_premises
    from storage.master import vehicles

    with database(settings_of(context)) as connection:
        known = vehicles(connection, None if premises is None else find_premises(connection, premises).id)
    if as_json:
        show_json(known)
        return
    rows = [
        (one.name, one.premises_code, one.device_name, one.plate, _looks(one.colour, one.make, one.model),
         "in service" if one.retired_at is None else f"retired {one.retired_at:%Y-%m-%d}")
        for one in known
    ]  # fmt: skip
    show_table(("vehicle", "premises", "device", "plate", "looks", "state"), rows)
    if not known:
        note("There are none yet: waybill vehicle add van-1.")


def add(
    context: typer.Context,
    name: VehicleName,
    premises: PremisesCode = None,
    plate: Annotated[str | None, typer.Option(help="Number plate.")] = None,
    make: Annotated[str | None, typer.Option(help="Who made it.")] = None,
    model: Annotated[str | None, typer.Option(help="Which model.")] = None,
    colour: Annotated[str | None, typer.Option(help="What colour.")] = None,
) -> None:
    """Adds a vehicle to premises."""
    from gateway.master.premises import find_premises
    from gateway.master.vehicles import add_vehicle
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    with database(settings) as connection:
        place = find_premises(connection, premises)
        add_vehicle(
            connection, place, name, actor=terminal_actor(), at=at, plate=plate, make=make, model=model, colour=colour
        )
    say(f"vehicle {name} at {place.code}; next: waybill device add DEVICE --fit {name}")


def retire(context: typer.Context, name: VehicleName, premises: PremisesCode = None) -> None:
    """Takes a vehicle out of service; its history stays."""
    from gateway.master.premises import find_premises
    from gateway.master.vehicles import find_vehicle, retire_vehicle
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    with database(settings) as connection:
        place = None if premises is None else find_premises(connection, premises).id
        retire_vehicle(connection, find_vehicle(connection, name, place), actor=terminal_actor(), at=at)
    say(f"vehicle {name} is retired")


def _looks(*words: str | None) -> str:
    return " ".join(word for word in words if word)
