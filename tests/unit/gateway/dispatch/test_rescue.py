"""The split of a van's orders over others: lateness first, then time, and never more than there is room for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from gateway.dispatch.estimate import Door, Start
from gateway.dispatch.rescue import HomeLoad, Load, Relief, split, take_home

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LAT, LON = 601709000, 249432000


def door(number: int, east: float, closes: datetime = NOON + 6 * HOUR) -> Door:
    """A door `east` hundredths of a degree (553 m each) from the premises."""
    return Door(UUID(int=number), LAT, LON + round(east * 100_000), NOON, closes)


def load(number: int, east: float, closes: datetime = NOON + 6 * HOUR, value_minor: int | None = 100) -> Load:
    return Load(door(number, east, closes), value_minor, 500)


def van(
    name: str, *doors: Door, free_at: datetime = NOON, room_minor: int | None = None, room_g: int | None = None
) -> Relief:
    return Relief(name, Start(free_at, LAT, LON), doors, room_minor, room_g)


def ids(found: dict[str, list[UUID]]) -> dict[str, list[int]]:
    return {name: [one.int for one in sequence] for name, sequence in found.items()}


def test_an_order_goes_on_the_way_and_not_behind_it() -> None:
    found, left = split([load(9, 2)], [van("T-1", door(1, 1), door(2, 3))])

    assert (ids(found), left) == ({"T-1": [1, 9, 2]}, [])


def test_the_van_that_is_free_in_time_takes_it_even_when_it_drives_more() -> None:
    closes = NOON + HOUR / 2

    found, _ = split([load(9, 3, closes)], [van("late", free_at=NOON + HOUR), van("early", door(1, 1))])

    assert list(found) == ["early"]


def test_the_tightest_window_is_served_first() -> None:
    tight = NOON + timedelta(minutes=12)

    found, _ = split([load(8, 1), load(9, -4, tight)], [van("T-1")])

    assert ids(found) == {"T-1": [9, 8]}


def test_nobody_gets_more_than_there_is_room_for() -> None:
    small = [van("T-1", room_minor=150), van("T-2", room_g=400)]

    found, left = split([load(7, 1), load(8, 2)], small)

    assert sum(map(len, ids(found).values())) == 1
    assert list(found) == ["T-1"]
    assert len(left) == 1


def test_goods_of_unknown_value_fit_only_where_value_does_not_count() -> None:
    found, left = split([load(7, 1, value_minor=None)], [van("T-1", room_minor=10**9)])
    assert (found, [one.int for one in left]) == ({}, [7])

    found, left = split([load(7, 1, value_minor=None)], [van("T-1")])
    assert (ids(found), left) == ({"T-1": [7]}, [])


def test_without_any_van_all_is_left() -> None:
    assert split([load(7, 1)], []) == ({}, [UUID(int=7)])


def test_what_goes_home_fills_the_room_that_open_orders_leave() -> None:
    goods = [HomeLoad(UUID(int=1), 100, 0), HomeLoad(UUID(int=2), 100, 0), HomeLoad(UUID(int=3), 500, 0)]
    vans = [van("T-1", room_minor=250), van("T-2", room_minor=150)]

    found, left = take_home(goods, vans, {"T-1": [load(9, 1)]})

    assert (ids(found), [one.int for one in left]) == ({"T-1": [1], "T-2": [2]}, [3])
