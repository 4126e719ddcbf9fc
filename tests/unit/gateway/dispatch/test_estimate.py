"""Straight-line estimates: arithmetic that can be done by hand, and what a change does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gateway.dispatch.estimate import (
    Door,
    EstimatePolicy,
    Start,
    Straight,
    back_at,
    effects,
    estimate,
    nearest_first,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
# 0.01 degrees of latitude are 1111.95 m on the sphere: at 10 m/s without detour 111.2 s.
WAYS = Straight(EstimatePolicy(detour_factor=1.0, speed_mps=10.0, at_door_s=60.0))
STEP_S = 111.195
START = Start(NOON, 600000000, 249000000)


def door(number: int, north: float | None, opens: datetime = NOON, closes: datetime = NOON + HOUR) -> Door:
    place = (None, None) if north is None else (600000000 + round(north * 100_000), 249000000)
    return Door(UUID(int=number), *place, opens, closes)


def seconds(doors: list[Door], start: Start = START) -> list[float]:
    return [(one.arrival_at - NOON).total_seconds() for one in estimate(start, doors, WAYS)]


def test_way_and_time_at_the_door_add_up() -> None:
    assert seconds([door(1, 1), door(2, 2)]) == pytest.approx([STEP_S, 2 * STEP_S + 60], abs=0.1)


def test_the_detour_makes_the_way_longer() -> None:
    slow = Straight(EstimatePolicy(detour_factor=1.5, speed_mps=10.0))

    (arrival,) = estimate(START, [door(1, 1)], slow)

    assert (arrival.arrival_at - NOON).total_seconds() == pytest.approx(1.5 * STEP_S, abs=0.1)


def test_two_orders_for_one_door_cost_one_way_and_one_parking() -> None:
    assert seconds([door(1, 1), door(2, 1), door(3, 2)]) == pytest.approx(
        [STEP_S, STEP_S + 60, 2 * STEP_S + 60 + 60], abs=0.1
    )


def test_a_van_that_is_early_waits_for_the_window() -> None:
    late_opening = door(1, 1, opens=NOON + HOUR / 2)

    assert seconds([late_opening, door(2, 2)]) == pytest.approx([STEP_S, 1800 + 60 + STEP_S], abs=0.1)


def test_lateness_counts_from_the_end_of_the_window() -> None:
    tight = door(1, 1, closes=NOON + timedelta(seconds=100))

    (arrival,) = estimate(START, [tight], WAYS)

    assert arrival.late_s == pytest.approx(STEP_S - 100, abs=0.1)


def test_a_door_without_a_place_costs_its_time_and_no_way() -> None:
    assert seconds([door(1, None), door(2, 1)]) == pytest.approx([0, 60 + STEP_S], abs=0.1)


def test_the_way_home_counts_until_a_van_is_free() -> None:
    home = (600000000, 249000000)

    assert (back_at(START, [door(1, 1)], home, WAYS) - NOON).total_seconds() == pytest.approx(2 * STEP_S + 60, abs=0.1)
    assert back_at(START, [], home, WAYS) == NOON


def test_effects_name_who_came_who_stayed_and_who_left() -> None:
    before = estimate(START, [door(1, 1), door(2, 2)], WAYS)
    after = estimate(START, [door(3, 1), door(1, 2)], WAYS)

    told = {one.order_id.int: one for one in effects(before, after)}

    assert told[3].before is None
    assert told[2].after is None
    assert told[1].before is not None
    assert told[1].after is not None
    assert told[1].after.arrival_at > told[1].before.arrival_at


def test_nearest_first_goes_on_from_each_door() -> None:
    doors = [door(1, 3), door(2, None), door(3, 1), door(4, 2)]

    assert [one.order_id.int for one in nearest_first((600000000, 249000000), doors)] == [3, 4, 1, 2]
