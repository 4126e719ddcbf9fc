"""When a customer may expect the van: as it is forecast now, else as it was promised. Forecasts nothing itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from gateway.customer.van import is_under_way
from gateway.pages.times import PlaceTime
from gateway.pages.words import Words
from storage.customer import CustomerOrder

# People plan by five minutes, and a time that changes by less would make the page restless.
_STEP = timedelta(minutes=5)
# The worker finds every 30 s at the latest that a forecast still stands; ten minutes later nobody does so any more.
_FRESH = timedelta(minutes=10)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Expected(msgspec.Struct, frozen=True):
    """In words: when the van is expected, what was promised when that is another time, and whether it is later."""

    says: str
    promised: str | None
    late: bool


def expected_of(order: CustomerOrder, words: Words, times: PlaceTime, now: datetime, rate: float = 1.0) -> Expected:
    """What is forecast counts while the order is on the road, and before that when it will be late."""
    promised = times.window(order.window_from, order.window_to, now)
    if order.p50_at is None or order.p90_at is None or order.computed_at is None:
        return Expected(promised, None, now > order.window_to)
    late = order.p50_at > order.window_to or now > order.window_to
    if now - order.computed_at > _FRESH * max(1.0, rate) or not (late or is_under_way(order)):
        return Expected(promised, None, now > order.window_to)
    # As far before the middle as nine in ten come after it: about one in ten comes earlier still.
    earliest = max(_floor(order.p50_at - (order.p90_at - order.p50_at)), now)
    latest = _floor(order.p90_at + _STEP - timedelta(microseconds=1))
    says = words("any_minute") if latest <= now + _STEP else times.window(_floor(earliest), latest, now)
    return Expected(says, words("promised", window=promised), late)


def _floor(at: datetime) -> datetime:
    return at - (at - _EPOCH) % _STEP
