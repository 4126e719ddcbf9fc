"""Days for a whole fleet: repeatable, independent of one another, long enough."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from firmware_bridge.sim.day import plan
from firmware_bridge.sim.feed import trips
from firmware_bridge.sim.fleet_plan import MIDDLE, REACH_M, FleetWish, fleet_days
from firmware_bridge.sim.polyline import Place, distance_m
from firmware_bridge.sim.streets import Streets
from tests.unit.firmware_bridge.sim.days import DEPARTS_AT, STREETS

WISH = FleetWish(vehicles=4, seed=3, starts_at=DEPARTS_AT, hours=1.5)


def test_vehicles_day_does_not_depend_on_the_others() -> None:
    few, many = fleet_days(WISH, STREETS), fleet_days(msgspec.structs.replace(WISH, vehicles=9), STREETS)

    assert many[:4] == few
    assert len({msgspec.structs.replace(day, vehicle="van") for day in many}) == 9


@pytest.mark.parametrize("streets", [STREETS, None])
def test_every_vehicle_is_on_the_road_for_as_long_as_asked(streets: Streets | None) -> None:
    for day in fleet_days(WISH, streets):
        times = trips(day, streets, WISH.seed)

        assert DEPARTS_AT <= times[0].departed_at <= DEPARTS_AT + timedelta(minutes=18)
        assert times[-1].ended_at >= DEPARTS_AT + timedelta(hours=1.5)


def test_drops_lie_around_the_place_asked_for() -> None:
    place = Place(43.735, 7.42)
    days = fleet_days(msgspec.structs.replace(WISH, around=place), None)

    assert {day.premises for day in days} == {place}
    assert max(distance_m(place, drop.place) for day in days for trip in day.trips for drop in trip.drops) < REACH_M + 5


def test_blank_ground_without_a_place_is_where_the_demo_is() -> None:
    (day, *_) = fleet_days(WISH, None)

    assert plan(day, None, 3).at(DEPARTS_AT - timedelta(hours=1)).lat_deg == pytest.approx(MIDDLE.lat_deg)
