"""Simulated days of a fleet in the demo's Helsinki, with traffic by hour and area, good days and bad, and jams.

The city is always the same: which areas are slow, how long each door takes. A seed makes a day: how bad it is, where it
jams, which doors are ordered from, each driver's pace, each light. Vans move as in firmware_bridge.sim.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from benchmarks.eta.journeys import Fix, Journey, Point, Visit
from contract.geo import EARTH_RADIUS_M
from firmware_bridge.sim.motion import PACE, halts, motion
from firmware_bridge.sim.polyline import Place, Polyline, distance_m
from firmware_bridge.sim.streets import Streets

TZ = "Europe/Helsinki"
# How many times as long driving takes by local hour, as city traffic indices publish it: two peaks, the later higher.
HOURS = (1.0, 1.0, 1.0, 1.0, 1.0, 1.05, 1.2, 1.5, 1.7, 1.45, 1.3, 1.3, 1.35, 1.35, 1.4, 1.6, 1.85, 1.8, 1.5, 1.3, 1.2,
         1.1, 1.05, 1.0)  # fmt: skip
AREA_SPREAD = 0.22  # of the logarithm, between areas
DAY_SPREAD = 0.10  # between days
JAM_PACE, JAMS_A_DAY, JAM = 2.2, 3, timedelta(minutes=75)
AREA_DEG = (0.005, 0.01)
DOORS, DOOR_S, DOOR_SPREAD, VISIT_SPREAD = 160, 240.0, 0.45, 0.35
VANS, DROPS = 12, 10
FIX_EVERY_S, NOISE_M = 10.0, 4.0


class City:
    """What stays from day to day."""

    def __init__(self, streets: Streets) -> None:
        self.streets = streets
        city = Random("the city")
        places = [streets.nodes[n] for n in city.sample(range(len(streets.nodes)), DOORS + 1)]
        self.home, self.doors = places[0], places[1:]
        self.door_s = [DOOR_S * math.exp(city.gauss(0, DOOR_SPREAD)) for _ in self.doors]

    def area_pace(self, area: tuple[int, int]) -> float:
        return math.exp(Random(f"area {area}").gauss(0, AREA_SPREAD))


class Day:
    """One day's traffic."""

    def __init__(self, city: City, number: int) -> None:
        self._city = city
        self.random = Random(f"day {number}")
        self.midnight = datetime(2026, 3, 2, tzinfo=ZoneInfo(TZ)) + timedelta(days=number)
        self._bad = math.exp(self.random.gauss(0, DAY_SPREAD))
        self._jams = [
            (area_of(self.random.choice(city.doors)), self.midnight + timedelta(hours=self.random.uniform(8, 18)))
            for _ in range(JAMS_A_DAY)
        ]

    def pace(self, place: Place, at: datetime) -> float:
        """How many times as long driving takes there then."""
        area, hour = area_of(place), at.hour + at.minute / 60
        low, share = int(hour), hour - int(hour)
        usual = HOURS[low] * (1 - share) + HOURS[(low + 1) % 24] * share
        jammed = any(area == where and begins <= at < begins + JAM for where, begins in self._jams)
        return max(0.9, usual * self._city.area_pace(area) * self._bad) * (JAM_PACE if jammed else 1.0)

    def journeys(self) -> list[Journey]:
        return [self._journey(van) for van in range(VANS)]

    def _journey(self, van: int) -> Journey:
        city, draw = self._city, self.random
        left = draw.sample(range(len(city.doors)), DROPS)
        driver = draw.uniform(*PACE)
        departed_at = at = self.midnight + timedelta(hours=draw.uniform(7.5, 17.5))
        here, fixes, visits = city.home, list[Fix](), list[Visit]()
        while left:
            near = min(left, key=lambda door: distance_m(here, city.doors[door]))
            left.remove(near)
            at = self._drive(here, city.doors[near], at, driver, fixes)
            stands = timedelta(seconds=city.door_s[near] * math.exp(draw.gauss(0, VISIT_SPREAD)))
            visits.append(Visit(e7(city.doors[near]), at, at + stands))
            here, at = city.doors[near], at + stands
        return Journey(f"van-{van}", str(self.midnight.date()), TZ, e7(city.home), departed_at, fixes, visits)

    def _drive(self, here: Place, there: Place, at: datetime, driver: float, fixes: list[Fix]) -> datetime:
        line = self._in_traffic(self._city.streets.route(here, there), at)
        moves = motion(line, halts(line, self.random), driver)
        elapsed_s = 0.0
        while elapsed_s < moves.duration_s:
            along_m, speed_mps, _ = moves.at(elapsed_s)
            lat, lon, course = line.at(along_m)
            fixes.append(_noisy(at + timedelta(seconds=elapsed_s), lat, lon, speed_mps, course, self.random))
            elapsed_s += FIX_EVERY_S
        return at + timedelta(seconds=moves.duration_s)

    def _in_traffic(self, line: Polyline, at: datetime) -> Polyline:
        """The line with the speeds that traffic leaves on it when the van comes by."""
        limits, spent_s = [], 0.0
        for place, length_m, limit in zip(line.points, _lengths(line), line.limits_mps, strict=False):
            speed = limit / self.pace(place, at + timedelta(seconds=spent_s))
            limits.append(speed)
            spent_s += length_m / speed
        return dataclasses.replace(line, limits_mps=tuple(limits))


def area_of(place: Place) -> tuple[int, int]:
    return int(place.lat_deg // AREA_DEG[0]), int(place.lon_deg // AREA_DEG[1])


def e7(place: Place) -> Point:
    return round(place.lat_deg * 1e7), round(place.lon_deg * 1e7)


def _lengths(line: Polyline) -> Sequence[float]:
    return [b - a for a, b in zip(line.along_m, line.along_m[1:], strict=False)]


def _noisy(at: datetime, lat: float, lon: float, speed_mps: float, course_deg: float, draw: Random) -> Fix:
    north, east = draw.gauss(0, NOISE_M), draw.gauss(0, NOISE_M)
    per_deg = math.radians(EARTH_RADIUS_M)
    return Fix(at, round((lat + north / per_deg) * 1e7),
               round((lon + east / per_deg / math.cos(math.radians(lat))) * 1e7), speed_mps, course_deg)  # fmt: skip
