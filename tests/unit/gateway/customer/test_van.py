"""When a customer sees the van: only while their order is next, never where somebody else lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from contract.geo import distance_m
from contract.milestones import Milestone
from gateway.customer.frame import HALVES_M, SIZE, Frame, frame_with
from gateway.customer.van import OTHER_DOOR_M, SHOWN_WITHIN_M, drops_first, van_to_show
from storage.customer import CustomerOrder, OtherDoor, VehicleFix

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DOOR = (601_700_000, 249_400_000)
ORDER = CustomerOrder(
    id=UUID(int=1), premises_id=UUID(int=2), order_no="1001", customer_name="Elina Salo", customer_no=None,
    customer_language=None, customer_type=None, address="Mannerheimintie 12", lat_e7=DOOR[0], lon_e7=DOOR[1],
    window_from=NOON, window_to=NOON + timedelta(hours=1), placed_at=NOON, currency=None, total_minor=None,
    taxes_minor=None, fees_minor=None, discount_minor=None, due_minor=None, payment=None, prepared_by=None,
    milestone=Milestone.OUT_FOR_DELIVERY, milestone_at=NOON, customer_note=None, shop="Shop", shop_phone=None,
    tz="Europe/Helsinki", licensee="Shop", licence_no=None, shop_profile=None, trip_id=UUID(int=3),
    vehicle_id=UUID(int=4), departed_at=NOON - timedelta(minutes=20), ended_at=None, profile=None,
    profile_version=None, seq=2, lines=1, courier=None,
)  # fmt: skip
FAR = VehicleFix(601_800_000, 249_400_000, NOON)  # 1.1 km to the north
SERVED = OtherDoor(601_900_000, 249_400_000, before=False)


def changed(**values: object) -> CustomerOrder:
    return msgspec.structs.replace(ORDER, **values)


def test_the_van_is_shown_about_where_it_is_while_the_order_is_next() -> None:
    van = van_to_show(ORDER, [SERVED], FAR, NOON)

    assert van is not None
    assert van.frame.level == 2  # 1600 m to each side
    assert (van.x, van.y) == (500, 153)
    assert van.at == NOON


@pytest.mark.parametrize(
    "order",
    [
        changed(milestone=Milestone.QUEUED),
        changed(milestone=Milestone.DELIVERED),
        changed(milestone=Milestone.FAILED),
        changed(departed_at=None),
        changed(ended_at=NOON),
        changed(departed_at=NOON + timedelta(seconds=1)),  # the fix is from before
        changed(lat_e7=None, lon_e7=None),
    ],
)
def test_the_van_is_not_shown_to_who_is_not_next(order: CustomerOrder) -> None:
    assert van_to_show(order, [], FAR, NOON) is None


def test_the_van_is_not_shown_while_others_come_first() -> None:
    others = [SERVED, OtherDoor(600_000_000, 240_000_000, before=True)]

    assert drops_first(others) == 1
    assert van_to_show(ORDER, others, FAR, NOON) is None


@pytest.mark.parametrize("seconds", [-120, 181, 3600])
def test_a_silent_van_is_not_shown(seconds: int) -> None:
    assert van_to_show(ORDER, [], FAR, NOON + timedelta(seconds=seconds)) is None


def test_a_fast_clock_makes_no_van_silent() -> None:
    assert van_to_show(ORDER, [], FAR, NOON + timedelta(minutes=20), rate=10) is not None
    assert van_to_show(ORDER, [], None, NOON) is None


@pytest.mark.parametrize("north_m", [0, 60, 190])
def test_a_van_at_somebody_elses_door_is_not_shown(north_m: float) -> None:
    fix = VehicleFix(SERVED.lat_e7 + round(north_m * 90), 249_400_000, NOON)  # type: ignore[operator]

    assert van_to_show(ORDER, [OtherDoor(SERVED.lat_e7, SERVED.lon_e7, before=False)], fix, NOON) is None


def test_a_van_at_the_own_door_is_shown_whoever_lives_next_to_it() -> None:
    neighbour = OtherDoor(DOOR[0] + 4_000, DOOR[1], before=False)  # 44 m away
    van = van_to_show(ORDER, [neighbour], VehicleFix(*DOOR, NOON), NOON)

    assert van is not None
    assert van.frame.level == 0


def test_what_is_shown_names_a_street_and_no_house() -> None:
    seen = {
        van_to_show(ORDER, [], VehicleFix(601_800_000 + step, 249_400_000, NOON), NOON) for step in range(0, 4_000, 500)
    }

    assert len({None if one is None else (one.x, one.y) for one in seen}) == 1


def test_what_is_shown_is_within_what_is_promised() -> None:
    for step in range(0, 200_000, 3_333):
        fix = VehicleFix(601_800_000 + step, 249_400_000 + 2 * step, NOON)
        van = van_to_show(ORDER, [], fix, NOON)
        assert van is not None
        unit_m = 2 * van.frame.half_m / SIZE
        lat_e7 = DOOR[0] + round((SIZE / 2 - van.y) * unit_m / 0.0111195)
        lon_e7 = DOOR[1] + round((van.x - SIZE / 2) * unit_m / (0.0111195 * 0.49745))
        assert distance_m(fix.lat_e7, fix.lon_e7, lat_e7, lon_e7) <= SHOWN_WITHIN_M + unit_m


def test_a_van_beyond_the_largest_map_is_not_shown() -> None:
    assert frame_with(DOOR, (DOOR[0] + 2_500_000, DOOR[1])) is None
    assert van_to_show(ORDER, [], VehicleFix(DOOR[0] + 2_500_000, DOOR[1], NOON), NOON) is None


def test_the_smallest_map_with_the_point_is_taken() -> None:
    for level, half_m in enumerate(HALVES_M):
        east_e7 = round(half_m * 0.75 / (0.0111195 * 0.49745))
        assert frame_with(DOOR, (DOOR[0], DOOR[1] + east_e7)) == Frame(*DOOR, level)


def test_the_limit_is_wider_than_what_is_shown() -> None:
    """Else rounding could put the van on the door that it is kept away from."""
    assert OTHER_DOOR_M > SHOWN_WITHIN_M
