"""The plan of one vehicle's day and the truth that comes of it. Reads no clock: instants are arguments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from itertools import count

import msgspec

from firmware_bridge.sim.chance import seeded
from firmware_bridge.sim.faults import Fault
from firmware_bridge.sim.motion import PACE, halts, motion
from firmware_bridge.sim.polyline import Place, Polyline, polyline
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sim.vehicle import Itinerary, Run, Stand, Truth, itinerary

# Between two trips the van is loaded; a late one still takes its time.
LOADING_S = 300.0
# The vehicle stands at its premises for a day before its first trip and for ever after its last.
BEFORE_S = 86_400.0
STRAIGHT_MPS = 30 / 3.6
SECOND = timedelta(seconds=1)
# A day without a trip has no time of its own.
NO_TRIP_AT = datetime(2000, 1, 1, tzinfo=UTC)


class PlannedDrop(msgspec.Struct, frozen=True, kw_only=True):
    """One order's door. held_up_s is a long standstill on the way there, which makes the vehicle late."""

    order: str
    place: Place
    service_s: float
    held_up_s: float = 0.0


class PlannedTrip(msgspec.Struct, frozen=True, kw_only=True):
    """departs_at is the earliest: a vehicle that comes back late leaves LOADING_S after that."""

    departs_at: datetime
    drops: tuple[PlannedDrop, ...]


class OutageKind(Enum):
    SILENT = "silent"
    NO_FIX = "no_fix"


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """From-to (half open): a unit without power says nothing, one without satellites says that it has no fix."""

    kind: OutageKind
    starts_at: datetime
    ends_at: datetime | None = None

    def covers(self, instant: datetime) -> bool:
        return self.starts_at <= instant and (self.ends_at is None or instant < self.ends_at)


class VehicleDay(msgspec.Struct, frozen=True, kw_only=True):
    """What one vehicle is to do: leave its premises, visit the drops of each trip in order, return."""

    vehicle: str
    premises: Place
    trips: tuple[PlannedTrip, ...]
    outages: tuple[Outage, ...] = ()
    # What goes wrong with its unit; fault_plan.py draws them.
    faults: tuple[Fault, ...] = ()
    # A truer receiver than the plain one, which the days of the demo keep: receiver.py has the figures.
    filtered: bool = False


def way(streets: Streets | None, start: Place, end: Place) -> Polyline:
    """On streets where there are any, else the straight line at 30 km/h."""
    return polyline([start, end], [STRAIGHT_MPS]) if streets is None else streets.route(start, end)


def plan(day: VehicleDay, streets: Streets | None, seed: int) -> Itinerary:
    """Works out the whole day: every run with its lights and every stand. Some milliseconds per drop."""
    # What happens to the unit does not change the way, so a day with faults finds the way of the day without.
    return _plan(msgspec.structs.replace(day, outages=(), faults=(), filtered=False), streets, seed)


@lru_cache(maxsize=256)  # feed, arrivals and drive of one day ask for the same itinerary
def _plan(day: VehicleDay, streets: Streets | None, seed: int) -> Itinerary:
    if not day.trips:
        home = day.premises if streets is None else streets.snap(day.premises).place
        return itinerary(NO_TRIP_AT, [Stand(place=home, course_deg=0.0, order=None, duration_s=0.0)])
    begins_at = day.trips[0].departs_at - timedelta(seconds=BEFORE_S)
    parts: list[Stand | Run] = []
    for number, trip in enumerate(day.trips):
        runs = _trip(day, trip, streets, f"{seed}/{day.vehicle}/{trip.departs_at.isoformat()}/{number}")
        early_s = (trip.departs_at - begins_at) / SECOND - sum(part.duration_s for part in parts)
        parts.append(_stand(runs[0].line, 0, None, max(early_s, LOADING_S)))
        for run, drop in zip(runs, [*trip.drops, None], strict=True):
            parts.append(run)
            if drop is not None:
                parts.append(_stand(run.line, -1, drop.order, drop.service_s))
    last = parts[-1]
    assert isinstance(last, Run), "a trip ends with the way back"
    parts.append(_stand(last.line, -1, None, 0.0))
    return itinerary(begins_at, parts)


def drive(
    day: VehicleDay,
    streets: Streets | None,
    seed: int,
    start: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[tuple[datetime, Truth]]:
    """The truth once a second on whole seconds, from start (default: the first departure) up to but not at until.

    Without until it never ends: after its last trip the vehicle stands at its premises.
    """
    truth = plan(day, streets, seed)
    for instant in seconds(start or day.trips[0].departs_at, until):
        yield instant, truth.at(instant)


def seconds(start: datetime, until: datetime | None) -> Iterator[datetime]:
    """Whole seconds from start (rounded up) up to but not at until."""
    first = start.replace(microsecond=0)
    if first < start:
        first += SECOND
    for k in count():
        instant = first + timedelta(seconds=k)
        if until is not None and instant >= until:
            return
        yield instant


def _trip(day: VehicleDay, trip: PlannedTrip, streets: Streets | None, name: str) -> list[Run]:
    runs = []
    here = day.premises
    for number, drop in enumerate([*trip.drops, None]):
        there = day.premises if drop is None else drop.place
        chance = seeded(name, number)
        line = way(streets, here, there)
        stops = halts(line, chance, 0.0 if drop is None else drop.held_up_s)
        moves = motion(line, stops, chance.uniform(*PACE))
        runs.append(Run(line=line, motion=moves, order=None if drop is None else drop.order))
        here = there
    return runs


def _stand(line: Polyline, end: int, order: str | None, duration_s: float) -> Stand:
    return Stand(place=line.points[end], course_deg=line.courses_deg[end], order=order, duration_s=duration_s)
