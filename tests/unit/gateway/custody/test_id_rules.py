"""Who is old enough on which day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.custody.id_rules import born_by, limits


def age(born: date, day: date) -> int:
    """Counted the other way round: birthdays that have been."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@pytest.mark.parametrize("threshold", [18, 21])
def test_it_agrees_with_counting_birthdays_on_every_day_of_nine_years(threshold: int) -> None:
    day = date(2024, 1, 1)
    while day < date(2033, 1, 1):
        latest = born_by(threshold, day)
        assert age(latest, day) >= threshold
        assert age(latest + timedelta(days=1), day) < threshold
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("born", "day", "is_of_age"),
    [
        (date(2008, 2, 29), date(2029, 2, 28), False),  # a year without 29 February: on 1 March
        (date(2008, 2, 29), date(2029, 3, 1), True),
        (date(2004, 2, 29), date(2024, 2, 29), False),  # 20
        (date(2007, 3, 1), date(2028, 2, 29), False),
        (date(2007, 2, 28), date(2028, 2, 29), True),
    ],
)
def test_leap_days_make_nobody_older(born: date, day: date, is_of_age: bool) -> None:
    assert (born <= born_by(21, day)) is is_of_age


def test_the_day_is_that_of_the_premises() -> None:
    late = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)  # 22:30 the day before in Los Angeles

    today, tomorrow, _ = limits(21, late, "America/Los_Angeles")

    assert (today.day, today.born_by) == (date(2026, 11, 25), date(2005, 11, 25))
    assert (tomorrow.day, tomorrow.born_by) == (date(2026, 11, 26), date(2005, 11, 26))
    assert {one.born_by for one in limits(None, late, "America/Los_Angeles")} == {None}
