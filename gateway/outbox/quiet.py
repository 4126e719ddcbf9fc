"""When people may be told, by the clock on the wall of their place: quiet hours and hours of duty. Reads no clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.master.hours import DAYS
from gateway.refusals import RefusedError

_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_SPAN = re.compile(rf"({_TIME})-({_TIME})")
_ONE = re.compile(_TIME)
_WHOLE_DAY = "24:00"


def check_quiet_hours(text: str) -> str:
    """The text when it is such as 22:00-07:00, or empty for none; else RefusedError."""
    found = _SPAN.fullmatch(text)
    if text and (found is None or found[1] == found[2]):
        raise RefusedError(f"quiet hours {text!r} cannot be read; write 22:00-07:00, or nothing for none")
    return text


def check_time_of_day(text: str) -> str:
    """The text when it is such as 21:30, or empty for never; else RefusedError."""
    if text and _ONE.fullmatch(text) is None:
        raise RefusedError(f"{text!r} is no time of day such as 21:30")
    return text


def quiet_until(at: datetime, tz: str, quiet_hours: str) -> datetime | None:
    """When the quiet that reigns at `at` ends; None: it is not quiet then. The clock on the wall decides."""
    if not quiet_hours:
        return None
    begins, _, ends = quiet_hours.partition("-")
    local = at.astimezone(ZoneInfo(tz))
    wall = f"{local:%H:%M}"
    within = begins <= wall < ends if begins < ends else wall >= begins or wall < ends
    if not within:
        return None
    day = local.date() if wall < ends else local.date() + timedelta(days=1)
    return _first_after(at, datetime.combine(day, _of(ends)), tz)


def on_duty_at(at: datetime, tz: str, hours: Mapping[str, tuple[str, str]]) -> datetime | None:
    """`at` when it lies in the hours, else their next beginning; without hours always; None: never."""
    if not hours:
        return at
    local = at.astimezone(ZoneInfo(tz))
    today = hours.get(DAYS[local.weekday()])
    if today is not None and today[0] <= f"{local:%H:%M}" < today[1]:
        return at
    for ahead in range(8):
        day = local.date() + timedelta(days=ahead)
        span = hours.get(DAYS[day.weekday()])
        if span is not None and span[0] != _WHOLE_DAY:
            begins = _first_after(at, datetime.combine(day, _of(span[0])), tz)
            if begins > at:
                return begins
    return None


def _first_after(at: datetime, wall: datetime, tz: str) -> datetime:
    """The instant at which the wall shows `wall`: of two (the hour that comes twice) the first one after `at`.

    A time that the clock jumps over counts as the first instant after the jump.
    """
    zone = ZoneInfo(tz)
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if second < first:  # jumped over: fold 1 lies before the jump, fold 0 after it (PEP 495)
        return _jump(second, first, zone)
    return first if first > at else second


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the jump between the two."""
    offset = before.astimezone(zone).utcoffset()
    low, high = before, after
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
    return high.replace(microsecond=0)


def _of(text: str) -> time:
    return time.fromisoformat(text)
