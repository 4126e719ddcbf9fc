"""Webhook endpoints: made, changed, rotated, disabled, deleted, each with its audit event. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from gateway.outbox.sending import RefusedAddressError, check_url
from gateway.outbox.signing import new_secret
from gateway.refusals import NotThereError, RefusedError
from storage import webhooks as rows
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.webhooks import NewDelivery, Webhook

OVERLAP = timedelta(hours=24)  # how long an old secret signs beside the new one
TEST_TYPE = "waybill.test"


def add_webhook(
    connection: psycopg.Connection, url: str, types: Sequence[str] | None, *, premises_id: UUID | None, test: bool,
    allow_private: bool, actor: Actor, at: datetime,
) -> tuple[Webhook, str]:  # fmt: skip
    """A new endpoint and its secret."""
    _check(url, allow_private=allow_private)
    now, secret = true_now(), new_secret()
    listed = None if types is None else list(types)
    webhook = Webhook(
        new_id(now), premises_id, None, url, listed, test, now, f"{actor.kind} {actor.name}", None, None, None, 0
    )
    rows.put_webhook(connection, webhook, secret)
    _record(connection, "webhook.added", webhook, actor, at, {"url": url, "types": listed, "test": test})
    return webhook, secret


def find_webhook(connection: psycopg.Connection, webhook_id: UUID) -> Webhook:
    found = rows.webhooks(connection, webhook_id)
    if not found:
        raise NotThereError(f"there is no webhook {webhook_id}")
    return found[0]


def change_webhook(
    connection: psycopg.Connection, webhook: Webhook, url: str, types: Sequence[str] | None, *, allow_private: bool,
    actor: Actor, at: datetime,
) -> None:  # fmt: skip
    _check(url, allow_private=allow_private)
    rows.change_webhook(connection, webhook.id, url, types)
    before = {"url": webhook.url, "types": webhook.types}
    after = {"url": url, "types": None if types is None else list(types)}
    _record(connection, "webhook.changed", webhook, actor, at, after, before)


def rotate_secret(connection: psycopg.Connection, webhook: Webhook, *, actor: Actor, at: datetime) -> str:
    """A new secret; the old one signs too for a day."""
    secret, until = new_secret(), true_now() + OVERLAP
    rows.rotate_webhook(connection, webhook.id, secret, until)
    _record(connection, "webhook.rotated", webhook, actor, at, {"old_secret_until": until})
    return secret


def turn_webhook(connection: psycopg.Connection, webhook: Webhook, *, on: bool, actor: Actor, at: datetime) -> None:
    """Disables, or enables again; what waits goes out then."""
    if on:
        rows.enable_webhook(connection, webhook.id)
    else:
        rows.disable_webhook(connection, webhook.id, true_now(), f"by {actor.name}")
    _record(connection, "webhook.enabled" if on else "webhook.disabled", webhook, actor, at, {"url": webhook.url})


def delete_webhook(connection: psycopg.Connection, webhook: Webhook, *, actor: Actor, at: datetime) -> None:
    rows.delete_webhook(connection, webhook.id)
    _record(connection, "webhook.deleted", webhook, actor, at, {"url": webhook.url, "types": webhook.types})


def send_test(connection: psycopg.Connection, webhook: Webhook, *, actor: Actor, at: datetime) -> UUID:
    """Puts a test event on its way; the delivery's id."""
    now = true_now()
    body = msgspec.json.encode({"type": TEST_TYPE, "timestamp": now, "data": {"asked_for_by": actor.name}}).decode()
    delivery = NewDelivery(
        id=new_id(now), webhook_id=webhook.id, event_id=new_id(now), type=TEST_TYPE, body=body, created_at=now
    )
    rows.put_deliveries(connection, [delivery])
    _record(connection, "webhook.tested", webhook, actor, at, {"delivery": str(delivery.id)})
    return delivery.id


def replay(
    connection: psycopg.Connection, webhook: Webhook, *, delivery_id: UUID | None, since: datetime | None, actor: Actor,
    at: datetime,
) -> int:  # fmt: skip
    """Sends one delivery again, or all that never arrived since then; how many."""
    count = rows.replay_deliveries(connection, webhook.id, true_now(), delivery_id=delivery_id, since=since)
    if delivery_id is not None and count == 0:
        raise NotThereError(f"this webhook has no delivery {delivery_id}")
    after = {"deliveries": count, "delivery": delivery_id, "since": since}
    _record(connection, "webhook.replayed", webhook, actor, at, after)
    return count


def _check(url: str, *, allow_private: bool) -> None:
    try:
        check_url(url, allow_private=allow_private)
    except RefusedAddressError as error:
        raise RefusedError(str(error), field="body.url") from error


def _record(
    connection: psycopg.Connection, action: str, webhook: Webhook, actor: Actor, at: datetime,
    after: Mapping[str, object], before: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="webhook", object_id=str(webhook.id),
        premises_id=webhook.premises_id, before=before, after=after,
    )  # fmt: skip
    record(connection, [event])
