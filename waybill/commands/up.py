"""`waybill up`: servers and all parts on this machine, without a simulator. Composes nothing itself."""

from __future__ import annotations

import typer

from waybill.invocation import settings_of
from waybill.stopping import interrupt_on_sigterm, stop_event
from waybill.terminal import note, say


def register(app: typer.Typer) -> None:
    app.command()(up)


def up(context: typer.Context) -> None:
    """Starts database, broker, gateway, worker, api and dashboard on this machine; Ctrl-C stops them all."""
    from waybill.one_machine import start_parts, start_servers
    from waybill.stack.stack import Stack

    settings = settings_of(context)
    interrupt_on_sigterm()
    with Stack(settings.data_dir, note) as stack:
        start_servers(stack, note)
        addresses = start_parts(stack, note)
        say(f"dashboard  {addresses.dashboard}")
        say(f"api        {addresses.api}")
        say(f"data       {stack.data_dir}")
        note("Ctrl-C stops everything that was started here. An empty installation begins with: waybill init")
        stop_event().wait()
        note("stopping …")
