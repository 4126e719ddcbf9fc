"""Instants as people type them: RFC 3339 with an offset, or relative to now. Guesses no time zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from contract.times import parse_instant
from waybill.invocation import CommandError

FORMS = "2026-11-23T09:00:00Z or …+02:00, now, '2 hours ago' (seconds, minutes, hours, days)"
_AGO = re.compile(r"(\d{1,6}) ?(s|m|h|d|seconds?|minutes?|hours?|days?) ago")
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def instant(text: str, now: datetime, what: str) -> datetime:
    """The instant that `text` means when it is `now`; a time without an offset is refused."""
    words = text.strip().lower()
    if words == "now":
        return now
    if found := _AGO.fullmatch(words):
        return now - int(found[1]) * _UNITS[found[2][0]]
    try:
        return parse_instant(text.strip())
    except ValueError as error:
        raise CommandError(f"{what}: {error}. Allowed: {FORMS}") from error
