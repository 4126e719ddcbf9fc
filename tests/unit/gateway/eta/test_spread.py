"""From an estimate and past errors to p50, p90 and the risk of being late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.eta.spread import LEVELS, PRIOR_DROPS, UNLEARNED, horizon, learned, outlook, scale_s
from tests.fixtures.gateway import NOON

HALF_AN_HOUR = timedelta(minutes=30)
SOON = NOON + HALF_AN_HOUR


def test_p90_lies_behind_p50_and_both_behind_now() -> None:
    seen = outlook(SOON, NOON, 0.0, SOON, {})
    there = outlook(NOON, NOON, 0.0, SOON, {3: (-9.0,) * 7})

    assert NOON < seen.p50_at < seen.p90_at
    assert there.p50_at >= NOON


@pytest.mark.parametrize(("slack_min", "low", "high"), [(-30, 0.9, 1.0), (0, 0.45, 0.55), (30, 0.0, 0.1)])
def test_the_risk_is_the_share_of_errors_that_miss_the_window(slack_min: int, low: float, high: float) -> None:
    seen = outlook(SOON, NOON, 0.0, SOON + timedelta(minutes=slack_min), {})

    assert low <= seen.late_risk <= high


def test_after_the_window_it_is_missed_for_certain() -> None:
    assert outlook(SOON, NOON, 0.0, NOON - timedelta(seconds=1), {}).late_risk == 1.0


def test_the_p90_end_of_a_window_is_missed_by_one_in_ten() -> None:
    p90_at = outlook(SOON, NOON, 0.0, SOON, {}).p90_at

    assert outlook(SOON, NOON, 0.0, p90_at, {}).late_risk == pytest.approx(0.1, abs=0.001)


def test_silence_makes_it_less_certain() -> None:
    heard, unheard = (outlook(SOON, NOON, age_s, SOON, {}) for age_s in (5.0, 900.0))

    assert unheard.p90_at > heard.p90_at
    assert scale_s(1800, 900) > scale_s(1800, 5) == scale_s(1800, 0)


def test_few_drops_teach_little_and_many_teach_all() -> None:
    errors = [1.0] * 100

    assert learned([], 0) == UNLEARNED
    assert learned(errors, PRIOR_DROPS)[3] == pytest.approx(0.5)
    assert learned(errors, 100_000) == pytest.approx([1.0] * len(LEVELS), abs=0.01)


def test_quantiles_are_those_of_the_errors() -> None:
    quantiles = learned([float(one) for one in range(101)], 10_000_000)

    assert quantiles == pytest.approx([100 * level for level in LEVELS], abs=0.01)


def test_every_time_ahead_has_its_horizon() -> None:
    assert [horizon(one) for one in (-5, 0, 299, 300, 5000, 100_000)] == [0, 0, 0, 1, 5, 5]
