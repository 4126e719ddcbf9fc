"""`waybill premises`: lists and opens the places that vehicles leave from. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.commands.sheets import add_sheet_commands
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, say, show_json, show_table

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Premises: the places that vehicles leave from.")
    group.command(name="list")(list_premises)
    group.command(name="add")(add)
    group.command(name="place")(place)
    add_sheet_commands(group, "premises", at_premises=False)
    app.add_typer(group, name="premises")


def list_premises(context: typer.Context, as_json: Json = False) -> None:
    """Every premises with zone and hours."""
    from gateway.master.hours import format_hours
    from storage.master import all_premises

    with database(settings_of(context)) as connection:
        known = all_premises(connection)
    if as_json:
        show_json(known)
        return
    rows = [(one.code, one.name, one.tz, format_hours(one.hours), one.address, one.licence_no) for one in known]
    show_table(("code", "name", "time zone", "hours", "address", "licence"), rows)
    if not known:
        note("There are none yet: waybill init.")


def add(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Short name for commands and addresses, such as helsinki.")],
    name: Annotated[str, typer.Option(help="Name for people.")],
    tz: Annotated[str, typer.Option("--tz", help="IANA time zone, such as Europe/Helsinki.")],
    hours: Annotated[str, typer.Option(help="When goods may be handed over.")] = "mon-sun 09:00-21:00",
    address: Annotated[str | None, typer.Option(help="Postal address.")] = None,
    licence_no: Annotated[str | None, typer.Option("--licence", help="Licence number.")] = None,
    phone: Annotated[str | None, typer.Option(help="Number that customers call.")] = None,
    lat: Annotated[float | None, typer.Option(min=-90, max=90, help="Latitude in degrees.")] = None,
    lon: Annotated[float | None, typer.Option(min=-180, max=180, help="Longitude in degrees.")] = None,
) -> None:
    """Opens premises; the same ones again change nothing."""
    from gateway.master.hours import parse_hours
    from gateway.master.premises import NewPremises, open_premises
    from waybill.commands.actor import terminal_actor
    from waybill.commands.places import position_e7

    settings = settings_of(context)
    lat_e7, lon_e7 = position_e7(lat, lon)
    wanted = NewPremises(
        code=code, name=name, tz=tz, hours=parse_hours(hours), address=address, licence_no=licence_no, phone=phone,
        lat_e7=lat_e7, lon_e7=lon_e7,
    )  # fmt: skip
    at = settings.parsed_clock().now()
    with database(settings) as connection:
        premises = open_premises(connection, wanted, actor=terminal_actor(), at=at)
    say(f"premises {premises.code}: {premises.name}, {premises.tz}")


def place(
    context: typer.Context,
    lat: Annotated[float, typer.Option(min=-90, max=90, help="Latitude in degrees.")],
    lon: Annotated[float, typer.Option(min=-180, max=180, help="Longitude in degrees.")],
    code: Annotated[str | None, typer.Argument(help="Short name; not needed when there is one premises.")] = None,
) -> None:
    """Says where premises are, so that departures and returns are detected from now on."""
    from gateway.master.premises import find_premises, place_premises
    from waybill.commands.actor import terminal_actor
    from waybill.commands.places import position_e7

    settings = settings_of(context)
    lat_e7, lon_e7 = position_e7(lat, lon)
    at = settings.parsed_clock().now()
    with database(settings) as connection:
        premises = find_premises(connection, code)
        place_premises(connection, premises, lat_e7, lon_e7, actor=terminal_actor(), at=at)
    say(f"premises {premises.code}: at {lat:.7f}, {lon:.7f}")
