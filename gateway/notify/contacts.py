"""How customers are reached, in one spelling, and their word that they do not want to be. Sends nothing."""

from __future__ import annotations

import re
from datetime import datetime

import psycopg

from contract.clock import true_now
from gateway.outbox.mail import is_mail_address
from gateway.refusals import RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.telling import Contact, drop_messages_of_contact, take_contact, turn_contact

CHANNELS = ("email", "sms")
CUSTOMER = Actor("system", "opt-out link")
_NOT_DIGITS = re.compile(r"[\s().\-/]")
_PHONE = re.compile(r"\+?\d{5,15}")
_WAY_OUT = {"email": "an address such as name@example.org", "sms": "digits, perhaps with a leading +"}


def spelled(channel: str, address: str) -> str | None:
    """The one spelling of an address, so that an opt-out counts however an order writes it; None: it is none."""
    if channel == "email":
        wanted = address.strip()
        return wanted.lower() if is_mail_address(wanted) else None
    digits = _NOT_DIGITS.sub("", address)
    digits = "+" + digits[2:] if digits.startswith("00") else digits
    return digits if _PHONE.fullmatch(digits) else None


def contact_of(connection: psycopg.Connection, channel: str, address: str) -> Contact:
    """The contact of an address that somebody names; RefusedError when it is none."""
    found = spelled(channel, address)
    if found is None:
        raise RefusedError(f"{address!r} is no {channel} address: {_WAY_OUT[channel]}", field="body.address")
    return take_contact(connection, channel, found, true_now())


def turn(connection: psycopg.Connection, contact: Contact, *, wanted: bool, actor: Actor, at: datetime) -> None:
    """From now on the contact is told, or is not; what waits for it is dropped at once. The same again is nothing."""
    if wanted == (contact.opted_out_at is None):
        return
    now = true_now()
    turn_contact(connection, contact.id, None if wanted else now, None if wanted else f"{actor.kind} {actor.name}")
    if not wanted:
        drop_messages_of_contact(connection, contact.id, "the customer does not want to be told", now)
    event = AuditEvent(
        at=at, actor=actor, action="contact.opted_in" if wanted else "contact.opted_out", object_kind="contact",
        object_id=str(contact.id), before={"opted_out_at": contact.opted_out_at},
    )  # fmt: skip
    record(connection, [event])
