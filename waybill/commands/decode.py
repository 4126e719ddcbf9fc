"""`waybill decode`: NMEA bytes in, one JSON line per fix out. Stores and sends nothing."""

from __future__ import annotations

import sys
from datetime import date
from io import BufferedReader
from pathlib import Path
from typing import Annotated, cast

import typer

from waybill.invocation import CommandError
from waybill.terminal import note


def register(app: typer.Typer) -> None:
    app.command(name="decode")(decode)


def decode(
    file: Annotated[str, typer.Argument(help="A capture of NMEA bytes, or - for standard input.")],
    day: Annotated[
        str | None,
        typer.Option("--date", help="YYYY-MM-DD of the first fix, for captures that never tell a date."),
    ] = None,
) -> None:
    """One JSON line per fix; on standard error what was left out and why. Exit code 0 when the file was read."""
    first_on = _day(day)
    if file == "-":
        _show(cast("BufferedReader", sys.stdin.buffer), first_on)
        return
    path = Path(file)
    try:
        capture = path.open("rb")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; give the path of a capture, or - for standard input") from error
    with capture:
        _show(capture, first_on)


def _show(capture: BufferedReader, first_on: date | None) -> None:
    from firmware_bridge.decode import DecodeRun

    run = DecodeRun(capture, first_on)
    for line in run.lines():
        sys.stdout.buffer.write(line)
        if capture is sys.stdin.buffer:
            sys.stdout.buffer.flush()
    sys.stdout.buffer.flush()
    note(run.summary())


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--date {text!r} is no day such as 2026-11-23") from error
