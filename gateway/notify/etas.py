"""From forecasts to what customers are told: the van is next and near, or comes at another time than was said."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec
import psycopg

from contract.clock import Clock
from gateway.notify.guarding import Unsaid, guarded
from gateway.notify.profile_age import age_of
from gateway.notify.saying import NotifyOptions, Saying, say
from gateway.notify.templates import Texts
from gateway.outbox.kinds import Kind
from storage.telling import ForecastToTell, forecasts_to_tell, is_far_yet, order_to_tell

# Forecasts are computed again within a minute; an older one is of a van that nothing is known of.
_FRESH = timedelta(minutes=3)


def tell_etas(connection: psycopg.Connection, texts: Texts, options: NotifyOptions, clock: Clock) -> int:
    """How many messages are new. Each in a transaction of its own, over a connection with autocommit."""
    if not options.channels:
        return 0
    now, made = clock.now(), 0
    found = forecasts_to_tell(
        connection, soon_before=now + options.soon, fresh_since=now - _FRESH, threshold=options.eta_change,
        channels=options.channels,
    )  # fmt: skip
    for one in found:
        saying = _saying(one, now)
        if saying.kind in options.kinds:
            made += guarded(
                connection, partial(_tell, connection, texts, options, one.order_id, saying), _unsaid(one, saying)
            )
    return made


def _saying(found: ForecastToTell, now: datetime) -> Saying:
    if found.soon:
        # The same episode as of the milestone: whichever comes first is told.
        return Saying(
            kind=Kind.ARRIVING_SOON, episode=str(found.trip_id), at=now, trip_id=found.trip_id, eta_at=found.p50_at
        )
    episode = f"{found.trip_id} {found.p50_at.isoformat()}"
    return Saying(kind=Kind.ETA_CHANGED, episode=episode, at=now, trip_id=found.trip_id, eta_at=found.p50_at)


def _tell(connection: psycopg.Connection, texts: Texts, options: NotifyOptions, order_id: UUID, saying: Saying) -> int:
    order = order_to_tell(connection, order_id)
    if order is None:
        return 0
    if saying.kind is Kind.ARRIVING_SOON:
        saying = msgspec.structs.replace(saying, age=age_of(connection, order))
    return say(connection, texts, options, order, saying)


def _unsaid(found: ForecastToTell, saying: Saying) -> Unsaid:
    """With what it would have named: else the same forecast came back every second."""
    return Unsaid(
        kind=saying.kind, once=f"{found.order_id} {saying.kind} {saying.episode}", order_id=found.order_id,
        at=saying.at, trip_id=found.trip_id, facts={"eta_at": found.p50_at},
    )  # fmt: skip


def is_not_next_yet(connection: psycopg.Connection, order_id: UUID, options: NotifyOptions, now: datetime) -> bool:
    """Whether the van only drives by: near by distance, but other doors come first. The forecast tells it then."""
    return is_far_yet(connection, order_id, fresh_since=now - _FRESH, soon_before=now + options.soon)
