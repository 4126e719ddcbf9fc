"""`waybill order`: a day's orders from a file. Holds no rules of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from waybill.commands.sheets import DryRun, PremisesCode, content_of, show_report
from waybill.connections import database, places_of
from waybill.invocation import settings_of


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Orders: a day's at once, from a file.")
    group.command(name="import")(import_orders)
    app.add_typer(group, name="order")


def import_orders(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, UTF-8, the first line names the columns.")],
    premises: PremisesCode = None,
    source: Annotated[str, typer.Option(help="Name of the system that the orders' numbers are of.")] = "import",
    dry_run: DryRun = False,
) -> None:
    """Puts every order of a CSV file under its number: all of them, or none and what is wrong, line by line."""
    from gateway.api.order_import import import_day
    from gateway.master.premises import find_premises
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        report = import_day(
            connection, find_premises(connection, premises), source, content_of(file), terminal_actor(),
            settings.parsed_clock().now(), places_of(settings), test=False, dry_run=dry_run,
        )  # fmt: skip
    show_report(file, report, dry_run=dry_run)
