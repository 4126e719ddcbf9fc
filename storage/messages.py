"""Messages to customers and staff as rows: put once, claimed, ended, listed. Words and sends nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.sql import literally, statement

_MOST_OF_ORDER = 1000


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Something that one person is to be told. With an outcome it was never to be sent, and the record says why."""

    id: UUID
    audience: str  # customer, staff
    kind: str
    once: str  # what it tells whom, of which episode, on which way
    channel: str  # email, sms, webhook
    recipient: str
    language: str
    body: str
    at: datetime  # when it happened, by the installation's clock
    created_at: datetime
    next_at: datetime | None
    give_up_at: datetime
    premises_id: UUID | None = None
    order_id: UUID | None = None
    trip_id: UUID | None = None
    alert_id: UUID | None = None
    contact_id: UUID | None = None
    duty_id: UUID | None = None
    sender: str | None = None
    correction: bool = False
    subject: str | None = None
    facts: dict[str, Any] = {}
    outcome: str | None = None
    because: str | None = None
    ended_at: datetime | None = None


class DueMessage(msgspec.Struct, frozen=True):
    """What may have to be sent now, and all that decides whether it still is."""

    id: UUID
    audience: str
    kind: str
    channel: str
    recipient: str
    sender: str | None
    language: str
    subject: str | None
    body: str
    at: datetime
    created_at: datetime
    give_up_at: datetime
    attempts: int  # before this one
    order_id: UUID | None
    alert_id: UUID | None
    milestone: str | None  # of the order
    test: bool
    opted_out: bool
    contact_token: str | None
    tz: str | None  # of the premises
    quiet_hours: str | None
    secret: str | None
    duty_hours: dict[str, tuple[str, str]] | None
    duty_tz: str | None
    off_the_roster: bool


class MessageRow(msgspec.Struct, frozen=True):
    """A message on record with its tries."""

    id: UUID
    kind: str
    channel: str
    recipient: str
    language: str
    correction: bool
    subject: str | None
    body: str
    at: datetime
    created_at: datetime
    next_at: datetime | None
    attempts: int
    outcome: str | None
    because: str | None
    ended_at: datetime | None
    premises: str | None
    order_no: str | None
    audience: str
    tries: list[dict[str, Any]]


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages a list is to hold; None: whichever."""

    premises_ids: list[UUID] | None = None
    message_id: UUID | None = None
    order_id: UUID | None = None
    audience: str | None = None
    state: str | None = None  # waiting, delivered, dropped, given_up
    text: str | None = None  # part of recipient, kind or order number


class ToldMessage(msgspec.Struct, frozen=True):
    """What a customer was told already."""

    kind: str
    trip_id: UUID | None
    facts: dict[str, Any]
    at: datetime


class Figures(msgspec.Struct, frozen=True):
    """What waits on one channel, since when the oldest of it is due, and what was given up lately."""

    channel: str
    waiting: int
    oldest_at: datetime | None
    given_up: int


def put_message(connection: psycopg.Connection, new: NewMessage) -> bool:
    """Whether it is new; one that was put before is left alone."""
    values = {**msgspec.structs.asdict(new), "facts": Jsonb(new.facts, dumps=msgspec.json.encode)}
    return connection.execute(statement("put_message"), values).rowcount == 1


def messages_put(connection: psycopg.Connection, once: Collection[str]) -> set[str]:
    """Which of these were put already."""
    return {found for (found,) in connection.execute(statement("messages_put"), {"once": list(once)})}


def take_due_message(connection: psycopg.Connection, channels: Sequence[str], now: datetime) -> DueMessage | None:
    """The message that waits the longest, locked until the transaction ends."""
    row = connection.execute(statement("take_due_message"), {"channels": list(channels), "now": now}).fetchone()
    return None if row is None else DueMessage(*row)


def claim_message(connection: psycopg.Connection, message_id: UUID, until: datetime) -> None:
    """A try begins; when nobody says how it ended, the next one begins at `until`."""
    connection.execute(statement("claim_message"), {"id": message_id, "until": until})


def put_message_attempt(
    connection: psycopg.Connection, message_id: UUID, at: datetime, status: int | None, said: str, took_s: float
) -> None:
    values = {"message_id": message_id, "at": at, "status": status, "said": said, "took_s": took_s}
    connection.execute(statement("put_message_attempt"), values)


def end_message(
    connection: psycopg.Connection, message_id: UUID, outcome: str, because: str | None, at: datetime
) -> None:
    values = {"id": message_id, "outcome": outcome, "because": because, "next_at": None, "ended_at": at}
    connection.execute(statement("finish_message"), values)


def put_off_message(connection: psycopg.Connection, message_id: UUID, next_at: datetime) -> None:
    values = {"id": message_id, "outcome": None, "because": None, "next_at": next_at, "ended_at": None}
    connection.execute(statement("finish_message"), values)


def drop_untried(
    connection: psycopg.Connection, because: str, now: datetime, *, order_id: UUID | None = None,
    kinds: Sequence[str] = (), alert_id: UUID | None = None, but: Sequence[str] = (),
) -> list[str]:  # fmt: skip
    """Drops what was not tried yet; the `once` of each."""
    values = {
        "because": because, "now": now, "order_id": order_id, "kinds": list(kinds), "alert_id": alert_id,
        "but": list(but),
    }  # fmt: skip
    return [once for (once,) in connection.execute(statement("drop_untried_messages"), values)]


def messages_of_order(connection: psycopg.Connection, order_id: UUID) -> list[MessageRow]:
    """What the order's customer was told, oldest first."""
    found = message_list(connection, MessageFilter(order_id=order_id, audience="customer"), most=_MOST_OF_ORDER)
    return found[::-1]


def message_list(
    connection: psycopg.Connection, wanted: MessageFilter, *, after: tuple[datetime, UUID] | None = None, most: int
) -> list[MessageRow]:
    at, message_id = after or (None, None)
    values = {
        "premises_ids": wanted.premises_ids, "id": wanted.message_id, "order_id": wanted.order_id,
        "audience": wanted.audience,
        "state": wanted.state, "pattern": _pattern(wanted.text), "after_at": at, "after_id": message_id,
        "most": most,
    }  # fmt: skip
    return [MessageRow(*row) for row in connection.execute(statement("message_list"), values, prepare=False)]


def _pattern(text: str | None) -> str | None:
    return None if text is None else f"%{literally(text)}%"


def resend_message(connection: psycopg.Connection, message_id: UUID, now: datetime, give_up_at: datetime) -> bool:
    """Whether it had ended and is on its way again."""
    values = {"id": message_id, "now": now, "give_up_at": give_up_at}
    return connection.execute(statement("resend_message"), values).rowcount == 1


def told_messages(connection: psycopg.Connection, order_id: UUID) -> list[ToldMessage]:
    """What the customer was told, or is being told, oldest first; what was dropped is not among it."""
    return [ToldMessage(*row) for row in connection.execute(statement("told_messages"), {"order_id": order_id})]


def forget_staff_messages(connection: psycopg.Connection, before: datetime) -> int:
    return connection.execute(statement("forget_staff_messages"), {"before": before}).rowcount


def outbox_figures(connection: psycopg.Connection, now: datetime, since: datetime) -> list[Figures]:
    return [Figures(*row) for row in connection.execute(statement("outbox_figures"), {"now": now, "since": since})]
