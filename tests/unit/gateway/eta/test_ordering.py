"""Suggested sequences: never worse, nobody forgotten, windows before way."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.dispatch.estimate import STRAIGHT, Door, Start
from gateway.eta.ordering import suggest
from tests.fixtures.gateway import NOON

MINUTE = timedelta(minutes=1)
START = Start(NOON, 600000000, 249000000)


def door(number: int, north: int, closes_min: int = 600) -> Door:
    return Door(UUID(int=number), 600000000 + north * 100_000, 249000000, NOON, NOON + closes_min * MINUTE)


def sequence(*doors: Door) -> list[int]:
    return [one.order_id.int for one in suggest(START, doors, STRAIGHT)[1].doors]


def test_a_zigzag_becomes_a_line() -> None:
    assert sequence(door(1, 3), door(2, 1), door(3, 4), door(4, 2)) == [2, 4, 1, 3]


def test_a_window_that_closes_soon_comes_before_a_shorter_way() -> None:
    assert sequence(door(1, 1), door(2, 2), door(3, -3, closes_min=15)) == [3, 1, 2]


def test_what_is_good_stays_as_it_is() -> None:
    present, found = suggest(START, [door(1, 1), door(2, 2)], STRAIGHT)

    assert found is present


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(5, 200)), max_size=9))
def test_nobody_is_forgotten_and_nothing_gets_worse(places: list[tuple[int, int]]) -> None:
    doors = [door(number, north, closes) for number, (north, closes) in enumerate(places)]

    present, found = suggest(START, doors, STRAIGHT)

    assert sorted(one.order_id.int for one in found.doors) == list(range(len(doors)))
    assert round(found.late_s) <= round(present.late_s)
    assert found is present or (round(found.late_s), found.lasts_s) < (round(present.late_s), present.lasts_s)


def test_many_doors_take_a_bounded_search() -> None:
    doors = [door(number, (number * 37) % 101 - 50) for number in range(100)]

    present, found = suggest(START, doors, STRAIGHT)

    assert len(found.doors) == 100
    assert found.lasts_s <= present.lasts_s
