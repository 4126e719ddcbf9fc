"""When a webhook or a message that did not arrive is tried again. Waits for nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

# Standard Webhooks' schedule: the wait before each try after the first, which is made at once.
WAITS = tuple(timedelta(seconds=s) for s in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600))
# A message to a person: greylisting servers want 5 minutes; the last wait counts until it is given up.
MESSAGE_WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120))
# While a way is down each try finds it so; the first message after it is up again finds that too.
DOWN_WAIT = timedelta(seconds=60)
MOST_WAIT = timedelta(hours=24)  # a receiver that asks for more than a day is not waited for that long


def next_try(attempts: int, now: datetime, retry_after: str | None) -> datetime | None:
    """When to try again after `attempts` tries without success; None: never. Retry-After only makes it later."""
    if attempts > len(WAITS):
        return None
    due = now + WAITS[attempts - 1]
    asked = _asked(retry_after, now)
    return due if asked is None else max(due, min(asked, now + MOST_WAIT))


def next_message_try(attempts: int, now: datetime, retry_after: str | None) -> datetime:
    """When to try a message again after `attempts` tries without success; whether at all, its end decides."""
    due = now + MESSAGE_WAITS[min(attempts, len(MESSAGE_WAITS)) - 1]
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
