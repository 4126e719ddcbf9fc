"""Why an order's forecast says what it says, and what its customer was told, as words. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from dashboard import wording
from storage.reading_rows import ForecastRow, MessageRow

_SOURCES = {
    "street": "driving times on the street network",
    "distance": "driving times by distance, as no map is loaded",
    "learned": "driving times as this fleet has measured them",
}
_CAUSES = {
    "first": "the first that was said",
    "plan": "the plan changed",
    "drops": "the drops before it changed",
    "later": "later than was said before",
    "earlier": "earlier than was said before",
    "risk": "the late risk changed",
    "spread": "more or less sure than before",
}
_KINDS = {
    "out_for_delivery": "Out for delivery",
    "arriving_soon": "Arriving soon",
    "eta_changed": "Another time",
    "delivered": "Delivered",
    "failed": "Not handed over",
    "cancelled": "Cancelled",
    "rescheduled": "Another window",
    "taken_back": "Taken back",
}
_CHANNELS = {"email": "e-mail", "sms": "SMS", "webhook": "webhook"}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One message; `sign` is done, failed or plain."""

    title: str
    when: str
    arrived: str
    said: str
    sign: str


def because(forecast: ForecastRow, tz: ZoneInfo, now: datetime) -> str:
    """What the forecast was made of, and why it was said anew."""
    before = "it is the next drop"
    if forecast.drops_before:
        comes = "comes" if forecast.drops_before == 1 else "come"
        before = f"{wording.count_of(forecast.drops_before, 'drop')} {comes} before it"
    begins = "from the premises"
    if forecast.fixed_at is not None:
        age = wording.age((now - forecast.fixed_at).total_seconds())
        begins = f"from the fix at {wording.time_to_the_second(forecast.fixed_at, tz)}, {age}"
    since = f"said since {wording.time_of_day(forecast.published_at, tz, now)}"
    if forecast.cause is not None:
        since += f": {_CAUSES.get(forecast.cause, forecast.cause)}"
    return " · ".join([before, _SOURCES.get(forecast.source, forecast.source), begins, since])


def told(messages: Sequence[MessageRow], tz: ZoneInfo, now: datetime) -> list[Told]:
    """Every message in order of time: what of, when, to whom, whether it arrived, and its very words."""
    return [
        Told(
            title=_KINDS.get(row.kind, row.kind) + (" (correction)" if row.correction else ""),
            when=wording.moment(row.at, tz, now),
            arrived=f"{_CHANNELS.get(row.channel, row.channel)} to {row.recipient}: {_outcome(row)}",
            said="\n\n".join(filter(None, [row.subject, row.body])),
            sign={"delivered": "done", None: "plain"}.get(row.outcome, "failed"),
        )
        for row in messages
    ]


def _outcome(row: MessageRow) -> str:
    why = f": {row.because}" if row.because else ""
    tries = wording.count_of(row.attempts, "attempt")
    if row.outcome == "delivered":
        return "delivered to the mail server" if row.channel == "email" else "delivered"
    if row.outcome == "dropped":
        return f"not sent{why}"
    if row.outcome == "given_up":
        return f"given up after {tries}{why}"
    return f"on its way, {tries} so far" if row.attempts else "on its way"
