"""`waybill bridge`: one device's fixes from a receiver to the broker, and its unit's set-up. Does no hop's work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.device_passwords import find_password
from waybill.invocation import CommandError, settings_of
from waybill.logs import start_logging
from waybill.settings import Settings
from waybill.terminal import note, say

if TYPE_CHECKING:
    from firmware_bridge.bridge import BridgeOptions, BridgeProgress
    from firmware_bridge.broker_link import BrokerAddress, ClientCertificate


def register(app: typer.Typer) -> None:
    # A group that is a command as well: without a sub-command it runs the bridge.
    group = typer.Typer(invoke_without_command=True, callback=bridge)
    group.command(name="check")(check)
    group.command(name="enroll")(enroll)
    app.add_typer(group, name="bridge")


Device = Annotated[
    str | None,
    typer.Option(help="Name of the GPS unit, such as gps-77; also its broker user.", show_default=False),
]
SourceText = Annotated[
    str | None,
    typer.Option(
        help="serial:/dev/ttyUSB0?baud=auto|9600, gpsd://HOST:2947, tcp://HOST:PORT, udp://HOST:PORT, "
        "replay:FILE?rate=1|10|max&shift=now|none, or simulate:van-1?seed=1&hours=1&faults=all&streets=FILE.",
        show_default=False,
    ),
]
PasswordFile = Annotated[
    Path | None, typer.Option(help="File whose first line is the device's broker password.", show_default=False)
]
SpoolFile = Annotated[
    Path | None, typer.Option(help="Spool file; else spool/DEVICE.db in the data folder.", show_default=False)
]
EnrolmentFile = Annotated[
    Path | None,
    typer.Option("--enrolment", help="What waybill bridge enroll wrote; it names the device.", show_default=False),
]


def bridge(
    context: typer.Context,
    device: Device = None,
    source: SourceText = None,
    password_file: PasswordFile = None,
    spool: SpoolFile = None,
    enrolment: EnrolmentFile = None,
) -> None:
    """Sends what a receiver says (or a capture of one) as fixes of a device. Runs until the source ends or SIGTERM.

    Fixes wait in the spool until a receipt confirms them; what is left over goes with the next start.
    """
    import asyncio

    from firmware_bridge.bridge import run_bridge
    from firmware_bridge.sources.source import SourceError
    from firmware_bridge.spool import SpoolError
    from waybill.stopping import stop_event_of_loop

    if context.invoked_subcommand is not None:
        return
    settings = settings_of(context)
    unit = _unit(settings, device, password_file, enrolment)
    wanted = _needed(source, "--source")

    async def run() -> BridgeProgress:
        return await run_bridge(_options(settings, unit, wanted, spool), stop_event_of_loop())

    start_logging("bridge", settings.log_level, settings.log_format)
    told: list[BridgeProgress] = []
    wrong: list[str] = []
    # A task of the bridge that fails brings its error in a group.
    try:
        told.append(asyncio.run(run()))
    except* (SourceError, SpoolError) as group:
        wrong.extend(str(error) for error in group.exceptions)
    if wrong:
        raise CommandError("; ".join(wrong))
    _tell(told[0])


def check(
    context: typer.Context,
    device: Device = None,
    source: SourceText = None,
    password_file: PasswordFile = None,
    spool: SpoolFile = None,
    enrolment: EnrolmentFile = None,
) -> None:
    """The mounting check: receiver, spool, link, and one fix up to its receipt; each passes, or says what to do.

    Stop a bridge of this unit first: port and spool belong to one at a time. Exit code 0 when everything passes.
    """
    import asyncio

    from firmware_bridge.mounting_check import check_mounting

    settings = settings_of(context)
    unit = _unit(settings, device, password_file, enrolment)
    wanted = _needed(source, "--source")

    async def run() -> bool:
        passed = True
        async for finding in check_mounting(_options(settings, unit, wanted, spool)):
            say(finding.line())
            passed = passed and finding.passed
        return passed

    if not asyncio.run(run()):
        raise typer.Exit(1)


def enroll(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The server, such as https://waybill.example.com.")],
    code: Annotated[str, typer.Argument(help="From waybill device enroll: counts once, for 15 minutes.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Else enrolment.toml in the data folder.", show_default=False)
    ] = None,
) -> None:
    """Exchanges a code for this unit's settings file, which only its owner can read: its name, password or key."""
    from firmware_bridge.enrolment import enroll as exchange
    from firmware_bridge.enrolment import is_in_the_clear

    file = out or settings_of(context).data_dir / "enrolment.toml"
    if out is None:
        file.parent.mkdir(parents=True, exist_ok=True)
    if is_in_the_clear(url):
        note("http: code and password cross the network unencrypted; use https outside a network that you trust.")
    enrolled = exchange(url, code, file)
    say(f"this unit is {enrolled.device}; its settings are in {file}")
    note(f"Next: waybill bridge check --enrolment {file} --source serial:/dev/ttyUSB0")


@dataclass(frozen=True, slots=True)
class _Unit:
    """Which device the bridge speaks for, and where."""

    device: str
    broker: BrokerAddress


def _unit(settings: Settings, device: str | None, password_file: Path | None, enrolment: Path | None) -> _Unit:
    import msgspec

    from contract.fix import DEVICE_NAME
    from firmware_bridge.broker_link import BrokerAddress
    from firmware_bridge.enrolment import read_enrolment

    if enrolment is not None:
        enrolled = read_enrolment(enrolment)
        if device not in (None, enrolled.device):
            raise CommandError(f"{enrolment} is for {enrolled.device}, not for {device}; leave --device out")
        return _Unit(enrolled.device, enrolled.address())
    name = _needed(device, "--device")
    if not DEVICE_NAME.fullmatch(name):
        raise CommandError(f"device {name!r} must be 1 to 32 of a-z, 0-9 and -, not beginning with -")
    place = BrokerAddress(host=settings.broker_host, port=settings.broker_port, ca_file=settings.broker_tls_ca)
    if password_file is None and settings.device_certificate is not None:
        return _Unit(name, msgspec.structs.replace(place, certificate=_certificate(settings)))
    return _Unit(name, msgspec.structs.replace(place, password=find_password(settings, name, password_file)))


def _certificate(settings: Settings) -> ClientCertificate:
    from firmware_bridge.broker_link import read_certificate

    if settings.device_certificate is None or settings.device_key is None:
        raise CommandError("device_certificate is set, but not its key: WAYBILL_DEVICE_KEY")
    try:
        return read_certificate(settings.device_certificate, settings.device_key)
    except OSError as error:
        raise CommandError(f"device_certificate, device_key: {error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"device_certificate, device_key: {error}") from error


def _needed(value: str | None, option: str) -> str:
    if value is None:
        raise typer.BadParameter("is needed; waybill bridge --help shows its form", param_hint=option)
    return value


def _options(settings: Settings, unit: _Unit, source: str, spool: Path | None) -> BridgeOptions:
    """Inside a running loop, because some sources bind to it."""
    from firmware_bridge.bridge import BridgeOptions
    from firmware_bridge.sources.urls import open_source

    spool_path = spool or settings.data_dir / "spool" / f"{unit.device}.db"
    spool_path.parent.mkdir(parents=True, exist_ok=True)
    clock = settings.parsed_clock()
    return BridgeOptions(
        device=unit.device,
        source=open_source(source, clock),
        spool_path=spool_path,
        broker=unit.broker,
        clock=clock,
    )


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
