"""What is graded: the product's own forecasts as they learn, and two baselines. Grades nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from benchmarks.eta.journeys import Journey, Point
from contract.geo import distance_m
from gateway.dispatch.estimate import POLICY, Door, Source, Way, Ways
from gateway.eta.door_times import DoorTimes, Visits
from gateway.eta.learning import driven
from gateway.eta.live import Recent
from gateway.eta.network import Network
from gateway.eta.paces import Driven, Paces
from gateway.eta.situation import Outcome, forecast_trip
from gateway.eta.spread import Quantiles, horizon, learned
from gateway.eta.street_ways import FleetWays, Knowledge, Streets

STRAIGHT_KMH = 35.0
_EVERY = timedelta(minutes=1)
_LIVE_MIN = 3  # the product looks so often
_PIECE = 18  # fixes: three minutes


class StraightLine:
    """Baseline: the straight line at 35 km/h, and what is usual at a door."""

    def way(self, here: Point | None, there: Point | None, _at: datetime, _course_deg: float | None = None) -> Way:
        assert here is not None
        assert there is not None
        return Way(distance_m(*here, *there) / (STRAIGHT_KMH / 3.6), Source.DISTANCE)

    def at_door_s(self, _door: Door) -> float:
        return POLICY.at_door_s


class FreeFlow:
    """Baseline: the fastest way at the limits, without traffic, and what is usual at a door."""

    def __init__(self, network: Network) -> None:
        self._streets = Streets(network)
        self._cost = network.turned_round(network.length_m / network.speed_mps, np.zeros(len(network.tail)))

    def way(self, here: Point | None, there: Point | None, at: datetime, course_deg: float | None = None) -> Way:
        assert here is not None
        assert there is not None
        seconds = self._streets.seconds(here, there, course_deg, "free", self._cost)
        return StraightLine().way(here, there, at) if seconds is None else Way(seconds, Source.STREET)

    def at_door_s(self, _door: Door) -> float:
        return POLICY.at_door_s


class Today:
    """The product's ways with the live paces of a day: what all its vans have driven until then."""

    def __init__(self, known: Knowledge, streets: Streets, journeys: Sequence[Journey]) -> None:
        self._known, self._streets = known, streets
        self._days: defaultdict[str, Recent] = defaultdict(Recent)
        for journey in journeys:
            _note(self._days[journey.day], journey, known, streets)
        self._made: dict[tuple[str, datetime], FleetWays] = {}

    def ways(self, journey: Journey, now: datetime) -> FleetWays:
        looked_at = now.replace(minute=now.minute // _LIVE_MIN * _LIVE_MIN, second=0, microsecond=0)
        key = (journey.day, looked_at)
        if key not in self._made:
            live = self._days[journey.day].seen_until(looked_at)
            self._made[key] = FleetWays(msgspec.structs.replace(self._known, live=live), self._streets)
        return self._made[key]


def _note(recent: Recent, journey: Journey, known: Knowledge, streets: Streets) -> None:
    """The journey's driving in pieces of a few minutes."""
    pauses = [(visit.arrived_at, visit.left_at) for visit in journey.visits]
    fixes = [(fix.at, fix.lat_e7, fix.lon_e7) for fix in journey.fixes]
    for first in range(0, len(fixes), _PIECE):
        piece = fixes[first : first + _PIECE + 1]
        for (cell, hour), one in driven(piece, pauses, streets, ZoneInfo(journey.tz)).items():
            recent.add(piece[-1][0], cell, one.driven_s, one.street_s * known.street_paces.at(cell, hour))


@dataclass(frozen=True)
class Forecasts:
    """A way of forecasting: ways and, for p90, the spread of past errors."""

    name: str
    ways: Ways
    spreads: Mapping[int, Quantiles]
    today: Today | None = None  # what vans of the same day measured until then

    def of(self, journey: Journey, now: datetime) -> list[Outcome]:
        trip, drops = journey.seen_at(now)
        ways = self.ways if self.today is None else self.today.ways(journey, now)
        return forecast_trip(trip, drops, ways, now, self.spreads)[0]


def taught(
    journeys: Sequence[Journey], network: Network, seed: int, graded: Sequence[Journey] = ()
) -> tuple[Forecasts, Forecasts]:
    """The product's forecasts after these tours: paces and door times of all; the spread from the same tours, each
    forecast by what the others taught.
    """
    tz = journeys[0].tz
    streets = Streets(network)
    days = sorted({one.day for one in journeys})
    parts = [days[n::3] for n in range(min(3, len(days)))]
    errors: defaultdict[int, list[float]] = defaultdict(list)
    for version, part in enumerate(parts, 1):
        others = [one for one in journeys if one.day not in part] or list(journeys)
        known, own = _knowledge(others, streets, tz, version), [one for one in journeys if one.day in part]
        ways = FleetWays(known, streets)
        today = Today(known, streets, own)
        for journey in own:
            draw = Random(f"{seed} {journey.name} {journey.day}")
            _collect(journey, Forecasts("", ways, {}, today), errors, draw)
    spreads = {number: learned(found, len(found)) for number, found in errors.items()}
    known = _knowledge(journeys, streets, tz, len(parts) + 1)
    ways = FleetWays(known, streets)
    return Forecasts("waybill, not live", ways, spreads), Forecasts(
        "waybill", ways, spreads, Today(known, streets, graded)
    )


def untaught(network: Network, tz: str) -> Forecasts:
    """The product's forecasts on their first day."""
    return Forecasts("waybill, first day", FleetWays(Knowledge(tz=tz), Streets(network)), {})


def _collect(journey: Journey, forecasts: Forecasts, errors: dict[int, list[float]], chance: Random) -> None:
    """One error per drop and horizon, as the product takes them."""
    found: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    now = journey.departed_at + _EVERY
    while now < journey.visits[-1].arrived_at:
        for one in forecasts.of(journey, now):
            seen, arrived_at = one.outlook, journey.visits[one.drop.seq].arrived_at
            ahead = horizon((seen.raw_at - now).total_seconds())
            found[one.drop.seq, ahead].append((arrived_at - seen.raw_at).total_seconds() / seen.scale_s)
        now += _EVERY
    for (_, ahead), seen_errors in found.items():
        errors[ahead].append(chance.choice(seen_errors))


def _knowledge(journeys: Sequence[Journey], streets: Streets, tz: str, version: int) -> Knowledge:
    rows: list[Driven] = []
    stands: defaultdict[Point, list[float]] = defaultdict(list)
    for one in journeys:
        fixes = [(fix.at, fix.lat_e7, fix.lon_e7) for fix in one.fixes]
        pauses = [(visit.arrived_at, visit.left_at) for visit in one.visits]
        for (cell, hour), total in driven(fixes, pauses, streets, ZoneInfo(tz)).items():
            rows.append(Driven(*cell, hour, total.driven_s, total.street_s))
        for visit in one.visits:
            stands[visit.door].append(min(1800.0, (visit.left_at - visit.arrived_at).total_seconds()))
    whole = [stand for some in stands.values() for stand in some]
    times = DoorTimes(
        Visits(len(whole), sum(whole) / len(whole)),
        {door: Visits(len(some), sum(some) / len(some)) for door, some in stands.items()},
    )
    return Knowledge(tz=tz, version=version, street_paces=Paces(rows), door_times=times)
