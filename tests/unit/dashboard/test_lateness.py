"""The late rule: plan and clock against the promised window. Needs no database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dashboard.lateness import Outlook, Risk, outlook
from tests.fixtures.examples import MINUTE, NOON


def seen(**changes: Any) -> Outlook:
    drop: dict[str, datetime | None] = {
        "window_to": NOON + 45 * MINUTE, "planned_arrival_at": NOON + 10 * MINUTE, "arrived_at": None,
        "planned_departure_at": NOON - 30 * MINUTE, "departed_at": NOON - 30 * MINUTE, "now": NOON,
    }  # fmt: skip
    return outlook(**(drop | changes))


def test_in_plan_is_on_time_with_room_to_spare() -> None:
    assert seen() == Outlook(Risk.ON_TIME, NOON + 10 * MINUTE, -35 * 60.0)


def test_without_a_next_drop_there_is_no_risk() -> None:
    assert seen(window_to=None) == Outlook(Risk.NONE)


def test_a_window_that_is_over_is_late_by_the_later_of_clock_and_plan() -> None:
    assert seen(now=NOON + 50 * MINUTE) == Outlook(Risk.LATE, NOON + 50 * MINUTE, 5 * 60.0)


def test_leaving_late_moves_the_plan() -> None:
    assert seen(departed_at=NOON + 6 * MINUTE, now=NOON + 6 * MINUTE) == Outlook(Risk.AT_RISK, NOON + 46 * MINUTE, 60.0)


def test_not_having_left_moves_the_plan_too() -> None:
    assert seen(departed_at=None, now=NOON + 10 * MINUTE).risk is Risk.AT_RISK


def test_leaving_early_does_not_move_the_plan() -> None:
    assert seen(departed_at=NOON - 45 * MINUTE).expected_at == NOON + 10 * MINUTE


@pytest.mark.parametrize(("minutes", "risk"), [(34, Risk.ON_TIME), (36, Risk.AT_RISK), (45, Risk.AT_RISK)])
def test_the_end_of_the_window_coming_close_is_a_risk(minutes: int, risk: Risk) -> None:
    assert seen(now=NOON + minutes * MINUTE).risk is risk


def test_the_door_ends_the_wait() -> None:
    now = NOON + 90 * MINUTE

    assert seen(arrived_at=NOON + 45 * MINUTE, now=now).risk is Risk.ON_TIME
    assert seen(arrived_at=NOON + 45 * MINUTE + timedelta(seconds=1), now=now).risk is Risk.LATE


def test_a_forecast_judges_instead_of_the_plan() -> None:
    soon = NOON + 40 * MINUTE

    assert seen(p50_at=soon, departed_at=NOON - 5 * MINUTE, now=NOON + 38 * MINUTE) == Outlook(
        Risk.ON_TIME, soon, -300.0
    )
    assert seen(p50_at=soon, at_risk=True) == Outlook(Risk.AT_RISK, soon, -300.0)
    assert seen(p50_at=NOON + 55 * MINUTE, now=NOON + 46 * MINUTE) == Outlook(Risk.LATE, NOON + 55 * MINUTE, 600.0)


def test_without_a_plan_only_the_clock_judges() -> None:
    assert seen(planned_arrival_at=None) == Outlook(Risk.ON_TIME, None, -45 * 60.0)
