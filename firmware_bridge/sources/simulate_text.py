"""`simulate:van-1?…` -> one simulated vehicle's receiver, as `waybill simulate` drives it. Knows no other vehicle."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from contract.clock import Clock
from contract.times import parse_instant
from firmware_bridge.sim.fault_plan import parse_kinds, random_faults
from firmware_bridge.sim.fleet_plan import FleetWish, last_day
from firmware_bridge.sim.polyline import parse_place
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sources.simulate import SimulatedSource
from firmware_bridge.sources.source import Source, SourceError

_VEHICLE = re.compile(r"van-([1-9][0-9]{0,3})")
_MOST_HOURS = 240.0

_Options = dict[str, str]
T = TypeVar("T")


def simulated(place: str, options: _Options, clock: Clock) -> Source:
    """The source; every option that is understood is taken out of `options`."""
    number = _VEHICLE.fullmatch(place)
    if number is None:
        raise SourceError(f"vehicle {place!r} must be van-1 to van-9999: each has a day of its own")
    seed = _taken(options, "seed", "1", int, "a whole number")
    hours = _taken(options, "hours", "1", _hours, f"a number above 0, at most {_MOST_HOURS:g}")
    starts_at = _start(options.pop("start", "now"), clock.now())
    streets = _streets(options.pop("streets", None))
    around = _taken(options, "around", "", lambda text: parse_place(text) if text else None, "LAT,LON in degrees")
    kinds = _taken(options, "faults", "", parse_kinds, "of the faults that docs/simulator.md lists")
    wish = FleetWish(vehicles=int(number[1]), seed=seed, starts_at=starts_at, hours=hours, around=around)
    day = last_day(wish, streets)
    if kinds:
        day = msgspec.structs.replace(day, faults=random_faults(day, streets, seed, kinds))
    return SimulatedSource(day, streets, seed, clock, start=starts_at, until=starts_at + timedelta(hours=hours))


def _taken(options: _Options, name: str, default: str, meant: Callable[[str], T], allowed: str) -> T:
    text = options.pop(name, default)
    try:
        return meant(text)
    except ValueError as error:
        raise SourceError(f"{name} {text!r} must be {allowed}: {error}") from error


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours <= _MOST_HOURS:
        raise ValueError("out of range")
    return hours


def _start(text: str, now: datetime) -> datetime:
    """On a whole second, as receivers have them."""
    try:
        # A plus sign is a blank in a query.
        instant = now if text == "now" else parse_instant(text.replace(" ", "+"))
    except ValueError as error:
        raise SourceError(f"start: {error}; or say now") from error
    return instant.replace(microsecond=0)


def _streets(file: str | None) -> Streets | None:
    if file is None:
        return None
    try:
        return Streets.from_bytes(Path(file).read_bytes())
    except OSError as error:
        raise SourceError(
            f"streets {file}: {error.strerror}; waybill map build EXTRACT.osm.pbf makes streets.json.gz"
        ) from error
    except ValueError as error:
        raise SourceError(f"streets {file}: {error}") from error
