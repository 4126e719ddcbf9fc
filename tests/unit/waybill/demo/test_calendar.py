"""A demo goes on with its day while that lasts, and never goes back. Starts nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from contract.clock import parse_clock
from waybill.demo.calendar import CalendarError, DemoState, Wishes, go_on, units_on, wind_up

NIGHT = datetime(2026, 11, 23, 3, 12, 7, 250_000, tzinfo=UTC)  # 05:12 in Helsinki
NOON = datetime(2026, 11, 23, 10, 12, 7, 250_000, tzinfo=UTC)  # 12:12 in Helsinki
EVENING = datetime(2026, 11, 23, 20, tzinfo=UTC)  # 22:00 in Helsinki


def started(wall: datetime, **wishes: float) -> DemoState:
    return wind_up(go_on(None, Wishes(**wishes), wall), wall)  # type: ignore[arg-type]


def shown(state: DemoState, wall: datetime) -> datetime:
    assert state.clock is not None
    return parse_clock(state.clock).at(wall)


def test_in_delivery_hours_the_first_screen_is_now() -> None:
    state = started(NOON)

    assert state.today.on == date(2026, 11, 23)
    assert shown(state, NOON) == NOON.replace(microsecond=0)


@pytest.mark.parametrize("wall", [NIGHT, EVENING])
def test_outside_delivery_hours_it_is_two_in_the_afternoon(wall: datetime) -> None:
    state = started(wall)

    assert shown(state, wall) == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_second_start_goes_on_with_day_and_clock() -> None:
    first = started(NIGHT)

    assert go_on(first, Wishes(), NIGHT + timedelta(hours=6)) == first


def test_after_closing_time_the_next_day_is_planned() -> None:
    first = started(NIGHT, seed=7, vehicles=3)

    second = go_on(first, Wishes(), NIGHT + timedelta(hours=7, minutes=1))

    assert [plan.on.day for plan in second.days] == [23, 24]
    assert (second.clock, second.today.seed, second.today.vehicles) == (None, 7, 3)


def test_a_demo_left_for_a_week_goes_on_today() -> None:
    second = go_on(started(NOON), Wishes(), NOON + timedelta(days=7))

    assert second.today.on == date(2026, 11, 30)


def test_the_next_day_begins_after_everything_recorded() -> None:
    first = started(NOON)

    second = go_on(first, Wishes(), EVENING)

    assert units_on(second.today)[0] > units_on(first.today)[1]


def test_another_speed_bends_the_clock_where_it_stands() -> None:
    first = started(NOON)
    later = NOON + timedelta(minutes=10)

    second = go_on(first, Wishes(speedup=6.0), later)

    assert shown(second, later) == shown(first, later)
    assert shown(second, later + timedelta(minutes=1)) == shown(first, later) + timedelta(minutes=6)


@pytest.mark.parametrize("wishes", [Wishes(seed=2), Wishes(vehicles=9)])
def test_a_day_under_way_keeps_its_vans_and_seed(wishes: Wishes) -> None:
    with pytest.raises(CalendarError, match=r"goes on with --.* leave --.* out, begin anew with --fresh"):
        go_on(started(NOON), wishes, NOON)


def test_a_start_that_never_got_to_its_clock_keeps_its_plan() -> None:
    unfinished = go_on(None, Wishes(vehicles=3), NIGHT)

    assert go_on(unfinished, Wishes(), NOON) == unfinished
