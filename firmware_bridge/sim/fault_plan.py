"""Draws the faults of a vehicle's day from a seed. Makes no bytes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from random import Random

from firmware_bridge.sim.chance import seeded
from firmware_bridge.sim.day import VehicleDay, plan
from firmware_bridge.sim.faults import BadChecksums, ClockError, Fault, FaultKind, Jump, PowerLoss, Silence
from firmware_bridge.sim.feed import TripTimes, trips
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sim.tunnels import EXIT_ERROR_M, off_m, random_tunnel, street_tunnels
from firmware_bridge.sim.vehicle import Itinerary

# How often on the road, per hour. Every trip has at least one of each kind that is asked for.
PER_HOUR = {
    FaultKind.TUNNELS: 3.0, FaultKind.JUMPS: 4.0, FaultKind.CLOCK: 0.5, FaultKind.CHECKSUMS: 2.0,
    FaultKind.SILENCE: 1.5, FaultKind.POWER: 0.7,
}  # fmt: skip
# How far a wild fix is off: from the next street to the next city.
JUMP_M = (150.0, 20_000.0)
# A quartz that runs away, a lost leap second, an hour of summer time, and GPS's 1024 weeks.
CLOCK_OFFSETS_S = (-30.0, -1.0, 0.4, 2.5, 45.0, -3600.0, 3600.0, -1024 * 7 * 86_400.0)
COLD_START_S = (12.0, 60.0)
# A fault takes at most this share of its slot, so that two of a kind never meet.
SLOT_SHARE = 0.8


def parse_kinds(text: str) -> tuple[FaultKind, ...]:
    """From `tunnels,jumps`; `all` is every kind. Raises ValueError that names the wrong word."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["all"]:
        return tuple(FaultKind)
    known = {kind.value: kind for kind in FaultKind}
    wrong = [word for word in words if word not in known]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is none of {', '.join(known)}; or say all")
    return tuple(dict.fromkeys(known[word] for word in words))


def random_faults(
    day: VehicleDay,
    streets: Streets | None,
    seed: int,
    kinds: Iterable[FaultKind],
) -> tuple[Fault, ...]:
    """Faults on the road of every trip, in order of time. Asking for one kind more does not move the others.

    Tunnels are those on the way that the streets know, or drawn ones where there are none.
    """
    wanted = set(kinds)
    found: list[Fault] = []
    if FaultKind.TUNNELS in wanted and (real := street_tunnels(day, streets, seed)):
        wanted.discard(FaultKind.TUNNELS)
        found += real
    truth = plan(day, streets, seed)
    for trip in trips(day, streets, seed):
        for kind in sorted(wanted):
            found += _of_trip(kind, trip, truth, seeded(seed, day.vehicle, trip.departed_at.isoformat(), kind))
    return tuple(sorted(found, key=lambda fault: (fault.starts_at, type(fault).__name__)))


def _of_trip(kind: FaultKind, trip: TripTimes, truth: Itinerary, chance: Random) -> Iterator[Fault]:
    """One in each of equal slots of the trip."""
    lasts = trip.ended_at - trip.departed_at
    count = max(1, round(lasts / timedelta(hours=1) * PER_HOUR[kind] * chance.uniform(0.5, 1.5)))
    slot = lasts / count
    for k in range(count):
        starts_at = trip.departed_at + k * slot
        if kind is not FaultKind.TUNNELS:
            yield _in_slot(kind, chance, starts_at, slot.total_seconds())
        elif (tunnel := random_tunnel(chance, truth, starts_at, starts_at + slot)) is not None:
            yield tunnel


def _in_slot(kind: FaultKind, chance: Random, slot_at: datetime, slot_s: float) -> Fault:
    (least_s, most_s), make = _DRAWN[kind]
    lasts_s = min(chance.uniform(least_s, most_s), slot_s * SLOT_SHARE)
    starts_at = (slot_at + timedelta(seconds=chance.uniform(0.0, slot_s - lasts_s))).replace(microsecond=0)
    return make(chance, starts_at, starts_at + timedelta(seconds=max(1, round(lasts_s))))


def _jump(chance: Random, starts_at: datetime, ends_at: datetime) -> Fault:
    east_m, north_m = off_m(chance, *JUMP_M)
    return Jump(starts_at=starts_at, ends_at=ends_at, east_m=east_m, north_m=north_m)


def _clock(chance: Random, starts_at: datetime, ends_at: datetime) -> Fault:
    return ClockError(starts_at=starts_at, ends_at=ends_at, offset_s=chance.choice(CLOCK_OFFSETS_S))


def _checksums(chance: Random, starts_at: datetime, ends_at: datetime) -> Fault:
    return BadChecksums(starts_at=starts_at, ends_at=ends_at, share=round(chance.uniform(0.1, 0.9), 2))


def _silence(_chance: Random, starts_at: datetime, ends_at: datetime) -> Fault:
    return Silence(starts_at=starts_at, ends_at=ends_at)


def _power(chance: Random, starts_at: datetime, ends_at: datetime) -> Fault:
    east_m, north_m = off_m(chance, *EXIT_ERROR_M)
    fix_at = ends_at + timedelta(seconds=round(chance.uniform(*COLD_START_S)))
    return PowerLoss(starts_at=starts_at, ends_at=ends_at, fix_at=fix_at, east_m=east_m, north_m=north_m)


# How long each lasts in seconds, and how it is made.
_DRAWN: dict[FaultKind, tuple[tuple[float, float], Callable[[Random, datetime, datetime], Fault]]] = {
    FaultKind.JUMPS: ((1.0, 1.0), _jump),
    FaultKind.CLOCK: ((300.0, 1800.0), _clock),
    FaultKind.CHECKSUMS: ((3.0, 60.0), _checksums),
    FaultKind.SILENCE: ((10.0, 300.0), _silence),
    FaultKind.POWER: ((20.0, 240.0), _power),
}
