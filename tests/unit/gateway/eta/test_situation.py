"""Where a van sets out from, and which doors are still awaited."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from gateway.dispatch.estimate import POLICY as ESTIMATE
from gateway.dispatch.estimate import STRAIGHT
from gateway.eta.situation import forecast_trip, start_of
from storage.eta import DropToForecast, TripToForecast
from tests.fixtures.gateway import NOON

MINUTE = timedelta(minutes=1)
HOME = (601709000, 249432000)
VAN = TripToForecast(
    UUID(int=2), UUID(int=4), UUID(int=5), "T-0001", NOON, None, *HOME, "Europe/Helsinki", None, None, None, None,
    None,
)  # fmt: skip


def under_way(fixed_at: datetime | None, *, speed_mps: float | None = 8.0) -> TripToForecast:
    place = (None, None) if fixed_at is None else (601800000, 249500000)
    return msgspec.structs.replace(
        VAN, departed_at=NOON - 10 * MINUTE, fixed_at=fixed_at, lat_e7=place[0], lon_e7=place[1], speed_mps=speed_mps
    )


def drop(seq: int, arrived: datetime | None = None, left: datetime | None = None, milestone: str = "queued",
         north: int = 0) -> DropToForecast:  # fmt: skip
    return DropToForecast(
        VAN.id, UUID(int=20 + seq), seq, str(1000 + seq), "pos", str(seq), 601900000 + north,
        249432000, NOON, NOON + 120 * MINUTE, milestone, arrived, left,
    )  # fmt: skip


def test_before_it_leaves_it_leaves_as_planned_or_now() -> None:
    assert start_of(VAN, [], STRAIGHT, NOON - 10 * MINUTE, None).at == NOON
    assert start_of(VAN, [], STRAIGHT, NOON + 10 * MINUTE, None).at == NOON + 10 * MINUTE


def test_a_second_trip_waits_until_the_first_is_back() -> None:
    assert start_of(VAN, [], STRAIGHT, NOON, NOON + 40 * MINUTE).at == NOON + 40 * MINUTE


@pytest.mark.parametrize(
    ("fix_age_s", "speed_mps", "ahead_s"),
    [(4, 8.0, 4), (200, 8.0, 200), (4000, 8.0, 300), (4000, 0.0, 0), (4, None, 4)],
)
def test_an_unheard_van_drives_on_for_five_minutes(fix_age_s: float, speed_mps: float | None, ahead_s: float) -> None:
    van = under_way(NOON - timedelta(seconds=fix_age_s), speed_mps=speed_mps)
    van = msgspec.structs.replace(van, departed_at=NOON - 90 * MINUTE)

    start = start_of(van, [], STRAIGHT, NOON, None)

    assert start.at == NOON - timedelta(seconds=ahead_s)
    assert start.lat_e7 == 601800000


def test_a_fix_of_before_the_departure_says_nothing() -> None:
    assert start_of(under_way(NOON - 20 * MINUTE), [], STRAIGHT, NOON, None).lat_e7 == HOME[0]


@pytest.mark.parametrize(("stood_s", "left_s"), [(60, ESTIMATE.at_door_s - 60), (3600, 0.25 * ESTIMATE.at_door_s)])
def test_who_stands_at_a_door_stays_as_long_as_is_usual(stood_s: float, left_s: float) -> None:
    here = drop(1, arrived=NOON - timedelta(seconds=stood_s), milestone="arrived")

    start = start_of(under_way(NOON), [here, drop(2)], STRAIGHT, NOON, None)

    assert start.at == NOON + timedelta(seconds=left_s)
    assert start.lat_e7 == here.lat_e7


def test_doors_that_are_over_visited_or_stood_at_are_not_forecast() -> None:
    drops = [
        drop(1, NOON - 9 * MINUTE, NOON - 8 * MINUTE, "delivered"),
        drop(2, NOON - 5 * MINUTE, NOON - 4 * MINUTE, "arrived"),
        drop(3, milestone="cancelled"),
        drop(4, NOON - MINUTE, None, "arrived"),
        drop(5, north=50_000),
        drop(6, north=90_000),
    ]

    found, back = forecast_trip(under_way(NOON), drops, STRAIGHT, NOON, {})

    assert [(one.drop.seq, one.drops_before) for one in found] == [(5, 0), (6, 1)]
    assert NOON < found[0].outlook.raw_at < found[1].outlook.raw_at < back
    assert found[0].source == "distance"
