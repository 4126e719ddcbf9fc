"""`waybill missing`: what records will miss because a field of master data is empty. Holds no rules of its own."""

from __future__ import annotations

import typer

from waybill.commands.sheets import PremisesCode
from waybill.commands.vehicle import Json
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, show_json, show_table


def register(app: typer.Typer) -> None:
    app.command(name="missing")(missing)


def missing(context: typer.Context, premises: PremisesCode = None, as_json: Json = False) -> None:
    """What records will miss because a field or a document is empty, and which rule asks for it."""
    from gateway.master.completeness import incomplete
    from gateway.master.premises import find_premises

    with database(settings_of(context)) as connection:
        found = incomplete(connection, None if premises is None else [find_premises(connection, premises).id])
    if as_json:
        show_json(found)
        return
    rows = [
        (one.kind, one.name, one.premises, need.field, need.record, need.reference, need.evidence)
        for one in found
        for need in one.missing
    ]
    show_table(("kind", "name", "premises", "empty", "missing from", "asked for by", "evidence"), rows)
    if not found:
        note("Nothing: every record will be whole.")
