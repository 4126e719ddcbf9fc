"""From what happened to orders to what their customers are told. Reads the feed as order systems do; words nothing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import psycopg

from contract.clock import Clock, true_now
from gateway.notify.etas import is_not_next_yet
from gateway.notify.guarding import Unsaid, guarded
from gateway.notify.profile_age import age_of
from gateway.notify.saying import GIVE_UP, NotifyOptions, Saying, say
from gateway.notify.templates import Texts
from gateway.outbox.kinds import OF_MILESTONE, Kind
from storage.events import Event, events_after
from storage.messages import drop_untried, told_messages
from storage.order_reads import Reader
from storage.telling import OrderToTell, feed_reader_place, feed_reader_read, order_to_tell

READER = "customers"
_MOST_EVENTS = 500
_REAL = Reader(None, test=False)
_TYPES = (*(f"order.{milestone}" for milestone in OF_MILESTONE), "order.changed", "order.corrected")
# They belong to a journey: another trip with the same order tells them again.
_OF_A_TRIP = frozenset({Kind.OUT_FOR_DELIVERY, Kind.ARRIVING_SOON})


def tell_customers(connection: psycopg.Connection, texts: Texts, options: NotifyOptions, clock: Clock) -> int:
    """Makes messages of every event since the last time, in one transaction with the place in the feed; how many."""
    with connection.transaction():
        place = feed_reader_place(connection, READER, true_now())
        if place is None:
            return 0
        events = events_after(connection, _REAL, types=_TYPES, after=place, most=_MOST_EVENTS)
        made = sum(_tell_one(connection, texts, options, event, clock.now()) for event in events)
        if events:
            feed_reader_read(connection, READER, events[-1].written_by, events[-1].id)
    return made


def _tell_one(connection: psycopg.Connection, texts: Texts, options: NotifyOptions, event: Event, now: datetime) -> int:
    return guarded(
        connection, lambda: tell_event(connection, texts, options, event, now),
        Unsaid(kind=event.type, once=f"event {event.id}", order_id=event.order_id, at=event.at),
    )  # fmt: skip


def tell_event(
    connection: psycopg.Connection, texts: Texts, options: NotifyOptions, event: Event, now: datetime
) -> int:
    """How many messages this event makes. One of long ago makes none: nobody is told what they know."""
    order = None if event.order_id is None else order_to_tell(connection, event.order_id)
    if order is None or event.at < now - GIVE_UP:
        return 0
    if event.type == f"order.{Kind.ARRIVING_SOON}" and is_not_next_yet(connection, order.id, options, now):
        return 0
    saying = _saying(connection, order, event, now)
    return 0 if saying is None else say(connection, texts, options, order, saying)


def _saying(connection: psycopg.Connection, order: OrderToTell, event: Event, now: datetime) -> Saying | None:
    if event.type == "order.changed":
        changed = event.body.get("changed") or []
        if not {"window_from", "window_to"} & set(changed):
            return None
        window = f"{order.window_from.isoformat()} {order.window_to.isoformat()}"
        return Saying(kind=Kind.RESCHEDULED, episode=f"{event.id} {window}", at=event.at)
    if event.type == "order.corrected":
        return _correction(connection, order, event, now)
    kind = OF_MILESTONE[event.type.removeprefix("order.")]
    trip_id = event.trip_id or order.trip_id
    return Saying(
        kind=kind, episode=_episode(kind, trip_id, event), at=event.at, trip_id=trip_id,
        reason_code=event.body.get("reason_code"), age=age_of(connection, order) if kind in _OF_A_TRIP else None,
    )  # fmt: skip


def _episode(kind: Kind, trip_id: UUID | None, event: Event) -> str:
    """Told once for a journey, each failed attempt once, the rest once for the order: however often it is recorded."""
    if kind in _OF_A_TRIP:
        return str(trip_id)
    return str(event.id) if kind is Kind.FAILED else "once"


def _correction(connection: psycopg.Connection, order: OrderToTell, event: Event, now: datetime) -> Saying | None:
    """Told only of what the customer was told: it did not happen, or it did after all."""
    kind = OF_MILESTONE.get(str(event.body.get("milestone")))
    if kind is None:
        return None
    if event.body.get("withdrawn"):
        # What was not said yet is simply not said.
        drop_untried(connection, "it did not happen", true_now(), order_id=order.id, kinds=[kind])
    told = told_messages(connection, order.id)
    of_this = [one for one in told if one.kind == kind and one.trip_id == event.trip_id]
    taken_back = [one for one in told if one.kind == Kind.TAKEN_BACK and one.trip_id == event.trip_id]
    if event.body.get("withdrawn"):
        if not of_this:
            return None
        return Saying(
            kind=Kind.TAKEN_BACK, episode=str(event.id), at=now, trip_id=event.trip_id, correction=True,
            told_at=of_this[-1].at,
        )  # fmt: skip
    if not taken_back or kind not in _OF_A_TRIP:
        return None
    return Saying(
        kind=kind, episode=f"{event.trip_id} again {event.id}", at=event.at, trip_id=event.trip_id, correction=True,
        age=age_of(connection, order),
    )  # fmt: skip
