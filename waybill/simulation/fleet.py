"""What `waybill simulate` drives: streets, days with their faults, a name per unit. Writes and sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from firmware_bridge.sim.day import VehicleDay
from firmware_bridge.sim.fault_plan import random_faults
from firmware_bridge.sim.faults import FaultKind
from firmware_bridge.sim.fleet_plan import FleetWish, fleet_days
from firmware_bridge.sim.streets import Streets, StreetsError
from waybill.invocation import CommandError
from waybill.settings import Settings
from waybill.terminal import note

STREETS_FILE = "streets.json.gz"
ADVICE = "waybill map build EXTRACT.osm.pbf makes streets from an OpenStreetMap extract; then --streets FILE"


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """The fleet that was asked for; streets_file is None on blank ground."""

    wish: FleetWish
    kinds: tuple[FaultKind, ...]
    streets: Streets | None
    streets_file: str | None
    device_prefix: str

    def units(self) -> Iterator[tuple[str, VehicleDay]]:
        """Device and day, one after the other: a day with faults takes some milliseconds to work out."""
        for number, day in enumerate(fleet_days(self.wish, self.streets), 1):
            faults = random_faults(day, self.streets, self.wish.seed, self.kinds) if self.kinds else ()
            yield self.device(number), msgspec.structs.replace(day, faults=faults)

    def device(self, number: int) -> str:
        return f"{self.device_prefix}{number:02d}"

    @property
    def devices(self) -> list[str]:
        return [self.device(number) for number in range(1, self.wish.vehicles + 1)]


def find_streets(settings: Settings, named: Path | None) -> tuple[Streets | None, str | None]:
    """From --streets, else from the map of the settings, else none, which is said with the remedy."""
    path = named
    if path is None and settings.map_dir is not None and (settings.map_dir / STREETS_FILE).is_file():
        path = settings.map_dir / STREETS_FILE
    if path is None:
        note(f"No streets: vehicles drive straight lines over blank ground at 30 km/h. {ADVICE}")
        return None, None
    try:
        return Streets.from_bytes(path.read_bytes()), path.name
    except OSError as error:
        raise CommandError(f"--streets {path}: {error.strerror}. {ADVICE}") from error
    except StreetsError as error:
        raise CommandError(f"{path}: {error}") from error
