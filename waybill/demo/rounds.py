"""Chooses the doors of a demo's trip, their sequence and planned arrivals. Knows no customers and no goods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import msgspec

from firmware_bridge.sim.day import way
from firmware_bridge.sim.motion import PACE, RED_S, RED_SHARE, Halt, motion
from firmware_bridge.sim.polyline import distance_m
from firmware_bridge.sim.streets import Streets
from waybill.demo.records import Address

DROPS = (4, 6)
# Two doors of one trip so close together would be one stop (gateway/tracking tells doors apart by 50 m).
APART_M = 160.0
FROM_HOME_M = 250.0
# An ID check, a signature and the stairs.
SERVICE_S = (110.0, 290.0)
PLANNED_SERVICE_S = 200.0
_MEAN_RED_S = RED_SHARE * sum(RED_S) / 2
_MEAN_PACE = sum(PACE) / 2


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Doors in the sequence of the plan, with when dispatch expects the van after its planned departure."""

    doors: tuple[Address, ...]
    arrive_after_s: tuple[float, ...]
    service_s: tuple[float, ...]
    back_after_s: float
    route: tuple[tuple[int, int], ...]


def make_round(chance: Random, home: Address, addresses: Sequence[Address], streets: Streets | None) -> Round:
    """Some doors in the sequence in which customers want their goods, which is not the shortest way."""
    doors = _doors(chance, home, addresses)
    clock_s = 0.0
    arrive: list[float] = []
    route: list[tuple[int, int]] = []
    here = home.place
    for door in [*doors, home]:
        line = way(streets, here, door.place)
        # What dispatch can know: the usual pace, and every light red for the time it is red on average.
        clock_s += motion(
            line, [Halt(at_m, _MEAN_RED_S) for at_m in _inner(line.lights_m, line.length_m)], _MEAN_PACE
        ).duration_s
        arrive.append(clock_s)
        route += [(round(point.lon_deg * 1e7), round(point.lat_deg * 1e7)) for point in line.points]
        clock_s += PLANNED_SERVICE_S
        here = door.place
    return Round(
        doors=tuple(doors),
        arrive_after_s=tuple(arrive[:-1]),
        service_s=tuple(round(chance.uniform(*SERVICE_S)) for _ in doors),
        back_after_s=arrive[-1],
        route=tuple(b for a, b in zip([None, *route], route, strict=False) if a != b),
    )


def window_around(chance: Random, planned_at: datetime) -> tuple[datetime, datetime]:
    """A promised window of 60 to 120 minutes on quarter hours, with the planned arrival well inside."""
    length = timedelta(minutes=chance.choice((60, 90, 120)))
    from_at = _quarter(planned_at - length * chance.uniform(0.3, 0.6))
    return from_at, from_at + length


def tight_window(planned_at: datetime) -> tuple[datetime, datetime]:
    """A window that ends within a quarter of an hour after the planned arrival: no room for a late departure."""
    to_at = _quarter(planned_at + timedelta(minutes=15))
    return to_at - timedelta(minutes=60), to_at


def _quarter(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)


def _doors(chance: Random, home: Address, addresses: Sequence[Address]) -> list[Address]:
    wanted = chance.randint(*DROPS)
    chosen: list[Address] = []
    for address in chance.sample(list(addresses), len(addresses)):
        apart = all(distance_m(address.place, other.place) >= APART_M for other in chosen)
        if apart and distance_m(address.place, home.place) >= FROM_HOME_M:
            chosen.append(address)
        if len(chosen) == wanted:
            break
    return chosen


def _inner(lights_m: Sequence[float], length_m: float) -> list[float]:
    return sorted({at_m for at_m in lights_m if 1.0 < at_m < length_m - 1.0})
