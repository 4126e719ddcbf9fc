"""Days for many vehicles of one premises, drawn from a seed. Knows no orders of anybody and no addresses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import msgspec

from firmware_bridge.sim.chance import seeded
from firmware_bridge.sim.day import LOADING_S, PlannedDrop, PlannedTrip, VehicleDay, way
from firmware_bridge.sim.polyline import METRES_PER_DEG, Place
from firmware_bridge.sim.streets import Streets

# Where no street and no place is given: the middle of Helsinki, like the demo.
MIDDLE = Place(60.1699, 24.9384)
# Deliveries lie within this distance of the premises.
REACH_M = 3000.0
# Vehicles share the doors: one way is then searched once and driven often.
DOORS = 50
# They leave one after the other, within this share of their time.
LEAVING_SHARE = 0.2
DROPS_A_TRIP = (3, 6)
SERVICE_S = (120.0, 360.0)
# Faster than any van gets through a city, so that the day planned is never shorter than the one asked for.
FASTEST_MEAN_MPS = 12.0


class FleetWish(msgspec.Struct, frozen=True, kw_only=True):
    """How many vehicles, from when and for how long they are on the road, and around where."""

    vehicles: int
    seed: int
    starts_at: datetime
    hours: float
    around: Place | None = None


def fleet_days(wish: FleetWish, streets: Streets | None) -> list[VehicleDay]:
    """One day per vehicle, van-1 first. A vehicle's day does not depend on how many others there are."""
    return _days(range(1, wish.vehicles + 1), wish, streets)


def last_day(wish: FleetWish, streets: Streets | None) -> VehicleDay:
    """The day of the last vehicle alone."""
    return _days([wish.vehicles], wish, streets)[0]


def _days(numbers: Iterable[int], wish: FleetWish, streets: Streets | None) -> list[VehicleDay]:
    middle = wish.around or _middle(streets)
    premises = middle if streets is None else streets.snap(middle).place
    doors = _doors(premises, streets, seeded(wish.seed, "doors"))
    return [_day(number, wish, premises, doors, streets) for number in numbers]


def vehicle_name(number: int) -> str:
    return f"van-{number}"


def _middle(streets: Streets | None) -> Place:
    if streets is None:
        return MIDDLE
    lat_deg = sorted(node.lat_deg for node in streets.nodes)
    lon_deg = sorted(node.lon_deg for node in streets.nodes)
    return Place(lat_deg[len(lat_deg) // 2], lon_deg[len(lon_deg) // 2])


def _doors(premises: Place, streets: Streets | None, chance: Random) -> list[Place]:
    """Evenly over the disc, each on its nearest street; the same street twice is two doors."""
    found = []
    shrink = math.cos(math.radians(premises.lat_deg))
    for _ in range(DOORS):
        distance, angle = REACH_M * math.sqrt(chance.random()), chance.uniform(0.0, math.tau)
        north_deg = distance * math.cos(angle) / METRES_PER_DEG
        east_deg = distance * math.sin(angle) / (METRES_PER_DEG * shrink)
        place = Place(premises.lat_deg + north_deg, premises.lon_deg + east_deg)
        found.append(place if streets is None else streets.snap(place).place)
    return list(dict.fromkeys(found))


def _day(number: int, wish: FleetWish, premises: Place, doors: Sequence[Place], streets: Streets | None) -> VehicleDay:
    chance = seeded(wish.seed, "fleet", number)
    departs_at = wish.starts_at + timedelta(seconds=round(chance.uniform(0.0, LEAVING_SHARE * wish.hours * 3600.0)))
    trips: list[PlannedTrip] = []
    planned_s, orders = 0.0, 0
    while planned_s < wish.hours * 3600.0:
        chosen = chance.sample(range(len(doors)), min(chance.randint(*DROPS_A_TRIP), len(doors)))
        drops = tuple(
            PlannedDrop(order=f"{number}-{orders + k}", place=doors[door], service_s=round(chance.uniform(*SERVICE_S)))
            for k, door in enumerate(chosen, 1)
        )
        orders += len(drops)
        trips.append(PlannedTrip(departs_at=departs_at, drops=drops))
        planned_s += LOADING_S + sum(drop.service_s for drop in drops) + _driving_s(premises, drops, streets)
    return VehicleDay(vehicle=vehicle_name(number), premises=premises, trips=tuple(trips), filtered=True)


def _driving_s(premises: Place, drops: Sequence[PlannedDrop], streets: Streets | None) -> float:
    places = [premises, *(drop.place for drop in drops), premises]
    return sum(way(streets, a, b).length_m for a, b in pairwise(places)) / FASTEST_MEAN_MPS
