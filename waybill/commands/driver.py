"""`waybill driver`: lists and adds drivers, lets their phones in. Holds no rules of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from waybill.commands import driver_link
from waybill.commands.sheets import PremisesCode, add_sheet_commands
from waybill.commands.vehicle import Json
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, say, show_json, show_table

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day, as 2026-11-23.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Drivers: who may be on a trip's crew.")
    group.command(name="list")(list_drivers)
    group.command(name="add")(add)
    driver_link.register(group)
    add_sheet_commands(group, "drivers")
    app.add_typer(group, name="driver")


def list_drivers(context: typer.Context, premises: PremisesCode = None, as_json: Json = False) -> None:
    """Every driver with employee number."""
    from gateway.master.premises import find_premises
    from storage.master import drivers

    with database(settings_of(context)) as connection:
        known = drivers(connection, None if premises is None else find_premises(connection, premises).id)
    if as_json:
        show_json(known)
        return
    rows = [(one.employee_no, one.name, one.premises_code, one.employed_from, one.employed_to) for one in known]
    show_table(("employee", "name", "premises", "from", "to"), rows)
    if not known:
        note("There are none yet: waybill driver add EMPLOYEE_NO NAME.")


def add(
    context: typer.Context,
    employee_no: Annotated[str, typer.Argument(help="The employer's number for the person.")],
    name: Annotated[str, typer.Argument(help="Name for people.")],
    premises: PremisesCode = None,
    employed_from: Day = None,
    employed_to: Day = None,
) -> None:
    """Adds a driver to premises."""
    from gateway.master.drivers import add_driver
    from gateway.master.premises import find_premises
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    with database(settings) as connection:
        place = find_premises(connection, premises)
        add_driver(
            connection, place, employee_no=employee_no, name=name, actor=terminal_actor(), at=at,
            employed_from=None if employed_from is None else employed_from.date(),
            employed_to=None if employed_to is None else employed_to.date(),
        )  # fmt: skip
    say(f"driver {name} ({employee_no}) at {place.code}")
