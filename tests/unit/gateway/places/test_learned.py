"""What handoffs teach about a door, and when it can be relied on."""

from __future__ import annotations

from gateway.places.learned import middle_of

HERE = (601_700_000, 249_400_000)


def north(metres: float) -> tuple[int, int]:
    return HERE[0] + round(metres * 1e7 / 111_195), HERE[1]


def test_one_wild_point_does_not_move_the_middle() -> None:
    middle = middle_of([north(0), north(4), north(2), north(3), north(9_000)])

    assert middle is not None
    assert (middle.lat_e7, middle.lon_e7) == north(3)
    assert middle.spread_m < 2
    assert middle.is_reliable


def test_one_visit_is_not_enough_and_none_is_nothing() -> None:
    once = middle_of([HERE])

    assert once is not None
    assert not once.is_reliable
    assert middle_of([]) is None


def test_visits_to_several_doors_of_a_large_site_teach_nothing() -> None:
    middle = middle_of([north(0), north(10), north(200), north(210)])

    assert middle is not None
    assert middle.spread_m > 60
    assert not middle.is_reliable


def test_a_door_on_the_180th_meridian_stays_there() -> None:
    middle = middle_of([(0, 1_799_999_990), (0, -1_799_999_990), (0, 1_799_999_980)])

    assert middle is not None
    assert middle.lon_e7 == 1_799_999_990
    assert middle.spread_m < 1
