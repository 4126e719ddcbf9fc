"""`waybill up`: servers and all parts on this machine, without a simulator. Composes nothing itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from waybill.invocation import CommandError, Invocation, invocation
from waybill.stopping import interrupt_on_sigterm, stop_event
from waybill.terminal import note, say


def register(app: typer.Typer) -> None:
    app.command()(up)


def up(
    context: typer.Context,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of this installation.", show_default=False)
    ] = None,
) -> None:
    """Starts database, broker, gateway, worker, api and dashboard on this machine; Ctrl-C stops them all."""
    from waybill.one_machine import start_parts, start_servers
    from waybill.stack.stack import Stack

    before = invocation(context)
    if None not in (data_dir, before.data_dir) and data_dir != before.data_dir:
        raise CommandError(f"--data-dir is {before.data_dir} before the word up and {data_dir} after it; say it once")
    settings = before.settings if data_dir is None else Invocation(data_dir=data_dir).settings
    interrupt_on_sigterm()
    with Stack(settings.data_dir, note) as stack:
        start_servers(stack, note)
        addresses = start_parts(stack, note)
        say(f"dashboard  {addresses.dashboard}")
        say(f"api        {addresses.api}")
        say(f"data       {stack.data_dir}")
        here = "" if data_dir is None and before.data_dir is None else f"--data-dir {stack.data_dir} "
        note(f"Ctrl-C stops everything that was started here. An empty installation begins with: waybill {here}init")
        stop_event().wait()
        note("stopping …")
