"""`waybill bridge`: one device's fixes from a receiver or a capture to the broker. Does no hop's work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.device_passwords import find_password
from waybill.invocation import CommandError, settings_of
from waybill.logs import start_logging
from waybill.settings import Settings
from waybill.terminal import note, say

if TYPE_CHECKING:
    from firmware_bridge.bridge import BridgeProgress
    from firmware_bridge.sources.source import Source


def register(app: typer.Typer) -> None:
    app.command()(bridge)


def bridge(
    context: typer.Context,
    device: Annotated[str, typer.Option(help="Name of the GPS unit, such as gps-77; also its broker user.")],
    source: Annotated[
        str,
        typer.Option(
            help="serial:/dev/ttyUSB0?baud=auto|9600, gpsd://HOST:2947, tcp://HOST:PORT, udp://HOST:PORT, "
            "or replay:FILE?rate=1|10|max&shift=now|none."
        ),
    ],
    password_file: Annotated[
        Path | None, typer.Option(help="File whose first line is the device's broker password.", show_default=False)
    ] = None,
    spool: Annotated[
        Path | None, typer.Option(help="Spool file; else spool/DEVICE.db in the data folder.", show_default=False)
    ] = None,
) -> None:
    """Sends what a receiver says (or a capture of one) as fixes of a device. Runs until the source ends or SIGTERM.

    Fixes wait in the spool until a receipt confirms them; what is left over goes with the next start.
    """
    import asyncio

    from contract.fix import DEVICE_NAME
    from firmware_bridge.sources.source import SourceError
    from firmware_bridge.sources.urls import open_source
    from firmware_bridge.spool import SpoolError

    settings = settings_of(context)
    if not DEVICE_NAME.fullmatch(device):
        raise CommandError(f"device {device!r} must be 1 to 32 of a-z, 0-9 and -, not beginning with -")
    password = find_password(settings, device, password_file)
    start_logging("bridge", settings.log_level)
    told: list[BridgeProgress] = []
    wrong: list[str] = []
    # A task of the bridge that fails brings its error in a group.
    try:
        opened = open_source(source, settings.parsed_clock())
        told.append(asyncio.run(_run(settings, device, opened, password, spool)))
    except* (SourceError, SpoolError) as group:
        wrong.extend(str(error) for error in group.exceptions)
    if wrong:
        raise CommandError("; ".join(wrong))
    _tell(told[0])


async def _run(settings: Settings, device: str, source: Source, password: str, spool: Path | None) -> BridgeProgress:
    from firmware_bridge.bridge import BridgeOptions, run_bridge
    from firmware_bridge.broker_link import BrokerAddress
    from waybill.stopping import stop_event_of_loop

    spool_path = spool or settings.data_dir / "spool" / f"{device}.db"
    spool_path.parent.mkdir(parents=True, exist_ok=True)
    broker = BrokerAddress(
        host=settings.broker_host, port=settings.broker_port, password=password, ca_file=settings.broker_tls_ca
    )
    options = BridgeOptions(
        device=device, source=source, spool_path=spool_path, broker=broker, clock=settings.parsed_clock()
    )
    return await run_bridge(options, stop_event_of_loop())


def _tell(progress: BridgeProgress) -> None:
    """What became of the fixes; exit code 1 when a source that ended left some unconfirmed."""
    say(f"{progress.device}: {progress.spooled} fixes spooled in all, {progress.confirmed} confirmed by receipts")
    left_out = ", ".join(f"{count} {reason}" for reason, count in progress.counts.items() if count)
    if left_out:
        note(f"read and left out: {left_out}")
    if progress.refused is not None:
        note(f"the broker refuses: {progress.refused}")
    if progress.backlog:
        note(f"{progress.backlog} fixes wait in the spool for the next start")
        if progress.source_ended:
            raise typer.Exit(1)
