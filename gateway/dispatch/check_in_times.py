"""When a crew has to say that all is well, and where it did not. Pure: asks nobody and knows no clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec


class Overdue(msgspec.Struct, frozen=True):
    """A check-in that was due and not there; `said_at` None: it has not come, or the trip ended without it."""

    due_at: datetime
    said_at: datetime | None
    ended_at: datetime | None = None


def due_at(departed_at: datetime, said: Iterable[datetime], interval: timedelta) -> datetime:
    """When the next word is due: an interval after the last one, or after the departure."""
    return max((departed_at, *said)) + interval


def overdue(
    departed_at: datetime, ended_at: datetime | None, said: Iterable[datetime], interval: timedelta, now: datetime
) -> list[Overdue]:
    """Every check-in that was not there in time, whenever it was recorded. A word at the very time is in time."""
    found = list[Overdue]()
    last = departed_at
    for at in sorted(said):
        if at > last + interval:
            found.append(Overdue(last + interval, at))
        last = max(last, at)
    over_at = now if ended_at is None else min(now, ended_at)
    if over_at > last + interval:
        found.append(Overdue(last + interval, None, ended_at))
    return found
