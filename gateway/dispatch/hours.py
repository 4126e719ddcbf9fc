"""When goods may be handed over: the hours of the premises and those of the profile. Pure: reads no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

import msgspec

from gateway.dispatch.profile import Profile

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LAST = "23:59:59.999999"


class HandingHours(msgspec.Struct, frozen=True):
    """By the premises' clock; a weekday that `by_day` does not name is closed, and without any name all are open."""

    tz: str
    by_day: Mapping[str, Sequence[str]]
    profile: Profile

    def outside(self, at: datetime) -> str | None:
        """Why nothing may be handed over at this time, in words; None: it may."""
        local = at.astimezone(ZoneInfo(self.tz))
        day = _DAYS[local.weekday()]
        if self.by_day and day not in self.by_day:
            return f"on this day ({day}) the premises hand nothing over"
        spans = [(self.by_day[day][0], self.by_day[day][1])] if self.by_day else []
        spans.append((self.profile.delivery_from or "00:00", self.profile.delivery_to or _LAST))
        for opens, closes in spans:
            ends = time.fromisoformat(_LAST if closes == "24:00" else closes)
            if not time.fromisoformat(opens) <= local.time() <= ends:
                return f"at {local:%H:%M} nothing may be handed over here, only from {opens} to {closes[:5]}"
        return None
