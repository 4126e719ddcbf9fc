"""`waybill document`: papers of vehicles, drivers, premises and licensees, and which run out. Holds no rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from waybill.commands.sheets import PremisesCode
from waybill.commands.vehicle import Json
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, show_json, show_table


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Documents: papers that run out, such as an insurance or a permit.")
    group.command(name="list")(list_documents)
    app.add_typer(group, name="document")


def list_documents(
    context: typer.Context,
    within_days: Annotated[
        int | None, typer.Option("--within-days", min=0, help="Only those that have run out, or will in so many days.")
    ] = None,
    premises: PremisesCode = None,
    as_json: Json = False,
) -> None:
    """Every paper in force with the day on which it ends."""
    from gateway.master.premises import find_premises
    from storage.documents import DocumentFilter, documents

    settings = settings_of(context)
    with database(settings) as connection:
        ids = None if premises is None else [find_premises(connection, premises).id]
        by = None if within_days is None else settings.parsed_clock().now().date() + timedelta(days=within_days)
        found = documents(connection, DocumentFilter(premises_ids=ids, expires_by=by))
    if as_json:
        show_json(found)
        return
    rows = [
        (one.kind, one.title, one.of_kind, one.of_name, one.premises_code, one.number, one.expires_on) for one in found
    ]
    show_table(("kind", "title", "of", "name", "premises", "number", "ends on"), rows)
    if not found:
        note("There are none.")
