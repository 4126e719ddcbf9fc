"""`waybill install`: which devices are fitted where, as a sheet. Holds no rules of its own."""

from __future__ import annotations

import typer

from waybill.commands.sheets import add_sheet_commands


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Installs: which device is fitted where, and by whose consent.")
    add_sheet_commands(group, "installs")
    app.add_typer(group, name="install")
