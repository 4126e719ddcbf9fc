"""When a webhook that did not arrive is tried again. Waits for nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

# Standard Webhooks' schedule: the wait before each try after the first, which is made at once.
WAITS = tuple(timedelta(seconds=s) for s in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600))
MOST_WAIT = timedelta(hours=24)  # a receiver that asks for more than a day is not waited for that long


def next_try(attempts: int, now: datetime, retry_after: str | None) -> datetime | None:
    """When to try again after `attempts` tries without success; None: never. Retry-After only makes it later."""
    if attempts > len(WAITS):
        return None
    due = now + WAITS[attempts - 1]
    asked = _asked(retry_after, now)
    return due if asked is None else max(due, min(asked, now + MOST_WAIT))


def _asked(retry_after: str | None, now: datetime) -> datetime | None:
    """The time that a Retry-After header names: seconds or a date (RFC 9110, 10.2.3)."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return now + timedelta(seconds=int(text))
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
