"""`waybill licensee`: who holds the licences that premises work under. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.commands.sheets import add_sheet_commands
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, show_json, show_table

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Licensees: who holds the licences that premises work under.")
    group.command(name="list")(list_licensees)
    add_sheet_commands(group, "licensees", at_premises=False)
    app.add_typer(group, name="licensee")


def list_licensees(context: typer.Context, as_json: Json = False) -> None:
    """Every licensee that somebody may work under."""
    from storage.licensees import select_licensees
    from storage.master import Selection

    with database(settings_of(context)) as connection:
        known = select_licensees(connection, Selection())
    if as_json:
        show_json(known)
        return
    rows = [(one.name, one.legal_name, one.licence_no, one.licence_type) for one in known]
    show_table(("licensee", "legal name", "licence", "type"), rows)
    if not known:
        note("There are none yet: waybill licensee import FILE, with the columns name, legal_name and licence_no.")
