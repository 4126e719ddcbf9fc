"""`waybill address`: where addresses are, which orders wait for theirs, and a pin. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.commands.place import Json
from waybill.commands.sheets import PremisesCode
from waybill.connections import address_service, database, places_of
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_json, show_table


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Addresses of orders: where they are, and which nobody knows yet.")
    for name, command in (("find", find), ("waiting", waiting), ("pin", pin_order)):
        group.command(name=name)(command)
    app.add_typer(group, name="address")


def find(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="ADDRESS", help="Street, house number, town.")],
    premises: PremisesCode = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the configured address service too.")] = False,
    as_json: Json = False,
) -> None:
    """Where an address is by handoffs, pins and the map, best first; with --ask also by the address service."""
    from contract.geo import from_e7
    from gateway.master.premises import find_premises
    from gateway.places.search import Candidate, candidates
    from gateway.places.service import ServiceError

    settings = settings_of(context)
    text = " ".join(words)
    with database(settings) as connection:
        where = find_premises(connection, premises)
        found, says = candidates(connection, places_of(settings), where.id, text)
    if ask:
        service = address_service(settings)
        if service is None:
            raise CommandError("no address service is set: geocoder_url in waybill.toml, or WAYBILL_GEOCODER_URL")
        near = None if where.lat_e7 is None or where.lon_e7 is None else (where.lat_e7, where.lon_e7)
        try:
            answers = service.ask(text, near)
        except ServiceError as error:
            raise CommandError(f"{service.url}: {error}") from error
        found += [Candidate(one.lat_e7, one.lon_e7, "service", one.quality, one.label) for one in answers]
    if as_json:
        show_json(found)
        return
    rows = [(f"{from_e7(x.lat_e7):.6f},{from_e7(x.lon_e7):.6f}", x.source, x.quality, x.label) for x in found]
    show_table(("where", "by", "quality", "address"), rows)
    if not found:
        note(says or "Nobody knows it.")
        raise typer.Exit(1)


def waiting(
    context: typer.Context,
    premises: PremisesCode = None,
    unresolved: Annotated[bool, typer.Option("--unresolved", help="Only those without any place.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="So many at the most.")] = 100,
    as_json: Json = False,
) -> None:
    """Open orders without a place, which no trip takes, and those with something against theirs."""
    from gateway.master.premises import find_premises
    from gateway.places.resolve import remedy
    from storage.order_reads import Reader
    from storage.places import waiting_addresses

    with database(settings_of(context)) as connection:
        whose = None if premises is None else [find_premises(connection, premises).id]
        found = waiting_addresses(connection, Reader(whose, test=False), unresolved=unresolved, most=most)
    if as_json:
        show_json(found)
        return
    rows = [
        (one.order_no, one.premises, one.address, "no" if one.lat_e7 is None else "yes", one.place_note or "",
         remedy(one.place_problem))
        for one in found
    ]  # fmt: skip
    show_table(("order", "premises", "address", "may go", "what is wrong", "what to do"), rows)
    if not found:
        note("Every open order has its place.")


def pin_order(
    context: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Number or id.")],
    lat: Annotated[float, typer.Argument(min=-90, max=90, help="Latitude in degrees.")],
    lon: Annotated[float, typer.Argument(min=-180, max=180, help="Longitude in degrees; after -- when negative.")],
    why: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why there.")] = "",
    premises: PremisesCode = None,
) -> None:
    """Says where an order's door is, and its address's from now on."""
    from contract.geo import to_e7
    from gateway.master.premises import find_premises
    from gateway.places.places import check_point, pin
    from storage.order_reads import Reader, order_document
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    check_point(lat, lon)
    with database(settings) as connection:
        whose = None if premises is None else [find_premises(connection, premises).id]
        found = order_document(connection, Reader(whose, test=False), key=order)
        if len(found) != 1:
            several = f"several premises have an order {order}: name them with --premises"
            raise CommandError(several if found else f"there is no order {order}")
        at = settings.parsed_clock().now()
        point = to_e7(lat), to_e7(lon)
        helped = pin(connection, places_of(settings), found[0]["id"], point, why, terminal_actor(), at)
    say(f"order {found[0]['order_no']}: {found[0]['address']} is at {lat:.6f},{lon:.6f}")
    if helped:
        note(f"{helped} more orders to this address have their place now.")
