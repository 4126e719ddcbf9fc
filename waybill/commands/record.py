"""`waybill record`: keeps what a receiver sends, byte by byte, to be replayed. Decodes it only to count."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from waybill.invocation import CommandError, settings_of
from waybill.terminal import note


def register(app: typer.Typer) -> None:
    app.command(name="record")(record)


def record(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The new file; an existing one is never overwritten.")],
    source: Annotated[str, typer.Option("--source", help="Where the bytes come from, e.g. serial:/dev/ttyUSB0.")],
    device: Annotated[str | None, typer.Option("--device", help="Which receiver: make, model, chipset.")] = None,
    place: Annotated[str | None, typer.Option("--place", help="Where it was recorded.")] = None,
    notes: Annotated[str | None, typer.Option("--notes", help="What is special about it.")] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", help="Stop after so long (else by Ctrl-C).")] = None,
) -> None:
    """Captures a receiver's raw bytes with a header; replay it with --source replay:FILE."""
    from contract.times import format_instant
    from firmware_bridge.capture import Header, Recorded
    from firmware_bridge.capture import record as record_source
    from firmware_bridge.sources.urls import open_source
    from waybill.stopping import stop_event_of_loop

    clock = settings_of(context).parsed_clock()

    async def run() -> Recorded:
        opened = open_source(source, clock)
        header = Header(
            began_at=format_instant(clock.now()), source=opened.name, device=device, place=place, notes=notes
        )
        stop = stop_event_of_loop()
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, stop.set)
        note(f"recording {opened.name} to {file}; Ctrl-C ends it")
        return await record_source(opened, file, header, stop)

    try:
        recorded = asyncio.run(run())
    except FileExistsError as error:
        raise CommandError(f"{file} exists already; choose another name or move it away") from error
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror or error}; the folder must exist and be writable") from error
    note(f"{recorded.size_bytes} bytes, {recorded.fixes} fixes; play it with --source replay:{file}")
    if recorded.fixes == 0:
        note(f"No fix among them: waybill decode {file} shows why.")
