"""Checked readers of single NMEA fields: a value, None for empty, or BadFieldError. Never guesses as pynmea2 does.

pynmea2 1.19.0 gives latitude 0.0 for an empty field, keeps unreadable dates and times as text, and accepts latitude
91, 60 minutes, hemisphere X and Arabic-Indic digits; so it splits and names the fields, and these readers judge them.
"""

from __future__ import annotations

import re
from datetime import date

DAY_MS = 86_400_000
KNOT_MPS = 1852 / 3600

_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)(?:\.(\d*))?", re.ASCII)
_DATE = re.compile(r"(\d\d)(\d\d)(\d\d)", re.ASCII)
_LAT = re.compile(r"(\d\d)([0-5]\d)(?:\.(\d{0,12}))?", re.ASCII)
_LON = re.compile(r"([01]\d\d)([0-5]\d)(?:\.(\d{0,12}))?", re.ASCII)
_NUMBER = re.compile(r"-?(?:\d{1,9}(?:\.\d*)?|\.\d+)", re.ASCII)


class BadFieldError(ValueError):
    """A field under a right checksum holds what no receiver can mean."""


class BadDateError(BadFieldError):
    """A date or time that does not exist: the sentence says where, but nobody can say when."""


def time_ms(text: str) -> int | None:
    """Milliseconds since midnight UTC of hhmmss[.sss]; finer digits are cut, as the wire's millisecond is."""
    if not text:
        return None
    found = _TIME.fullmatch(text)
    if found is None:
        raise BadDateError(f"time {text!r}")  # also the leap second 60: one position lost a year at most
    hours, minutes, seconds, fraction = found.groups()
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(((fraction or "") + "000")[:3])


def date_ddmmyy(text: str) -> date | None:
    """RMC's date; two-digit years from 80 on are 19xx, because GPS began in 1980."""
    if not text:
        return None
    found = _DATE.fullmatch(text)
    if found is None:
        raise BadDateError(f"date {text!r}")
    day, month, year = (int(part) for part in found.groups())
    return _day(year + (1900 if year >= 80 else 2000), month, day)


def date_of_parts(day: str, month: str, year: str) -> date | None:
    """ZDA's date, whose year has four digits."""
    if not (day and month and year):
        return None
    if not (day + month + year).isascii() or not (day + month + year).isdigit() or len(year) != 4:
        raise BadDateError(f"date {day},{month},{year}")
    return _day(int(year), int(month), int(day))


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise BadDateError(f"{year}-{month}-{day}") from error


def latitude_e7(text: str, hemisphere: str) -> int | None:
    return _angle_e7(_LAT, text, hemisphere, "N", "S", 900_000_000)


def longitude_e7(text: str, hemisphere: str) -> int | None:
    return _angle_e7(_LON, text, hemisphere, "E", "W", 1_800_000_000)


def _angle_e7(
    shape: re.Pattern[str], text: str, hemisphere: str, positive: str, negative: str, limit_e7: int
) -> int | None:
    """[d]ddmm.mmmm in whole 1e-7 degrees, in integers, rounded half up: no float stands between receiver and record."""
    if not text and not hemisphere:
        return None
    found = shape.fullmatch(text)
    if found is None or hemisphere not in (positive, negative):
        raise BadFieldError(f"coordinate {text!r} {hemisphere!r}")
    degrees, minutes, decimals = found.groups()
    decimals = decimals or ""
    scale = 60 * 10 ** len(decimals)
    value: int = int(degrees) * 10_000_000 + (2 * int(minutes + decimals) * 10_000_000 + scale) // (2 * scale)
    if value > limit_e7:
        raise BadFieldError(f"coordinate {text!r} is beyond {limit_e7 // 10_000_000} degrees")
    return value if hemisphere == positive else -value


def number(text: str, low: float, high: float) -> float | None:
    """A decimal within [low, high]."""
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise BadFieldError(f"number {text!r}")
    value = float(text)
    if not low <= value <= high:
        raise BadFieldError(f"{text} is outside {low:g}..{high:g}")
    return value


def count(text: str, high: int) -> int | None:
    """A whole number from 0 to `high`."""
    value = number(text, 0, high)
    return None if value is None else int(value)
