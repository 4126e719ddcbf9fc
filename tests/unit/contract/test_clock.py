"""The affine clock: what it shows, and what a wrong WAYBILL_CLOCK is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contract.clock import SYSTEM, Clock, ClockError, parse_clock, true_now

WALL = datetime(2026, 11, 23, 6, tzinfo=UTC)
SHOWN = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_an_affine_clock_runs_from_its_origin_at_its_rate() -> None:
    clock = parse_clock("2026-11-23T14:00:00+02:00@2026-11-23T06:00:00Z*10")

    assert clock == Clock(SHOWN, WALL, 10.0)
    assert clock.at(WALL) == SHOWN
    assert clock.at(WALL + timedelta(seconds=6)) == SHOWN + timedelta(minutes=1)
    assert clock.wall_at(SHOWN + timedelta(minutes=1)) == WALL + timedelta(seconds=6)


def test_without_a_rate_it_runs_as_time_does() -> None:
    assert parse_clock("2026-11-23T12:00:00Z@2026-11-23T06:00:00Z").rate == 1.0


def test_the_system_clock_shows_true_time() -> None:
    before = true_now()
    shown = SYSTEM.now()

    assert parse_clock("system") is SYSTEM
    assert timedelta(0) <= shown - before < timedelta(seconds=5)
    assert shown.tzinfo is UTC
    assert SYSTEM.at(WALL) == WALL


def test_seconds_until_are_true_seconds() -> None:
    now = true_now()
    clock = Clock(SHOWN, now, 60.0)

    assert clock.seconds_until(SHOWN + timedelta(minutes=10)) == pytest.approx(10, abs=1)
    assert clock.seconds_until(SHOWN - timedelta(minutes=10)) == pytest.approx(-10, abs=1)


@pytest.mark.parametrize("clock", [SYSTEM, Clock(SHOWN, WALL), Clock(SHOWN, WALL, 1 / 3)])
def test_a_clock_written_as_text_is_the_same_clock(clock: Clock) -> None:
    assert parse_clock(clock.text()) == clock


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "SYSTEM",
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00@2026-11-23T06:00:00Z",
        "2026-11-23T12:00:00Z@yesterday",
        "2026-11-23T12:00:00Z@2026-11-23T06:00:00Z*fast",
        "2026-11-23T12:00:00Z@2026-11-23T06:00:00Z*0",
        "2026-11-23T12:00:00Z@2026-11-23T06:00:00Z*-1",
        "2026-11-23T12:00:00Z@2026-11-23T06:00:00Z*nan",
        "2026-11-23T12:00:00Z@2026-11-23T06:00:00Z*100001",
        "0001-01-01T00:00:00+14:00@2026-11-23T06:00:00Z",
    ],
)
def test_a_wrong_clock_is_refused_with_its_own_text(text: str) -> None:
    with pytest.raises(ClockError) as caught:
        parse_clock(text)

    assert repr(text) in str(caught.value)
