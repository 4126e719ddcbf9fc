"""Writes a simulated fleet to files: one capture per vehicle and the truth beside them. Needs no broker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BufferedWriter
from pathlib import Path

import msgspec

from contract.times import format_instant
from firmware_bridge.capture import Header
from firmware_bridge.sim.day import VehicleDay
from firmware_bridge.sim.feed import nmea
from firmware_bridge.sim.truth_records import truth_records
from waybill.invocation import CommandError
from waybill.simulation.fleet import Simulated

TRUTH_FILE = "truth.jsonl"
# So many epochs are made between two reports of progress.
STEP = 3600


class Simulation(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="simulation"):
    """The first line of the truth file: what to call to get the same again."""

    vehicles: int
    seed: int
    starts_at: datetime
    ends_at: datetime
    faults: tuple[str, ...]
    streets: str | None
    around: tuple[float, float] | None


class Unit(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="unit"):
    """Before each vehicle's records: which file is whose."""

    vehicle: str
    device: str
    file: str


class Written(msgspec.Struct, frozen=True):
    """What a recording holds."""

    epochs: int
    size_bytes: int


def record_fleet(fleet: Simulated, folder: Path, on_progress: Callable[[int], None]) -> Written:
    """Writes all of it; on_progress gets vehicle-seconds as they are done. Never overwrites a file."""
    _prepare(folder)
    wish = fleet.wish
    until = wish.starts_at + timedelta(hours=wish.hours)
    epochs = size_bytes = 0
    encode = msgspec.json.Encoder().encode
    with (folder / TRUTH_FILE).open("xb") as truth:
        truth.write(encode(_head(fleet, until)) + b"\n")
        for device, day in fleet.units():
            name = f"{day.vehicle}.nmea"
            truth.write(encode(Unit(vehicle=day.vehicle, device=device, file=name)) + b"\n")
            for record in truth_records(day, fleet.streets, wish.seed, wish.starts_at, until):
                truth.write(encode(record) + b"\n")
            with (folder / name).open("xb") as capture:
                capture.write(_header(fleet, device, day).text().encode())
                epochs += _write(fleet, day, until, capture, on_progress)
                size_bytes += capture.tell()
    return Written(epochs, size_bytes)


def _write(
    fleet: Simulated,
    day: VehicleDay,
    until: datetime,
    capture: BufferedWriter,
    on_progress: Callable[[int], None],
) -> int:
    epochs = 0
    for _, sentences in nmea(day, fleet.streets, fleet.wish.seed, fleet.wish.starts_at, until):
        capture.write(sentences)
        epochs += 1
        if epochs % STEP == 0:
            on_progress(STEP)
    on_progress(epochs % STEP)
    return epochs


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = next(folder.iterdir(), None)
    except OSError as error:
        raise CommandError(f"--record {folder}: {error.strerror}") from error
    if taken is not None:
        raise CommandError(f"--record {folder} holds {taken.name} already; name an empty or a new folder")


def _head(fleet: Simulated, until: datetime) -> Simulation:
    wish = fleet.wish
    return Simulation(
        vehicles=wish.vehicles, seed=wish.seed, starts_at=wish.starts_at, ends_at=until,
        faults=tuple(kind.value for kind in fleet.kinds), streets=fleet.streets_file,
        around=None if wish.around is None else (wish.around.lat_deg, wish.around.lon_deg),
    )  # fmt: skip


def _header(fleet: Simulated, device: str, day: VehicleDay) -> Header:
    return Header(
        began_at=format_instant(fleet.wish.starts_at), source=f"simulate:{day.vehicle}?seed={fleet.wish.seed}",
        device=f"{device}, simulated", notes=f"what really happened is in {TRUTH_FILE}",
    )  # fmt: skip
