"""`waybill detect`: what the gateway's own engine finds in a recording, as JSON lines. Stores nothing."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.invocation import CommandError
from waybill.terminal import note

if TYPE_CHECKING:
    from gateway.tracking.policy import Policy
    from gateway.tracking.zones import ZoneSet
    from waybill.detection.recording import Recording

_SHOWN = 10  # bad lines told one by one


def register(app: typer.Typer) -> None:
    app.command(name="detect")(detect)


def detect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A recording, .csv or .jsonl, with time, vehicle, lat, lon.")
    ],
    zones: Annotated[Path | None, typer.Option(metavar="FILE", help="Zones as GeoJSON.", show_default=False)] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What was planned: premises, trips, drops, routes, places.", show_default=False
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Another threshold; may be repeated.", show_default=False),
    ] = None,
) -> None:
    """One JSON line per record, by vehicle and in order of time; on standard error what was left out and why."""
    import msgspec

    from waybill.detection.plans import plan_of, read_plan
    from waybill.detection.recording import read
    from waybill.detection.run import records_of

    rules = _policy(policy or [])
    ready, planned = _zones(zones), read_plan(plan)
    recording = read(file)
    _tell_reading(recording)
    _tell_unplanned(set(planned.vehicles) - set(recording.fixes), plan)
    refused: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for vehicle in sorted(recording.fixes):
        for record in records_of(vehicle, recording.fixes[vehicle], plan_of(vehicle, planned, ready), rules, refused):
            told[str(record["kind"])] += 1
            sys.stdout.buffer.write(msgspec.json.encode(record) + b"\n")
    sys.stdout.buffer.flush()
    fixes = sum(len(fixes) for fixes in recording.fixes.values())
    summary = ", ".join(f"{count} {kind}" for kind, count in sorted(told.items())) or "nothing found"
    note(f"{fixes} fixes of {len(recording.fixes)} vehicles, policy {rules.version}: {summary}")
    if refused:
        note("fixes that do not count: " + ", ".join(f"{count} {rule}" for rule, count in sorted(refused.items())))


def _policy(changes: list[str]) -> Policy:
    from gateway.tracking.policy import Policy, overridden

    pairs = [change.partition("=") for change in changes]
    for name, sign, _ in pairs:
        if not sign:
            raise CommandError(f"--policy {name!r} is not NAME=VALUE, such as stop_min_s=60")
    try:
        return overridden(Policy(), {name.strip(): value.strip() for name, _, value in pairs})
    except ValueError as error:
        raise CommandError(f"--{error}") from error


def _zones(path: Path | None) -> ZoneSet | None:
    import msgspec

    from gateway.tracking.geojson import zones_of
    from gateway.tracking.zones import ZoneSet

    if path is None:
        return None
    try:
        return ZoneSet(zones_of(msgspec.json.decode(path.read_bytes())))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise CommandError(f"{path}: {error}") from error


def _tell_reading(recording: Recording) -> None:
    from waybill.detection.recording import shown

    if recording.unknown:
        note(f"columns that are not read: {shown(recording.unknown)}")
    for number, why in recording.bad[:_SHOWN]:
        note(f"line {number}: {why}")
    if recording.bad:
        more = len(recording.bad) - _SHOWN
        note(f"{len(recording.bad)} bad lines left out" + (f", {more} of them not shown" if more > 0 else ""))


def _tell_unplanned(absent: set[str], plan: Path | None) -> None:
    if absent:
        note(f"{plan} plans for vehicles that the recording does not have: {', '.join(sorted(absent))}")
