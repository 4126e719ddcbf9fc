"""Opening hours from text and back. Knows no zone."""

from __future__ import annotations

import pytest

from gateway.master.errors import MasterDataError
from gateway.master.hours import format_hours, parse_hours


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("09:00-21:00", "mon-sun 09:00-21:00"),
        ("mon-fri 09:00-21:00, sat 10:00-18:00", "mon-fri 09:00-21:00, sat 10:00-18:00"),
        ("Sun 12:00-24:00,mon 09:00-10:00", "mon 09:00-10:00, sun 12:00-24:00"),
    ],
)
def test_hours_are_read_and_written(text: str, again: str) -> None:
    hours = parse_hours(text)

    assert format_hours(hours) == again
    assert parse_hours(again) == hours


def test_a_day_that_is_not_named_is_closed() -> None:
    assert set(parse_hours("mon-wed 09:00-21:00")) == {"mon", "tue", "wed"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "always",
        "9-21",
        "mon 21:00-09:00",
        "fri-mon 09:00-21:00",
        "mon 09:00-25:00",
        "mon-fri 09:00-10:00, fri 11:00-12:00",
    ],
)
def test_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(MasterDataError, match="hours"):
        parse_hours(text)
