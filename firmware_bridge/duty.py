"""Whether a vehicle is on duty at an instant: a switch, or hours of the week. Reads no clock and drops nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from contract.commands import Day, DutyHours, UnitSettings, given

_DAYS = get_args(Day)  # from Monday on, as datetime.weekday counts


class UnknownZoneError(ValueError):
    """This unit does not know it. Names are like Europe/Helsinki; else install Debian's package tzdata."""


class Duty:
    """The switch decides when it is set, else the hours; without either the vehicle is always on duty."""

    def __init__(self, settings: UnitSettings) -> None:
        said = given(settings)
        self._switch: bool | None = said.get("off_duty")
        self._hours: DutyHours | None = said.get("duty_hours")
        self._zone = None if self._hours is None else _zone(self._hours.time_zone)

    def is_off(self, at: datetime) -> bool:
        if self._switch is not None:
            return self._switch
        if self._hours is None:
            return False
        return not _within(self._hours, at.astimezone(self._zone))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # a folder of zones, ../ in the name, no such zone
        raise UnknownZoneError(f"time zone {name!r}: {UnknownZoneError.__doc__}") from error


def _within(hours: DutyHours, local: datetime) -> bool:
    """By wall time, so that a shift ends at 21:00 also on the day when the clocks change."""
    time = f"{local:%H:%M}"
    today, yesterday = _DAYS[local.weekday()], _DAYS[(local - timedelta(days=1)).weekday()]
    for begins, ends in hours.week.get(today, []):
        if begins <= time and (time < ends or ends <= begins):
            return True
    return any(time < ends <= begins for begins, ends in hours.week.get(yesterday, []))
