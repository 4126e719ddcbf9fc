"""Quiet hours and duty by the clock on the wall, over the days on which it jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.outbox.quiet import check_quiet_hours, on_duty_at, quiet_until
from gateway.refusals import RefusedError

HELSINKI, NEW_YORK = "Europe/Helsinki", "America/New_York"
MINUTE = timedelta(minutes=1)


def local(tz: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-23T21:59", None),
        ("2026-11-23T22:00", "2026-11-24T07:00"),
        ("2026-11-24T06:59", "2026-11-24T07:00"),
        ("2026-11-24T07:00", None),
        # Clocks go forward on the 29th of March 2026 at 03:00, back on the 25th of October at 04:00.
        ("2026-03-28T23:00", "2026-03-29T07:00"),
        ("2026-10-24T23:00", "2026-10-25T07:00"),
    ],
)
def test_quiet_ends_by_the_premises_clock(at: str, until: str | None) -> None:
    ends = quiet_until(local(HELSINKI, at), HELSINKI, "22:00-07:00")

    assert ends == (None if until is None else local(HELSINKI, until))


def test_the_night_of_the_jump_is_an_hour_shorter_and_the_other_an_hour_longer() -> None:
    for day, hours in (("2026-03-28", 8), ("2026-07-01", 9), ("2026-10-24", 10)):
        begins = local(HELSINKI, f"{day}T22:00")
        ends = quiet_until(begins, HELSINKI, "22:00-07:00")

        assert ends is not None
        assert ends - begins == timedelta(hours=hours)


def test_an_end_that_the_clock_jumps_over_is_the_jump() -> None:
    # 02:00 becomes 03:00 on the 8th of March 2026: 02:30 never shows.
    ends = quiet_until(local(NEW_YORK, "2026-03-08T01:59"), NEW_YORK, "22:00-02:30")

    assert ends == local(NEW_YORK, "2026-03-08T03:00")


def test_an_end_that_shows_twice_ends_the_quiet_each_time() -> None:
    # 02:00 becomes 01:00 on the 1st of November 2026.
    first, second = (local(NEW_YORK, "2026-11-01T01:30", fold) for fold in (0, 1))

    assert quiet_until(first - MINUTE, NEW_YORK, "22:00-01:30") == first
    assert quiet_until(first, NEW_YORK, "22:00-01:30") is None
    assert quiet_until(second - MINUTE, NEW_YORK, "22:00-01:30") == second
    assert quiet_until(second, NEW_YORK, "22:00-01:30") is None


@pytest.mark.parametrize("span", ["22:00-07:00", "01:30-02:30", "00:00-03:15", "02:15-02:45"])
@pytest.mark.parametrize("day", ["2026-03-07T12:00", "2026-10-31T12:00"])
def test_whoever_waits_is_never_early_and_never_late(span: str, day: str) -> None:
    """Minute by minute over the day of the jump: the end is the first minute that is not quiet."""
    at = local(NEW_YORK, day)
    for _ in range(36 * 60):
        ends = quiet_until(at, NEW_YORK, span)
        if ends is not None:
            assert ends > at
            assert quiet_until(ends, NEW_YORK, span) is None
            assert quiet_until(ends - timedelta(seconds=1), NEW_YORK, span) is not None
        at += MINUTE


def test_duty_begins_again_on_the_next_day_that_has_hours() -> None:
    hours = {"mon": ("08:00", "16:00"), "wed": ("00:00", "24:00")}

    assert on_duty_at(local(HELSINKI, "2026-11-23T08:00"), HELSINKI, hours) == local(HELSINKI, "2026-11-23T08:00")
    assert on_duty_at(local(HELSINKI, "2026-11-23T07:00"), HELSINKI, hours) == local(HELSINKI, "2026-11-23T08:00")
    assert on_duty_at(local(HELSINKI, "2026-11-23T16:00"), HELSINKI, hours) == local(HELSINKI, "2026-11-25T00:00")
    assert on_duty_at(local(HELSINKI, "2026-11-25T23:59"), HELSINKI, hours) == local(HELSINKI, "2026-11-25T23:59")
    assert on_duty_at(local(HELSINKI, "2026-11-26T00:00"), HELSINKI, hours) == local(HELSINKI, "2026-11-30T08:00")


@pytest.mark.parametrize("text", ["22-7", "22:00", "24:00-07:00", "22:00-22:00", "22:00–07:00", "always"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="write 22:00-07:00"):
        check_quiet_hours(text)
