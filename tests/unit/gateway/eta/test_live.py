"""Today's paces: what vans see now changes the next hour, and nothing later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.eta.live import USUAL, Recent
from gateway.eta.paces import cell_of
from gateway.eta.street_ways import FleetWays, Knowledge, Streets
from tests.fixtures.gateway import NOON
from tests.unit.gateway.eta.streets import STEP_E7, square

MINUTE = timedelta(minutes=1)
HERE, THERE = (0, STEP_E7), (0, 9 * STEP_E7)


def recent(pace: float, *, vans: int = 20, minutes_ago: float = 5) -> Recent:
    found = Recent()
    for _ in range(vans):
        found.add(NOON - minutes_ago * MINUTE, cell_of(*HERE), pace * 300, 300)
    return found


def test_nothing_seen_is_as_usual() -> None:
    live = Recent().live(NOON)

    assert (live.fleet, live.cells) == (1.0, {})
    assert USUAL.weight(NOON) == 0.0


def test_a_jam_slows_its_area_most_and_the_rest_a_little() -> None:
    live = recent(3.0).live(NOON)

    assert live.factor(cell_of(*HERE), 1.0) > 2.5
    assert live.factor((99, 99), 1.0) == live.fleet < live.factor(cell_of(*HERE), 1.0)


def test_one_van_changes_little() -> None:
    assert recent(3.0, vans=1).live(NOON).fleet == pytest.approx(1.33, abs=0.05)


def test_what_is_long_past_is_forgotten() -> None:
    assert recent(3.0, minutes_ago=46).live(NOON).cells == {}


@pytest.mark.parametrize(("minutes", "weight"), [(0, 1.0), (29, 1.0), (31, 0.5), (61, 0.0)])
def test_it_holds_for_half_an_hour_and_half_for_another(minutes: float, weight: float) -> None:
    assert recent(2.0).live(NOON).weight(NOON + minutes * MINUTE) == weight


@pytest.mark.parametrize("on_map", [True, False])
def test_ways_heed_it(on_map: bool) -> None:
    streets = Streets(square()) if on_map else None
    usual, slow = (
        FleetWays(Knowledge(tz="UTC"), streets),
        FleetWays(Knowledge(tz="UTC", live=recent(3.0).live(NOON)), streets),
    )

    assert slow.way(HERE, THERE, NOON).seconds > 2 * usual.way(HERE, THERE, NOON).seconds
    assert slow.way(HERE, THERE, NOON + 70 * MINUTE) == usual.way(HERE, THERE, NOON + 70 * MINUTE)
