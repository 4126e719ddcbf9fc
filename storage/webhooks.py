"""Webhook endpoints, deliveries and attempts as rows. Signs and sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from storage.sql import statement


class Webhook(msgspec.Struct, frozen=True):
    """An endpoint without its secrets."""

    id: UUID
    premises_id: UUID | None
    premises: str | None
    url: str
    types: list[str] | None
    test: bool
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    disabled_because: str | None
    old_secret_until: datetime | None
    waiting: int


class Listener(msgspec.Struct, frozen=True):
    """An endpoint and the place in the feed up to which it was told."""

    id: UUID
    premises_id: UUID | None
    types: list[str] | None
    test: bool
    told_by: str
    told_id: UUID


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    type: str
    body: str
    created_at: datetime


class DueDelivery(msgspec.Struct, frozen=True):
    """What has to be sent now, and with which secrets."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    body: str
    attempts: int
    url: str
    secret: str
    old_secret: str | None


class Attempt(msgspec.Struct, frozen=True):
    """One try; status None: no answer."""

    at: datetime
    status: int | None
    said: str
    took_s: float


class DeliveryRow(msgspec.Struct, frozen=True):
    """A delivery with its tries; next_at None: nothing more is tried."""

    id: UUID
    event_id: UUID
    type: str
    body: str
    created_at: datetime
    next_at: datetime | None
    attempts: int
    delivered_at: datetime | None
    tries: list[dict[str, Any]]


def put_webhook(connection: psycopg.Connection, webhook: Webhook, secret: str) -> None:
    connection.execute(statement("put_webhook"), {**msgspec.structs.asdict(webhook), "secret": secret})


def webhooks(connection: psycopg.Connection, webhook_id: UUID | None = None) -> list[Webhook]:
    """Endpoints, newest first; the one with this id."""
    return [Webhook(*row) for row in connection.execute(statement("webhooks"), {"id": webhook_id})]


def change_webhook(connection: psycopg.Connection, webhook_id: UUID, url: str, types: Sequence[str] | None) -> None:
    values = {"id": webhook_id, "url": url, "types": None if types is None else list(types)}
    connection.execute(statement("change_webhook"), values)


def rotate_webhook(connection: psycopg.Connection, webhook_id: UUID, secret: str, until: datetime) -> None:
    connection.execute(statement("rotate_webhook"), {"id": webhook_id, "secret": secret, "until": until})


def disable_webhook(connection: psycopg.Connection, webhook_id: UUID, at: datetime, because: str) -> None:
    connection.execute(statement("disable_webhook"), {"id": webhook_id, "at": at, "because": because})


def enable_webhook(connection: psycopg.Connection, webhook_id: UUID) -> None:
    connection.execute(statement("enable_webhook"), {"id": webhook_id})


def delete_webhook(connection: psycopg.Connection, webhook_id: UUID) -> None:
    connection.execute(statement("delete_webhook_deliveries"), {"id": webhook_id})
    connection.execute(statement("delete_webhook"), {"id": webhook_id})


def lock_listeners(connection: psycopg.Connection) -> list[Listener]:
    """Every endpoint, locked until the transaction ends."""
    return [Listener(*row) for row in connection.execute(statement("lock_webhooks_to_tell"))]


def put_deliveries(connection: psycopg.Connection, deliveries: Sequence[NewDelivery]) -> None:
    with connection.cursor() as cursor:
        rows = [msgspec.structs.asdict(one) for one in deliveries]
        cursor.executemany(statement("put_webhook_delivery"), rows)


def listener_told(connection: psycopg.Connection, webhook_id: UUID, told_by: str, told_id: UUID) -> None:
    connection.execute(statement("webhook_told"), {"id": webhook_id, "told_by": told_by, "told_id": told_id})


def claim_due_delivery(
    connection: psycopg.Connection, now: datetime, until: datetime, busy: Sequence[UUID] = ()
) -> DueDelivery | None:
    """What has to be sent now, to none of the `busy` endpoints; nobody else gets it before `until`."""
    with connection.transaction():
        row = connection.execute(statement("take_due_delivery"), {"now": now, "busy": list(busy)}).fetchone()
        if row is None:
            return None
        connection.execute(statement("claim_delivery"), {"id": row[0], "next_at": until})
    return DueDelivery(*row)


def finish_delivery(
    connection: psycopg.Connection, delivery_id: UUID, attempt: Attempt, *, delivered: bool, next_at: datetime | None
) -> None:
    """Keeps what became of a try, and when the next one is due (None: never)."""
    connection.execute(
        statement("put_webhook_attempt"), {"delivery_id": delivery_id, **msgspec.structs.asdict(attempt)}
    )
    values = {"id": delivery_id, "delivered_at": attempt.at if delivered else None, "next_at": next_at}
    connection.execute(statement("finish_delivery"), values)


def webhook_deliveries(
    connection: psycopg.Connection, webhook_id: UUID, *, failed: bool, after: tuple[datetime, UUID] | None, most: int
) -> list[DeliveryRow]:
    """What was sent, newest first; with `failed` what was tried and did not arrive."""
    at, delivery_id = after or (None, None)
    values = {"webhook_id": webhook_id, "failed": failed, "after_at": at, "after_id": delivery_id, "most": most}
    return [DeliveryRow(*row) for row in connection.execute(statement("webhook_deliveries"), values)]


def replay_deliveries(
    connection: psycopg.Connection, webhook_id: UUID, now: datetime, *, delivery_id: UUID | None = None,
    since: datetime | None = None,
) -> int:  # fmt: skip
    """Sends one delivery again, or all since then that never arrived; how many."""
    values = {"webhook_id": webhook_id, "now": now, "id": delivery_id, "since": since}
    return connection.execute(statement("replay_deliveries"), values).rowcount


def forget_deliveries(connection: psycopg.Connection, before: datetime) -> int:
    return connection.execute(statement("forget_webhook_deliveries"), {"before": before}).rowcount
