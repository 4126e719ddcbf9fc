"""`waybill settings`: every setting with value, origin and meaning, and whether they go together. Changes none."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.configuration import PREFIX
from waybill.invocation import CommandError, invocation, settings_of
from waybill.terminal import note, say, show_json, show_table


def register(app: typer.Typer) -> None:
    group = typer.Typer(invoke_without_command=True, help="Every setting with its value, origin and meaning.")
    group.callback()(settings)
    group.command(name="check")(check)
    app.add_typer(group, name="settings")


def settings(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Every setting with its value, where the value comes from, and what it means. Secrets are hidden."""
    if context.invoked_subcommand is not None:
        return
    loaded = invocation(context).loaded
    if as_json:
        show_json(loaded.listed())
        return
    show_table(
        ("setting", "value", "from", "meaning"), [(s.name, s.value, s.origin, s.meaning) for s in loaded.listed()]
    )
    where = "no waybill.toml was found" if loaded.file is None else f"read: {loaded.file}"
    note(f"Set one as {PREFIX}<NAME> in the environment or as a line in waybill.toml; {where}.")


def check(context: typer.Context) -> None:
    """Says what settings together cannot work, each with the way out."""
    from waybill.setting_checks import findings

    found = findings(settings_of(context))
    for one in found:
        say(f"{'wrong' if one.wrong else 'note'}: {one.says} ({one.remedy})")
    wrong = sum(one.wrong for one in found)
    if wrong:
        raise CommandError(f"{wrong} setting{'s do' if wrong > 1 else ' does'} not work as it stands")
    say("the settings go together")
