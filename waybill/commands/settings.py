"""`waybill settings`: every setting with value, origin and meaning. Changes none."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.configuration import PREFIX
from waybill.invocation import invocation
from waybill.terminal import note, show_json, show_table


def register(app: typer.Typer) -> None:
    app.command(name="settings")(settings)


def settings(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Every setting with its value, where the value comes from, and what it means. Secrets are hidden."""
    loaded = invocation(context).loaded
    if as_json:
        show_json(loaded.listed())
        return
    show_table(
        ("setting", "value", "from", "meaning"), [(s.name, s.value, s.origin, s.meaning) for s in loaded.listed()]
    )
    where = "no waybill.toml was found" if loaded.file is None else f"read: {loaded.file}"
    note(f"Set one as {PREFIX}<NAME> in the environment or as a line in waybill.toml; {where}.")
