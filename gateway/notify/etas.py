"""From forecasts to what customers are told: the van is next and near, or comes at another time than was said."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from contract.clock import Clock
from gateway.notify.profile_age import age_of
from gateway.notify.saying import NotifyOptions, Saying, say
from gateway.notify.templates import Texts
from gateway.outbox.kinds import Kind
from storage.telling import forecasts_to_tell, is_far_yet, order_to_tell

# Forecasts are computed again within a minute; an older one is of a van that nothing is known of.
_FRESH = timedelta(minutes=3)


def tell_etas(connection: psycopg.Connection, texts: Texts, options: NotifyOptions, clock: Clock) -> int:
    """How many messages are new. Each in a transaction of its own, over a connection with autocommit."""
    now, made = clock.now(), 0
    found = forecasts_to_tell(
        connection, soon_before=now + options.soon, fresh_since=now - _FRESH, threshold=options.eta_change
    )
    for one in found:
        with connection.transaction():
            order = order_to_tell(connection, one.order_id)
            if order is None:
                continue
            if one.soon:
                # The same episode as of the milestone: whichever comes first is told.
                saying = Saying(
                    kind=Kind.ARRIVING_SOON, episode=str(one.trip_id), at=now, trip_id=one.trip_id,
                    eta_at=one.p50_at, age=age_of(connection, order, now),
                )  # fmt: skip
            else:
                episode = f"{one.trip_id} {one.p50_at.isoformat()}"
                saying = Saying(
                    kind=Kind.ETA_CHANGED, episode=episode, at=now, trip_id=one.trip_id, eta_at=one.p50_at
                )  # fmt: skip
            made += say(connection, texts, options, order, saying)
    return made


def is_not_next_yet(connection: psycopg.Connection, order_id: UUID, options: NotifyOptions, now: datetime) -> bool:
    """Whether the van only drives by: near by distance, but other doors come first. The forecast tells it then."""
    return is_far_yet(connection, order_id, fresh_since=now - _FRESH, soon_before=now + options.soon)
