"""What the fleet's driving teaches, and how little a little of it teaches."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.eta.learning import driven
from gateway.eta.paces import UNLEARNED, Driven, Paces, cell_of
from gateway.eta.street_ways import Streets
from tests.fixtures.gateway import NOON
from tests.unit.gateway.eta.streets import STEP_E7, STEP_M, square

ZONE = ZoneInfo("UTC")
S = timedelta(seconds=1)


def hours(pace: float, hour: int = 8, cell: tuple[int, int] = (1, 1), count: float = 1.0) -> Driven:
    return Driven(*cell, hour, pace * 3600 * count, 3600 * count)


def test_without_history_everything_takes_what_is_usual() -> None:
    assert Paces(()).at((3, 4), 17) == pytest.approx(UNLEARNED)
    assert not Paces(()).is_learned


def test_much_driving_is_believed() -> None:
    paces = Paces([hours(2.0, count=1000)])

    assert paces.is_learned
    assert paces.at((1, 1), 8) == pytest.approx(2.0, rel=0.01)


def test_an_area_without_history_takes_the_hour_and_the_fleet() -> None:
    paces = Paces([hours(1.2, 12, count=50), hours(2.4, 17, count=50)])

    assert paces.at((9, 9), 17) > paces.at((9, 9), 3) > paces.at((9, 9), 12)


def test_one_slow_minute_teaches_next_to_nothing() -> None:
    calm = [hours(1.3, hour, count=10) for hour in range(24)]
    jam = Driven(5, 5, 8, 60.0, 6.0)

    assert Paces([*calm, jam]).at((5, 5), 8) == pytest.approx(1.3, rel=0.15)
    assert Paces([*calm, jam]).at((5, 5), 8) > 1.3


def test_driving_is_counted_where_and_when_it_was_without_pauses() -> None:
    # East along South Street at 5 m/s where 10 are allowed, a fix every 10 s; it stands for a minute in the middle.
    east_e7 = round(50 / STEP_M * STEP_E7)
    fixes = [(NOON + 10 * n * S, 0, n * east_e7) for n in range(11)]
    fixes += [(NOON + (160 + 10 * n) * S, 0, (10 + n) * east_e7) for n in range(6)]

    moving = driven(fixes, [(NOON + 100 * S, NOON + 160 * S)], Streets(square()), ZONE)

    (((cell, hour), one),) = moving.items()
    assert (cell, hour) == (cell_of(0, 0), 12)
    assert one.driven_s == pytest.approx(140, abs=11)
    assert one.driven_s / one.street_s == pytest.approx(2.0, rel=0.02)
    assert one.straight_s == pytest.approx(one.driven_s * 5 / 6.7, rel=0.02)


def test_waiting_in_traffic_is_driving_and_a_gap_is_nothing() -> None:
    fixes = [(NOON, 0, 0), (NOON + 30 * S, 0, 0), (NOON + 60 * S, 0, 0), (NOON + 600 * S, 0, 3 * STEP_E7)]

    ((_, one),) = driven(fixes, [], None, ZONE).items()

    assert (one.driven_s, one.straight_s) == (60.0, 0.0)
