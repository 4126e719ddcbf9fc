"""Puts a message to a customer into words and on its way. Decides neither when nor whether one is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from gateway.notify.contacts import spelled
from gateway.notify.templates import Texts, fill
from gateway.notify.words import time_said, window_said, words_of
from gateway.outbox.kinds import NEWEST_COUNTS, Kind
from gateway.outbox.ways import opt_out_url
from gateway.refusals import ConflictError
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.messages import MessageRow, NewMessage, drop_untried, put_message, resend_message
from storage.telling import Contact, OrderToTell, take_contact

# What could not be said for so long is news no more; whoever wants it said all the same sends it again.
GIVE_UP = timedelta(days=3)


class NotifyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which customers are told, of what, and on which ways."""

    kinds: frozenset[Kind] = frozenset(Kind)
    channels: tuple[str, ...] = ()  # that are set up, the one that is tried first before the other
    every_channel: bool = False  # both, instead of the first one that an order has an address for
    public_url: str | None = None
    soon: timedelta = timedelta(minutes=10)  # arriving_soon: the drop is next, and the van is there within this
    eta_change: timedelta = timedelta(minutes=20)  # by which an expected time must change to be told


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said; the episode tells it from the next one of its kind."""

    kind: Kind
    episode: str
    at: datetime
    trip_id: UUID | None = None
    correction: bool = False
    eta_at: datetime | None = None
    told_at: datetime | None = None
    reason_code: str | None = None
    age: int | None = None  # that the ID has to show


def say(
    connection: psycopg.Connection, texts: Texts, options: NotifyOptions, order: OrderToTell, saying: Saying
) -> int:
    """How many messages are new: one for each way on which the customer is told."""
    if order.test or saying.kind not in options.kinds:
        return 0
    made: list[NewMessage] = []
    for channel, address in _addresses(order, options):
        made.append(_message(connection, texts, options, order, saying, channel, address))
        if made[-1].outcome is None and not options.every_channel:
            break
    new = [one for one in made if put_message(connection, one)]
    if new and saying.kind in NEWEST_COUNTS:
        drop_untried(
            connection, "a newer one says it all", true_now(), order_id=order.id, kinds=[saying.kind],
            but=[one.once for one in made],
        )  # fmt: skip
    return len(new)


def _addresses(order: OrderToTell, options: NotifyOptions) -> list[tuple[str, str]]:
    known = {"email": order.customer_email, "sms": order.customer_phone}
    return [(channel, address) for channel in options.channels if (address := known[channel])]


def _message(
    connection: psycopg.Connection, texts: Texts, options: NotifyOptions, order: OrderToTell, saying: Saying,
    channel: str, address: str,
) -> NewMessage:  # fmt: skip
    now = true_now()
    spelling = spelled(channel, address)
    contact = None if spelling is None else take_contact(connection, channel, spelling, now)
    language, text = texts.of(saying.kind, order.customer_language, order.shop_language)
    values = values_of(options, order, saying, language, None if contact is None else contact.token)
    prefix = f"{words_of(language).correction}: " if saying.correction else ""
    body = fill(text.body if channel == "email" else text.sms, values)
    because = _why_not(channel, address, contact)
    return NewMessage(
        id=new_id(now), premises_id=order.premises_id, audience="customer", kind=saying.kind,
        once=f"{order.id} {saying.kind} {saying.episode} {channel}", order_id=order.id, trip_id=saying.trip_id,
        contact_id=None if contact is None else contact.id, channel=channel,
        recipient=address.strip() if channel == "email" or spelling is None else spelling, sender=order.shop,
        language=language, correction=saying.correction,
        subject=prefix + fill(text.subject, values) if channel == "email" else None, body=prefix + body,
        facts=_facts(saying), at=saying.at, created_at=now, give_up_at=now + GIVE_UP,
        next_at=now if because is None else None, outcome=None if because is None else "dropped", because=because,
        ended_at=None if because is None else now,
    )  # fmt: skip


def _why_not(channel: str, address: str, contact: Contact | None) -> str | None:
    if contact is None:
        return f"{address!r} is no {channel} address"
    return None if contact.opted_out_at is None else "the customer does not want to be told"


def _facts(saying: Saying) -> dict[str, Any]:
    facts = {"eta_at": saying.eta_at, "told_at": saying.told_at, "reason_code": saying.reason_code}
    return {name: value for name, value in facts.items() if value is not None}


def values_of(
    options: NotifyOptions, order: OrderToTell, saying: Saying, language: str, token: str | None
) -> dict[str, str]:
    """What each name in a text becomes; what is not known becomes nothing."""
    words = words_of(language)
    track = f"{options.public_url.rstrip('/')}/t/{order.tracking_token}" if options.public_url else ""
    stop = opt_out_url(options.public_url, token) or ""
    eta = "" if saying.eta_at is None else time_said(saying.eta_at, order.tz)

    def line(text: str, url: str) -> str:
        return text.format(url=url) if url else ""

    return {
        "shop": order.shop,
        "customer": order.customer_name,
        "order_no": order.order_no,
        "window": window_said(words, order.window_from, order.window_to, order.tz),
        "time": time_said(saying.at, order.tz),
        "told_time": "" if saying.told_at is None else time_said(saying.told_at, order.tz),
        "eta": eta,
        "at_eta": words.about.format(time=eta) if eta else "",
        "id_line": words.id_any if saying.age is None else words.id_from.format(age=saying.age),
        "reason_line": words.reasons.get(saying.reason_code or "", ""),
        "track_url": track,
        "track_line": line(words.track, track),
        "receipt_line": line(words.receipt, track),
        "opt_out_url": stop,
        "opt_out_line": line(words.opt_out, stop),
        "stop": line(words.stop, stop),
    }


def again(connection: psycopg.Connection, message: MessageRow, actor: Actor, at: datetime) -> None:
    """Puts a message that has ended on its way once more, with the same words and the same Message-ID."""
    now = true_now()
    if not message.recipient or not resend_message(connection, message.id, now, now + GIVE_UP):
        raise ConflictError(f"message {message.id} is on its way already" if message.recipient else "it names nobody")
    event = AuditEvent(
        at=at, actor=actor, action="message.resent", object_kind="message", object_id=str(message.id),
        before={"outcome": message.outcome, "because": message.because},
    )  # fmt: skip
    record(connection, [event])
