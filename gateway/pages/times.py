"""Times and amounts as a page says them, in a language and by the clock of a place. Reads no clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from contract.currencies import decimals_of
from gateway.pages.words import Words

# Where people tell the hours of the day from 1 to 12, whatever their language.
_TWELVE_HOURS = ("America/", "US/", "Pacific/Honolulu", "Australia/", "Canada/")


class PlaceTime:
    """Tells times by the clock of `tz`."""

    def __init__(self, tz: str, words: Words) -> None:
        self._zone = ZoneInfo(tz)
        self._words = words
        self._tz = tz

    def clock(self, at: datetime) -> str:
        """'14:05', or '2:05 PM' where people say so."""
        local = at.astimezone(self._zone)
        if not self._tz.startswith(_TWELVE_HOURS):
            return f"{local:%H:%M}"
        half = self._words("am" if local.hour < 12 else "pm")
        return f"{local.hour % 12 or 12}:{local.minute:02} {half}"

    def day(self, at: datetime) -> str:
        """'Monday, November 23'."""
        local = at.astimezone(self._zone)
        weekdays, months = self._words.texts["weekdays"], self._words.texts["months"]
        return self._words("day", weekday=weekdays[local.weekday()], month=months[local.month - 1], day=local.day)

    def date(self, at: datetime) -> str:
        """The day with its year."""
        return self._words("date", day=self.day(at), year=at.astimezone(self._zone).year)

    def moment(self, at: datetime, now: datetime) -> str:
        """The time of day, with its day when that is not today."""
        same = at.astimezone(self._zone).date() == now.astimezone(self._zone).date()
        return self.clock(at) if same else self._words("moment", day=self.day(at), clock=self.clock(at))

    def window(self, from_at: datetime, to_at: datetime, now: datetime) -> str:
        """'14:00 – 15:30', with the day when it is not today."""
        begins, ends = from_at.astimezone(self._zone).date(), to_at.astimezone(self._zone).date()
        until = self.clock(to_at) if begins == ends else self.moment(to_at, now)
        return f"{self.moment(from_at, now)} – {until}"

    def zone(self, at: datetime) -> str:
        """'Helsinki (EET, UTC+2)': whose clock it is."""
        local = at.astimezone(self._zone)
        city = self._tz.rpartition("/")[2].replace("_", " ")
        offset = local.strftime("%z")
        hours = f"UTC{offset[0]}{int(offset[1:3])}" + ("" if offset[3:5] == "00" else f":{offset[3:5]}")
        name = local.tzname() or ""
        return f"{city} ({name}, {hours})" if name.isalpha() else f"{city} ({hours})"


def amount(minor: int, currency: str | None) -> str:
    """'45.90 EUR'."""
    decimals = decimals_of(currency)
    whole = f"{minor / 10**decimals:,.{decimals}f}"
    return f"{whole} {currency}" if currency else whole
