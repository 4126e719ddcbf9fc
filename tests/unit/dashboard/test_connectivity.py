"""Ageing of a device, by what it announced. Needs no database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dashboard.connectivity import Connectivity, Movement, signal
from tests.fixtures.examples import NOON, fleet_row


def after(seconds: float, rate: float = 1.0, **changes: object) -> Connectivity:
    return signal(fleet_row(**changes), NOON + timedelta(seconds=seconds), rate).connectivity


@pytest.mark.parametrize(
    ("seconds", "seen"),
    [(0, "live"), (20, "live"), (21, "quiet"), (180, "quiet"), (181, "silent"), (90_000, "silent")],
)
def test_a_moving_van_ages_in_seconds(seconds: float, seen: str) -> None:
    assert after(seconds, speed_mps=9.0) == seen


@pytest.mark.parametrize(
    ("seconds", "seen"), [(30, "live"), (90, "live"), (91, "quiet"), (300, "quiet"), (301, "silent")]
)
def test_a_standing_van_ages_by_its_heartbeat(seconds: float, seen: str) -> None:
    assert after(seconds, speed_mps=0.0) == seen


def test_a_parked_unit_that_announced_ten_minutes_is_not_called_silent_after_five() -> None:
    assert after(300, speed_mps=0.0, heartbeat_s=600.0) is Connectivity.LIVE


def test_a_device_that_announced_nothing_is_given_a_minute() -> None:
    assert after(170, report_interval_s=None) is Connectivity.LIVE
    assert after(200, report_interval_s=None) is Connectivity.QUIET


def test_a_fast_clock_makes_no_van_silent() -> None:
    assert after(600, rate=10.0) is Connectivity.QUIET
    assert after(200, rate=10.0) is Connectivity.LIVE


def test_without_device_or_fix_it_says_so() -> None:
    assert after(0, device_name=None) is Connectivity.NO_DEVICE
    assert after(0, fixed_at=None) is Connectivity.NO_FIX


def test_a_receiver_ahead_of_our_clock_is_now() -> None:
    assert signal(fleet_row(), NOON - timedelta(seconds=5)).age_s == 0.0


@pytest.mark.parametrize(
    ("speed_mps", "seconds", "movement"),
    [(9.0, 0, Movement.MOVING), (0.8, 0, Movement.STANDING), (None, 0, Movement.UNKNOWN), (9.0, 900, Movement.UNKNOWN)],
)
def test_movement_is_what_a_recent_fix_says(speed_mps: float | None, seconds: float, movement: Movement) -> None:
    assert signal(fleet_row(speed_mps=speed_mps), NOON + timedelta(seconds=seconds)).movement is movement
