"""`waybill place`: known places where a stop explains itself. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.commands.sheets import PremisesCode, add_sheet_commands
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, say, show_json, show_table

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Known places: where a stop explains itself, such as fuel.")
    for name, command in (("list", list_places), ("add", add), ("retire", retire)):
        group.command(name=name)(command)
    add_sheet_commands(group, "known-places")
    app.add_typer(group, name="place")


def list_places(
    context: typer.Context,
    premises: PremisesCode = None,
    everything: Annotated[bool, typer.Option("--all", help="Ended ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Every known place that is valid now."""
    from contract.geo import from_e7
    from gateway.master.premises import find_premises
    from storage.zones import places

    settings = settings_of(context)
    with database(settings) as connection:
        whose = None if premises is None else find_premises(connection, premises).id
        known = places(connection, whose, None if everything else settings.parsed_clock().now())
    if as_json:
        show_json(known)
        return
    rows = [
        (one.name, one.kind, one.premises_code, f"{from_e7(one.lat_e7):.6f}, {from_e7(one.lon_e7):.6f}",
         f"{one.radius_m:g} m", one.from_at, one.to_at or "")
        for one in known
    ]  # fmt: skip
    show_table(("place", "kind", "premises", "where", "radius", "from", "to"), rows)
    if not known:
        note("There are none: waybill place add NAME --kind fuel --lat … --lon ….")


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name for people.")],
    kind: Annotated[str, typer.Option(help="fuel, repair, rest or hub.")],
    lat: Annotated[float, typer.Option(min=-90, max=90, help="Latitude in degrees.")],
    lon: Annotated[float, typer.Option(min=-180, max=180, help="Longitude in degrees.")],
    radius_m: Annotated[float, typer.Option("--radius-m", help="How far about it a stop belongs to it.")] = 60.0,
    from_time: Annotated[str, typer.Option("--from", metavar="TIME", help="Since when it is known.")] = "now",
    premises: PremisesCode = None,
) -> None:
    """From then on a stop there has its reason."""
    from contract.geo import to_e7
    from gateway.master.premises import find_premises
    from gateway.master.zones import NewPlace, add_place
    from waybill.commands.actor import terminal_actor
    from waybill.instants import instant

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    wanted = NewPlace(name=name, kind=kind, lat_e7=to_e7(lat), lon_e7=to_e7(lon), radius_m=radius_m)
    with database(settings) as connection:
        where = find_premises(connection, premises)
        since = instant(from_time, at, "--from")
        place = add_place(connection, where, wanted, actor=terminal_actor(), at=at, from_at=since)
    say(f"place {place.name}: {place.kind}, {place.radius_m:g} m, at {place.premises_code}")


def retire(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="PLACE", help="Name or id.")],
    premises: PremisesCode = None,
) -> None:
    """From now on a stop there needs another explanation."""
    from gateway.master.premises import find_premises
    from gateway.master.zones import find_place, retire_place
    from storage.zones import places
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    with database(settings) as connection:
        whose = None if premises is None else find_premises(connection, premises).id
        place = find_place(places(connection, whose, at), name)
        retire_place(connection, place, actor=terminal_actor(), at=at)
    say(f"place {place.name} is known no longer")
