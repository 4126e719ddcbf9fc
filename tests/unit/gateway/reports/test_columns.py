"""Cells as files have them: times with their offsets in the doubled hour, degrees digit by digit, amounts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from contract.geo import degrees_text
from gateway.reports.columns import Column, field_names, fields, text_of
from gateway.reports.money import amount

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
COLUMNS = (Column("at", "time"), Column("lat", "degrees"), Column("speed", "number", 2), Column("on", "flag"))


def test_a_time_is_told_twice_and_the_doubled_hour_of_autumn_apart() -> None:
    first = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)  # half past one, and an hour later half past one again

    told = [list(fields(COLUMNS[:1], [first + timedelta(hours=n)], LOS_ANGELES)) for n in (0, 1)]

    assert field_names(COLUMNS) == ["at_local", "at_utc", "lat", "speed", "on"]
    assert told == [
        ["2026-11-01T01:30:00-07:00", "2026-11-01T08:30:00Z"],
        ["2026-11-01T01:30:00-08:00", "2026-11-01T09:30:00Z"],
    ]


def test_what_is_not_known_is_empty_in_every_column() -> None:
    assert [text_of(one) for one in fields(COLUMNS, [None] * 4, LOS_ANGELES)] == [""] * 5


def test_values_keep_what_was_stored_and_no_noise() -> None:
    row = [datetime(2026, 7, 1, tzinfo=UTC), -1, 1.2000000476837158, False]

    assert [text_of(one) for one in fields(COLUMNS, row, LOS_ANGELES)][2:] == ["-0.0000001", "1.2", "false"]
    assert (degrees_text(0), degrees_text(1799999999)) == ("0.0000000", "179.9999999")


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [(1290, "EUR", "12.90"), (1290, "JPY", "1290"), (1290, "KWD", "1.290"), (-5, "USD", "-0.05"), (0, None, "0.00")],
)
def test_an_amount_has_the_decimals_of_its_currency(minor: int, currency: str | None, shown: str) -> None:
    assert text_of(amount(Decimal(minor), currency)) == shown
    assert amount(None, currency) is None
