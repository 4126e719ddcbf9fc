"""`waybill wire check`: says offline what the gateway would do with payloads. Sends and stores nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from waybill.instants import FORMS, instant
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_table


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The wire protocol: for who writes a sender.")
    group.command(name="check")(check)
    app.add_typer(group, name="wire")


def check(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="Payloads, one a line, or one JSON text; - for standard input.")],
    topic: Annotated[str | None, typer.Option(help="The topic of lines that name none; else by their looks.")] = None,
    device: Annotated[str, typer.Option(help="The device's name where the topic is made up.")] = "gps-01",
    at: Annotated[str, typer.Option("--at", metavar="TIME", help=f"When they arrive: {FORMS}.")] = "now",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each fix or reject.")] = False,
) -> None:
    """What the gateway would do with each payload, why, and what to do about it; exit code 1: it refuses some."""
    from gateway.ingest.wire_check import check_payloads
    from gateway.tracking.policy import Policy

    settings = settings_of(context)
    now = instant(at, settings.parsed_clock().now(), "--at")
    policy = Policy(accept_simulated=settings.accept_simulated, accept_replayed=settings.accept_replayed)
    verdicts = list(check_payloads(_read(file), topic, device, now, policy))
    if as_json:
        for one in verdicts:
            say(msgspec.json.encode(one).decode())
    else:
        rows = [
            (one.line, one.topic, one.becomes, one.reason, one.field, one.value, one.detail, one.remedy)
            for one in verdicts
        ]
        show_table(("line", "topic", "becomes", "reason", "field", "value", "detail", "remedy"), rows)
    bad = sum(not one.good for one in verdicts)
    fixes = sum(one.becomes == "fix" for one in verdicts)
    note(f"{fixes} fixes that count, {bad} refused, {len(verdicts) - fixes - bad} others")
    if bad:
        raise typer.Exit(1)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}; give a file of payloads, or - for standard input") from error
