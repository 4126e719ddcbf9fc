"""`waybill status`: what runs, what is stored, what is wrong; exit code 1 when anything is. Looks nowhere itself."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.invocation import settings_of
from waybill.terminal import say, show_json


def register(app: typer.Typer) -> None:
    app.command()(status)


def status(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """What runs, versions, schema, devices and the day's counts. Exit code 0: all well; 1: something is down."""
    from waybill.status.collect import collect
    from waybill.status.show import show

    report = collect(settings_of(context))
    if as_json:
        show_json(report)
    elif report.running:
        show(report)
    else:
        say(f"Waybill is not running in {report.data_dir}. Start it: ./run demo (a simulated fleet) or ./run up.")
    raise typer.Exit(1 if report.problems else 0)
