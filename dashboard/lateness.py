"""Whether the next drop is late or will probably be: by its forecast, else by plan and clock. Forecasts nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

# So near to its end a window that has not seen the van is worth a look.
CLOSE = timedelta(minutes=10)


class Risk(StrEnum):
    """How a drop stands against its promised window."""

    NONE = "none"
    ON_TIME = "on time"
    AT_RISK = "at risk"
    LATE = "late"


class Outlook(msgspec.Struct, frozen=True):
    """The risk, when forecast or plan now expect the van (None: neither is there), and how far that is past the window.

    `over_s` is negative while there is room; None when nothing can be said.
    """

    risk: Risk
    expected_at: datetime | None = None
    over_s: float | None = None


def outlook(
    *,
    window_to: datetime | None,
    planned_arrival_at: datetime | None,
    arrived_at: datetime | None,
    planned_departure_at: datetime | None,
    departed_at: datetime | None,
    now: datetime,
    p50_at: datetime | None = None,
    at_risk: bool = False,
) -> Outlook:
    """Judges one drop; `p50_at` and `at_risk` are its forecast's.

    1. Arrived: late when that was after the window.
    2. Not there and the window is over: late, by more with every minute.
    3. There is a forecast: at risk as long as it says so, as alerts do.
    4. The plan, moved by as much as the van left late, ends after the window, or the window's end is close: at risk.
    """
    if window_to is None:
        return Outlook(Risk.NONE)
    if arrived_at is not None:
        over_s = (arrived_at - window_to).total_seconds()
        return Outlook(Risk.LATE if over_s > 0 else Risk.ON_TIME, arrived_at, over_s)
    if p50_at is not None:
        expected_at: datetime | None = max(now, p50_at)
    else:
        expected_at = _expected(planned_arrival_at, planned_departure_at, departed_at, now)
    over_s = ((expected_at or now) - window_to).total_seconds()
    if now > window_to:
        return Outlook(Risk.LATE, expected_at, over_s)
    if at_risk or (p50_at is None and (over_s > 0 or window_to - now < CLOSE)):
        return Outlook(Risk.AT_RISK, expected_at, over_s)
    return Outlook(Risk.ON_TIME, expected_at, over_s)


def _expected(
    planned_arrival_at: datetime | None,
    planned_departure_at: datetime | None,
    departed_at: datetime | None,
    now: datetime,
) -> datetime | None:
    if planned_arrival_at is None:
        return None
    behind = timedelta()
    if planned_departure_at is not None:
        behind = max(behind, (departed_at or now) - planned_departure_at)
    return max(now, planned_arrival_at + behind)
