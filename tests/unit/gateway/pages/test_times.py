"""Times as people of the place say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.pages.times import PlaceTime, amount
from gateway.pages.words import words_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tz", "language", "clock"),
    [
        ("Europe/Helsinki", "en", "14:00"),
        ("Europe/Madrid", "es", "13:00"),
        ("America/Los_Angeles", "en", "4:00 AM"),
        ("America/Chicago", "es", "6:00 a. m."),
        ("Pacific/Kiritimati", "en", "02:00"),
    ],
)
def test_the_time_of_day(tz: str, language: str, clock: str) -> None:
    assert PlaceTime(tz, words_of("customer", language)).clock(NOON) == clock


def test_noon_and_midnight_are_twelve() -> None:
    times = PlaceTime("America/New_York", words_of("customer", "en"))

    assert times.clock(NOON + timedelta(hours=5)) == "12:00 PM"
    assert times.clock(NOON + timedelta(hours=17)) == "12:00 AM"


def test_another_day_is_named() -> None:
    times = PlaceTime("Europe/Helsinki", words_of("customer", "en"))
    spanish = PlaceTime("Europe/Helsinki", words_of("customer", "es"))

    assert times.moment(NOON, NOON) == "14:00"
    assert times.moment(NOON - timedelta(days=1), NOON) == "Sunday, November 22, 14:00"
    assert spanish.moment(NOON - timedelta(days=1), NOON) == "domingo, 22 de noviembre, 14:00"
    assert times.date(NOON) == "Monday, November 23, 2026"
    assert times.window(NOON, NOON + timedelta(hours=2), NOON) == "14:00 – 16:00"
    assert times.window(NOON, NOON + timedelta(hours=11), NOON) == "14:00 – Tuesday, November 24, 01:00"


@pytest.mark.parametrize(
    ("tz", "zone"),
    [
        ("Europe/Helsinki", "Helsinki (EET, UTC+2)"),
        ("America/Los_Angeles", "Los Angeles (PST, UTC-8)"),
        ("Asia/Kolkata", "Kolkata (IST, UTC+5:30)"),
        ("America/Sao_Paulo", "Sao Paulo (UTC-3)"),
        ("UTC", "UTC (UTC, UTC+0)"),
    ],
)
def test_whose_clock_it_is(tz: str, zone: str) -> None:
    assert PlaceTime(tz, words_of("customer", "en")).zone(NOON) == zone


def test_amounts_have_as_many_decimals_as_their_currency() -> None:
    assert amount(459000, "USD") == "4,590.00 USD"
    assert amount(4590, "JPY") == "4,590 JPY"
    assert amount(4590, "RWF") == "4,590 RWF"
    assert amount(4590, "KWD") == "4.590 KWD"
    assert amount(5, None) == "0.05"
