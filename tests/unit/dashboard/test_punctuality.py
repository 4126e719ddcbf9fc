"""Rates and parts of promises that were kept or broken, counted by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from dashboard import delay_view, punctuality
from dashboard.components.downloads import csv_of
from storage.promises import PromiseRow
from tests.fixtures.examples import NOON

HELSINKI = ZoneInfo("Europe/Helsinki")
MINUTE = timedelta(minutes=1)


def promise(late_min: float = 0, van: str = "van-1", left_late_min: float = 0, **changes: object) -> PromiseRow:
    """An order whose window ended at NOON, planned at the door ten minutes before."""
    values: dict[str, object] = {
        "order_no": "1000", "premises_id": UUID(int=1), "window_from": NOON - 60 * MINUTE, "window_to": NOON,
        "milestone": "delivered", "vehicle_name": van, "crew": "Aino Virtanen", "ready_at": NOON - 50 * MINUTE,
        "planned_departure_at": NOON - 30 * MINUTE, "departed_at": NOON + (left_late_min - 30) * MINUTE,
        "planned_arrival_at": NOON - 10 * MINUTE,
        "arrived_at": NOON + late_min * MINUTE if late_min else NOON - 10 * MINUTE,
        "left_at": NOON + (late_min or -10) * MINUTE + 3 * MINUTE, "late_s": late_min * 60 or None, "reason_code": None,
    }  # fmt: skip
    return PromiseRow(**(values | changes))  # type: ignore[arg-type]


def test_a_rate_names_its_denominator_and_medians_are_those_of_who_has_a_value() -> None:
    rows = [promise(), promise(late_min=10, left_late_min=4), promise(late_min=20, departed_at=None)]

    found = punctuality.kept("van-1", rows)

    assert (found.orders, found.in_time) == (3, 1)
    assert found.rate == pytest.approx(1 / 3)
    assert found.late_s == 15 * 60
    assert found.departed_behind_s == 2 * 60
    assert found.door_s == 3 * 60


def test_behind_at_departure_and_on_the_road_add_up_to_behind_at_the_door() -> None:
    row = promise(late_min=10, left_late_min=4)

    assert punctuality.departed_behind_s(row) == 4 * 60
    assert punctuality.road_s(row) == (10 + 10 - 4) * 60


def test_parts_come_worst_first_and_who_has_none_is_left_out() -> None:
    rows = [promise(van="van-1"), promise(late_min=5, van="van-2"), promise(vehicle_name=None)]

    assert [one.part for one in punctuality.by(rows, lambda row: row.vehicle_name)] == ["van-2", "van-1"]


def test_a_weak_point_has_enough_orders_and_is_worse_than_the_whole() -> None:
    bad, good, few = [promise(late_min=5, van="van-1")] * 6, [promise(van="van-2")] * 20, [promise(5, van="van-3")] * 2

    found = punctuality.weak_points([*bad, *good, *few], {"Van": lambda row: row.vehicle_name, "All": lambda _: "one"})

    assert [one.part for one in found] == ["Van van-1"]
    assert delay_view.weak_words(found[0]).startswith("Van van-1: 6 of 6 late (100%)")


def test_hours_and_weekdays_are_the_premises_own() -> None:
    late_evening = promise(window_to=NOON.replace(hour=22, minute=30))

    assert punctuality.hour_of(late_evening, HELSINKI) == "00:00"
    next_day = (NOON + timedelta(days=1)).strftime("%a")
    assert punctuality.weekday_of(late_evening, HELSINKI) == next_day


def test_few_orders_show_no_share() -> None:
    few, enough = [promise(5)] * 4, [promise(5)] * 5

    assert delay_view.late_by_hour(few, HELSINKI)[0]["late_share"] is None
    assert delay_view.late_by_hour(enough, HELSINKI)[0]["late_share"] == 1
    assert delay_view.table("Van", [punctuality.kept("van-1", few)])[0]["Rate %"] is None
    assert delay_view.behind_by_hour(few, HELSINKI) == []


def test_the_days_before_are_as_many_and_end_the_day_before() -> None:
    first, last = NOON.date(), NOON.date() + timedelta(days=6)

    assert delay_view.days_before((first, last)) == (first - timedelta(days=7), first - timedelta(days=1))


def test_two_periods_are_compared_in_points() -> None:
    shown = delay_view.figures([promise()] * 9 + [promise(5)], [promise()] * 8 + [promise(5)] * 2)

    assert shown[0].value == "90.0%"
    assert shown[0].change == "+10.0 points (10 orders before)"


def test_a_csv_quotes_what_has_commas() -> None:
    assert csv_of([{"reason": "a, b", "orders": 1}]) == 'reason,orders\r\n"a, b",1\r\n'
    assert csv_of([]) == "\r\n"
