"""Doors whose circles overlap: with every default and 4 m of noise each has its own stop, arrival and leaving."""

from __future__ import annotations

import itertools
import math
import random

import msgspec
import pytest

from contract.fix import Fix
from gateway.tracking.engine import finish
from gateway.tracking.events import Arrived, Left, StopEnded
from tests.unit.gateway.tracking.worlds import METRE_E7, POLICY, drive, drop, plan, run

NOISE_M = 4.0
SETTLES_S = 30.0  # in which a wandering receiver forgets where it was


def seen(apart_m: float, seed: int, *, wanders: bool, speeds: bool, every_s: int, second: bool = True) -> list[Fix]:
    """Two minutes at each of two doors, the first one 700 m north; or at the first one only."""
    way_s = max(4.0, apart_m / 5)
    last_m = 700 + apart_m if second else 700
    on = [(way_s, 700, last_m), (120, last_m, last_m)] if second else []
    draw = random.Random(seed)
    keeps = math.exp(-1 / SETTLES_S) if wanders else 0.0
    adds_m = NOISE_M * math.sqrt(1 - keeps * keeps)
    north_m = east_m = 0.0
    fixes = []
    for fix in drive((60, 0, 0), (70, 0, 700), (120, 700, 700), *on, (100, last_m, 0), (60, 0, 0)):  # type: ignore[arg-type]
        north_m, east_m = keeps * north_m + draw.gauss(0, adds_m), keeps * east_m + draw.gauss(0, adds_m)
        speed_mps = abs((fix.speed_mps or 0) + draw.gauss(0, 0.2))
        noisy = msgspec.structs.replace(
            fix, lat_e7=fix.lat_e7 + round(north_m * METRE_E7), lon_e7=fix.lon_e7 + round(east_m * METRE_E7 * 2),
            speed_mps=speed_mps if speeds else None,
        )  # fmt: skip
        if fix.seq % every_s == 0:
            fixes.append(noisy)
    return fixes


def told(fixes: list[Fix], apart_m: float, every_s: int) -> tuple[list[str | None], list[tuple[str, str]]]:
    world = msgspec.structs.replace(
        plan(drop(1, 700), drop(2, 700 + apart_m)), report_interval_s=every_s, heartbeat_s=30
    )  # fmt: skip
    state, events = run(fixes, world)
    events += finish(state, world, POLICY)
    stops = [event.drop_id for event in events if isinstance(event, StopEnded) and event.drop_id is not None]
    return stops, [(type(event).__name__, event.drop_id) for event in events if isinstance(event, Arrived | Left)]


@pytest.mark.parametrize("apart_m", [40, 60])
@pytest.mark.parametrize(
    ("wanders", "speeds", "every_s"), list(itertools.product((True, False), (True, False), (1, 5)))
)
def test_two_doors_near_one_another_are_two_stops_and_two_arrivals(
    apart_m: int, *, wanders: bool, speeds: bool, every_s: int
) -> None:
    for seed in range(10):
        fixes = seen(apart_m, seed, wanders=wanders, speeds=speeds, every_s=every_s)

        stops, visits = told(fixes, apart_m, every_s)

        assert stops == ["drop-1", "drop-2"], seed
        assert visits == [("Arrived", "drop-1"), ("Left", "drop-1"), ("Arrived", "drop-2"), ("Left", "drop-2")], seed


@pytest.mark.parametrize("apart_m", [15, 25, 40, 60])
def test_whoever_stands_at_one_door_does_not_visit_the_next(apart_m: int) -> None:
    for seed, wanders in itertools.product(range(10), (True, False)):
        fixes = seen(apart_m, seed, wanders=wanders, speeds=False, every_s=1, second=False)

        assert told(fixes, apart_m, 1)[1] == [("Arrived", "drop-1"), ("Left", "drop-1")], (seed, wanders)


def test_coming_past_another_door_the_vehicle_arrives_at_the_one_where_it_stands() -> None:
    fixes = drive((60, 0, 0), (100, 0, 1000), (40, 1000, 700), (120, 700, 700), (70, 700, 0), (60, 0, 0))

    assert told(fixes, 40, 1)[1] == [("Arrived", "drop-1"), ("Left", "drop-1")]
