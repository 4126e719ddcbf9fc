"""`waybill order`: a day's orders from a file, the link of one for its customer. Holds no rules of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from waybill.commands.sheets import DryRun, PremisesCode, content_of, show_report
from waybill.connections import database, places_of
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Orders: a day's at once from a file, customers' links.")
    group.command(name="import")(import_orders)
    group.command(name="link")(link)
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


def link(
    context: typer.Context,
    order: Annotated[str, typer.Argument(help="Number or id of the order.")],
    replace: Annotated[
        str | None, typer.Option("--replace", metavar="REASON", help="Make another link; the old one ends now.")
    ] = None,
) -> None:
    """Prints the link of an order's page for its customer."""
    from gateway.api.order_models import tracking_url
    from gateway.customer.links import renew_link
    from storage.order_reads import Reader, order_document
    from storage.orders import lock_order
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        found = order_document(connection, Reader(None, test=False), key=order)
        if len(found) != 1:
            wrong = (
                f"there is no order {order}" if not found else f"several premises have an order {order}: give its id"
            )
            raise CommandError(f"{wrong}; test orders have no page")
        token = str(found[0]["tracking_token"])
        if replace is not None:
            head = lock_order(connection, found[0]["id"])
            assert head is not None, "orders are never deleted"
            token = renew_link(connection, head, terminal_actor(), settings.parsed_clock().now(), replace)
    if settings.public_url is None:
        note("public_url is not set: this link works on this machine only")
    say(str(tracking_url(settings.public_url or f"http://{settings.api_host}:{settings.api_port}", token)))
