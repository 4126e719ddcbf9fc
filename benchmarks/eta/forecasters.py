"""What is graded: the product's own forecasts as they learn, and two baselines. Grades nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.eta.journeys import Journey, Point
from contract.geo import distance_m
from gateway.dispatch.estimate import POLICY, Door, Source, Way, Ways
from gateway.eta.door_times import DoorTimes, Visits
from gateway.eta.learning import driven
from gateway.eta.network import Network
from gateway.eta.paces import Driven, Paces
from gateway.eta.situation import Outcome, forecast_trip
from gateway.eta.spread import Quantiles, horizon, learned
from gateway.eta.street_ways import FleetWays, Knowledge, Streets

STRAIGHT_KMH = 35.0
_EVERY = timedelta(minutes=1)


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


@dataclass(frozen=True)
class Forecasts:
    """A way of forecasting: ways and, for p90, the spread of past errors."""

    name: str
    ways: Ways
    spreads: Mapping[int, Quantiles]

    def of(self, journey: Journey, now: datetime) -> list[Outcome]:
        trip, drops = journey.seen_at(now)
        return forecast_trip(trip, drops, self.ways, now, self.spreads)[0]


def taught(journeys: Sequence[Journey], network: Network, seed: int) -> Forecasts:
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
        ways = FleetWays(_knowledge(others, streets, tz, version), streets)
        for journey in (one for one in journeys if one.day in part):
            _collect(journey, Forecasts("", ways, {}), errors, Random(f"{seed} {journey.name} {journey.day}"))
    spreads = {number: learned(found, len(found)) for number, found in errors.items()}
    known = _knowledge(journeys, streets, tz, len(parts) + 1)
    return Forecasts("waybill, learned", FleetWays(known, streets), spreads)


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
