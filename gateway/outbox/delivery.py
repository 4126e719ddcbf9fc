"""From events to webhooks: makes deliveries of the feed, sends what is due, tries again. Knows no order."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from gateway.outbox.retries import next_try
from gateway.outbox.sending import TIMEOUT_S, Answer, post
from gateway.outbox.signing import signed_headers
from storage.events import Event, events_after
from storage.ids import new_id
from storage.order_reads import Reader
from storage.webhooks import (
    Attempt,
    DueDelivery,
    Listener,
    NewDelivery,
    claim_due_delivery,
    disable_webhook,
    finish_delivery,
    listener_told,
    lock_listeners,
    put_deliveries,
)

log = logging.getLogger(__name__)

_MOST_EVENTS = 500  # of one endpoint in one transaction
_MOST_SENT = 200  # in one run; then the others' jobs come first again
# Longer than a try can take: if the worker is killed in the middle, another one sends it again then.
_CLAIM = timedelta(seconds=4 * TIMEOUT_S)

Send = Callable[[str, bytes, dict[str, str]], Answer]


def sender(*, allow_private: bool) -> Send:
    """What sends over the network."""
    return lambda url, body, headers: post(url, body, headers, allow_private=allow_private)


def tell(connection: psycopg.Connection) -> int:
    """Makes a delivery of every event that an endpoint has not been told of; how many. In one transaction."""
    made = 0
    with connection.transaction():
        for listener in lock_listeners(connection):
            made += _tell_one(connection, listener)
    return made


def _tell_one(connection: psycopg.Connection, listener: Listener) -> int:
    reader = Reader(None if listener.premises_id is None else [listener.premises_id], listener.test)
    place = (listener.told_by, listener.told_id)
    events = events_after(connection, reader, types=listener.types, after=place, most=_MOST_EVENTS)
    now = true_now()
    ids = sorted(new_id(now) for _ in events)  # what is due at one time is sent in the order of its ids
    put_deliveries(
        connection,
        [
            NewDelivery(
                id=delivery_id, webhook_id=listener.id, event_id=event.id, type=event.type, body=_body(event),
                created_at=now,
            )
            for delivery_id, event in zip(ids, events, strict=True)
        ],
    )  # fmt: skip
    if events:
        listener_told(connection, listener.id, events[-1].written_by, events[-1].id)
    return len(events)


def _body(event: Event) -> str:
    data = {"order_id": event.order_id, "trip_id": event.trip_id, "premises": event.premises, **event.body}
    told = {name: value for name, value in data.items() if value is not None}
    return msgspec.json.encode({"type": event.type, "timestamp": event.at, "data": told}).decode()


def send_due(connection: psycopg.Connection, send: Send) -> int:
    """Sends what is due; how many tries. An endpoint that failed in this run does not hold up the others."""
    failing: set[UUID] = set()
    for number in range(_MOST_SENT):
        now = true_now()
        due = claim_due_delivery(connection, now, now + _CLAIM, list(failing))
        if due is None:
            return number
        if not _try(connection, due, send):
            failing.add(due.webhook_id)
    return _MOST_SENT


def _try(connection: psycopg.Connection, due: DueDelivery, send: Send) -> bool:
    at = true_now()
    secrets = [due.secret] if due.old_secret is None else [due.secret, due.old_secret]
    headers = signed_headers(secrets, str(due.event_id), int(at.timestamp()), due.body)
    answer = send(due.url, due.body.encode(), headers)
    next_at = None if answer.is_success else next_try(due.attempts + 1, true_now(), answer.retry_after)
    attempt = Attempt(at, answer.status, answer.said.replace("\x00", "\\0"), answer.took_s)
    with connection.transaction():
        finish_delivery(connection, due.id, attempt, delivered=answer.is_success, next_at=next_at)
        if answer.status == HTTPStatus.GONE:
            # Standard Webhooks: the receiver does not want to be told any more.
            disable_webhook(connection, due.webhook_id, at, "it answered 410 Gone")
    if not answer.is_success:
        extra = {"action": "webhook_failed", "webhook": str(due.webhook_id), "status": answer.status}
        log.warning("webhook not delivered%s", "" if next_at else ", given up", extra=extra)
    return answer.is_success
