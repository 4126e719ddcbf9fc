"""Replaces an order's link for its customer by another one, with its audit event. Sends it to nobody."""

from __future__ import annotations

from datetime import datetime

import psycopg

from storage.audit import Actor, AuditEvent, record
from storage.customer import renew_tracking_token
from storage.events import put_event
from storage.orders import OrderHead


def renew_link(connection: psycopg.Connection, head: OrderHead, actor: Actor, at: datetime, reason: str) -> str:
    """The new token; the old link leads nowhere from the commit on. Neither token is written down."""
    token = renew_tracking_token(connection, head.id)
    event = AuditEvent(
        at=at, actor=actor, action="order.link_renewed", object_kind="order", object_id=str(head.id),
        premises_id=head.premises_id, reason=reason,
    )  # fmt: skip
    record(connection, [event])
    body = {"order_no": head.order_no, "source_ref": head.source_ref, "changed": ["tracking_url"]}
    put_event(connection, "order.changed", at, head.premises_id, body, order_id=head.id, test=head.test)
    return token
