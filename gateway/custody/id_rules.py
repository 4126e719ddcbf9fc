"""Who is old enough on which day: told as the latest date of birth that is. Takes nobody's own date, keeps none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

# A phone that was loaded in the morning and is out of reach until after midnight still knows its day.
_DAYS_AHEAD = 3


class Limit(msgspec.Struct, frozen=True):
    """What an ID must say on one day at the premises: born on `born_by` or before, good on `day` still."""

    day: date
    born_by: date | None  # None: no age is asked for


def born_by(threshold: int, day: date) -> date:
    """The latest date of birth of somebody who is `threshold` years old on `day`.

    Whoever was born on 29 February is a year older on 1 March where the year has no such day: nobody is taken for older
    than any rule would have it.
    """
    try:
        return day.replace(year=day.year - threshold)
    except ValueError:  # 29 February, and that year had none
        return date(day.year - threshold, 2, 28)


def limits(threshold: int | None, now: datetime, tz: str) -> Sequence[Limit]:
    """The limits of today and of the next days, by the clock of the premises."""
    today = now.astimezone(ZoneInfo(tz)).date()
    days = [today + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD)]
    return [Limit(day, None if threshold is None else born_by(threshold, day)) for day in days]
