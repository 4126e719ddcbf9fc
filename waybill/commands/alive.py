"""`waybill alive`: whether a part gave a sign of life lately; for health checks of containers. Starts nothing."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from waybill.connections import database
from waybill.invocation import CommandError, settings_of
from waybill.terminal import say


def register(app: typer.Typer) -> None:
    app.command()(alive)


def alive(
    context: typer.Context,
    part: Annotated[
        str | None, typer.Argument(help="gateway, api or worker; else whichever runs on this host or container.")
    ] = None,
) -> None:
    """Whether a part gave a sign of life in the last 20 seconds; exit code 1 when not."""
    from contract.clock import true_now
    from gateway.api.readiness import FRESH
    from storage.health import parts

    host = socket.gethostname()
    with database(settings_of(context)) as connection:
        known = [one for one in parts(connection) if (one.name == part if part else one.host == host)]
    what = part or f"any part on {host}"
    if not known:
        raise CommandError(f"{what} never gave a sign of life")
    newest = max(known, key=lambda one: one.seen_at)
    silent = true_now() - newest.seen_at
    if -silent > FRESH:
        ahead = f"{newest.name} on {newest.host} was seen {-silent.total_seconds():.0f} s in the future"
        raise CommandError(f"{ahead}: a clock was set back, here or there (timedatectl)")
    if silent > FRESH:
        raise CommandError(f"{newest.name} on {newest.host} is silent for {silent.total_seconds():.0f} s")
    say(f"{newest.name} on {newest.host}: seen {max(silent.total_seconds(), 0):.0f} s ago")
