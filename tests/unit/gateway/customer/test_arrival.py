"""When the van may be expected: what is forecast while that is worth something, else what was promised."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from contract.milestones import Milestone
from gateway.customer.arrival import Expected, expected_of
from gateway.pages.times import PlaceTime
from gateway.pages.words import words_of
from tests.unit.gateway.customer.test_van import NOON, changed

MINUTE = timedelta(minutes=1)
WORDS = words_of("customer", "en")
TIMES = PlaceTime("Europe/Helsinki", WORDS)
PROMISED = "14:00 – 15:00"


def expected(now: datetime, p50: int | None = None, p90: int | None = None, age: int = 0, **order: object) -> Expected:
    """`p50`, `p90` in minutes after noon; `age` of the forecast in minutes."""
    of = changed(
        p50_at=None if p50 is None else NOON + p50 * MINUTE, p90_at=None if p90 is None else NOON + p90 * MINUTE,
        computed_at=None if p50 is None else now - age * MINUTE, **order,
    )  # fmt: skip
    return expected_of(of, WORDS, TIMES, now)


def test_without_a_forecast_it_is_what_was_promised() -> None:
    assert expected(NOON) == Expected(PROMISED, None, late=False)
    assert expected(NOON + 61 * MINUTE) == Expected(PROMISED, None, late=True)


def test_on_the_road_it_is_what_is_forecast_by_five_minutes() -> None:
    assert expected(NOON, 27, 33) == Expected("14:20 – 14:35", f"Promised: {PROMISED}", late=False)
    assert expected(NOON, 27, 33) == expected(NOON, 28, 34)


def test_it_does_not_begin_in_the_past() -> None:
    assert expected(NOON + 26 * MINUTE, 27, 33).says == "14:25 – 14:35"


def test_what_is_overdue_comes_any_minute() -> None:
    assert expected(NOON + 40 * MINUTE, 27, 33).says == "Any minute now"


def test_later_than_promised_is_said() -> None:
    assert expected(NOON, 65, 80) == Expected("14:50 – 15:20", f"Promised: {PROMISED}", late=True)


@pytest.mark.parametrize(("p50", "says"), [(27, PROMISED), (65, "14:50 – 15:20")])
def test_before_it_leaves_the_promise_holds_unless_it_will_be_broken(p50: int, says: str) -> None:
    waiting = {"milestone": Milestone.QUEUED, "departed_at": None}

    assert expected(NOON, p50, p50 + 15, **waiting).says == says


def test_a_forecast_that_nobody_renews_is_worth_nothing() -> None:
    assert expected(NOON, 27, 33, age=11) == Expected(PROMISED, None, late=False)
