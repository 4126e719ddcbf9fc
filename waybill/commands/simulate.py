"""`waybill simulate`: vehicles that nobody drives, to the broker or into files. Does no hop's work itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.invocation import CommandError, settings_of
from waybill.logs import start_logging
from waybill.settings import Settings
from waybill.terminal import note, say

if TYPE_CHECKING:
    from waybill.simulation.fleet import Simulated


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    context: typer.Context,
    vehicles: Annotated[int, typer.Option(min=1, max=10_000, help="How many: van-1 and on.")] = 8,
    seed: Annotated[int, typer.Option(help="The same seed and start give the same bytes.")] = 1,
    speedup: Annotated[
        float | None, typer.Option(min=0.1, max=600.0, help="How many times as fast as true time.", show_default=False)
    ] = None,
    start: Annotated[
        str, typer.Option(metavar="TIME", help="When they set out; hours before now are driven at full speed.")
    ] = "now",
    hours: Annotated[float, typer.Option(min=0.01, max=240.0, help="For how long they are on the road.")] = 1.0,
    faults: Annotated[
        str, typer.Option(help="What goes wrong: tunnels,jumps,clock,checksums,silence,power, or all.")
    ] = "",
    streets: Annotated[
        Path | None, typer.Option(help="streets.json.gz of waybill map build.", show_default=False)
    ] = None,
    around: Annotated[
        str | None, typer.Option(metavar="LAT,LON", help="Where the premises are; else mid-map.", show_default=False)
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write files instead, with the truth.", show_default=False)
    ] = None,
    device_prefix: Annotated[str, typer.Option(help="Devices are called this and 01, 02, …")] = "sim-",
    register_missing: Annotated[
        bool, typer.Option("--register", help="First register vehicles and devices that are missing.")
    ] = False,
    premises: Annotated[
        str | None, typer.Option(help="Where --register adds them; needed when there are several.", show_default=False)
    ] = None,
    demo_dir: Annotated[Path | None, typer.Option("--demo", metavar="DIR", hidden=True)] = None,
    drain_s: Annotated[float, typer.Option("--drain-s", min=0.0, hidden=True)] = 10.0,
) -> None:
    """Vehicles on real streets, each with a receiver, a spool and a connection; or with --record as files.

    Without --record it runs until the hours are over, or SIGTERM. Their fixes say that they are simulated: the gateway
    counts them only when accept_simulated is set.
    """
    settings = settings_of(context)
    if demo_dir is not None:
        _drive_demo(settings, demo_dir, drain_s)
        return
    fleet = _fleet(settings, vehicles, seed, start, hours, faults, streets, around, device_prefix)
    if record is not None:
        _record(fleet, record)
        return
    if register_missing:
        from waybill.simulation.register import register_fleet

        register_fleet(settings, fleet, premises)
    _publish(settings, fleet, speedup)


def _drive_demo(settings: Settings, demo_dir: Path, drain_s: float) -> None:
    """The vans of a demo: each a simulated receiver, a spool and a connection. Runs until SIGTERM."""
    import asyncio

    from waybill.demo.fleet import drive_demo
    from waybill.stopping import stop_event_of_loop

    start_logging("simulate", settings.log_level, settings.log_format)

    async def drive() -> None:
        await drive_demo(demo_dir, settings, drain_s, stop_event_of_loop())

    asyncio.run(drive())


def _fleet(
    settings: Settings,
    vehicles: int,
    seed: int,
    start: str,
    hours: float,
    faults: str,
    streets: Path | None,
    around: str | None,
    device_prefix: str,
) -> Simulated:
    from contract.fix import DEVICE_NAME
    from firmware_bridge.sim.fault_plan import parse_kinds
    from firmware_bridge.sim.fleet_plan import FleetWish
    from waybill.simulation.fleet import Simulated, find_streets
    from waybill.simulation.places import place_option

    try:
        kinds = parse_kinds(faults)
    except ValueError as error:
        raise CommandError(f"--faults {error}") from error
    place = None if around is None else place_option(around)
    if not DEVICE_NAME.fullmatch(f"{device_prefix}{vehicles:02d}"):
        raise CommandError(f"--device-prefix {device_prefix!r}: device names have 1 to 32 of a-z, 0-9 and -")
    starts_at = _starts_at(settings, start)
    known, name = find_streets(settings, streets)
    wish = FleetWish(vehicles=vehicles, seed=seed, starts_at=starts_at, hours=hours, around=place)
    return Simulated(wish=wish, kinds=kinds, streets=known, streets_file=name, device_prefix=device_prefix)


def _starts_at(settings: Settings, text: str) -> datetime:
    """On a whole second, as receivers have them."""
    from waybill.instants import instant

    return instant(text, settings.parsed_clock().now(), "--start").replace(microsecond=0)


def _record(fleet: Simulated, folder: Path) -> None:
    import time

    from waybill.progress import progress_bar
    from waybill.simulation.record import record_fleet

    began_s = time.monotonic()
    whole = round(fleet.wish.vehicles * fleet.wish.hours * 3600)
    with progress_bar("vehicle-seconds", whole) as advance:
        written = record_fleet(fleet, folder, advance)
    took_s = time.monotonic() - began_s
    say(
        f"{written.epochs:,} vehicle-seconds of {fleet.wish.vehicles} vehicles, {written.size_bytes / 1e6:.1f} MB, "
        f"in {took_s:.1f} s ({written.epochs / took_s:,.0f} a second); what really happened: {folder / 'truth.jsonl'}"
    )


def _publish(settings: Settings, fleet: Simulated, speedup: float | None) -> None:
    import asyncio

    from waybill.simulation.publish import clock_for, publish_fleet
    from waybill.stopping import stop_event_of_loop

    start_logging("simulate", settings.log_level, settings.log_format)
    clock = clock_for(settings, fleet.wish.starts_at, speedup)

    async def drive() -> int:
        return await publish_fleet(fleet, settings, clock, stop_event_of_loop())

    left = asyncio.run(drive())
    if left:
        note(f"{left} fixes wait in the spools for the next start")
        raise typer.Exit(1)
