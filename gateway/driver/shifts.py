"""A driver's shift on a phone: a link is issued, opened by one phone, and ends. Knows no cookie and no page.

Every step is an audit event; of token and phone only SHA-256 digests are kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from gateway.driver.errors import ShiftConflictError, ShiftError
from gateway.people.sessions import digest
from storage import shift_links
from storage.audit import SYSTEM, Actor, AuditEvent, record
from storage.ids import new_id
from storage.master import Driver
from storage.people import is_employed_driver
from storage.shift_links import NewShiftLink, ShiftLink

USUAL = timedelta(hours=12)
LONGEST = timedelta(hours=24)  # a link that somebody finds tomorrow is worth nothing
_TOUCH_EVERY = timedelta(minutes=1)
_MOST_BROWSER = 200


class Issued(msgspec.Struct, frozen=True):
    """A new link. The token is shown this once and kept nowhere."""

    id: UUID
    token: str
    ends_at: datetime
    replaced: int  # links of the same driver that ended with it


class InUseError(ShiftError):
    """The link belongs to another phone."""


def issue_link(
    connection: psycopg.Connection, driver: Driver, ends_at: datetime | None, actor: Actor, at: datetime
) -> Issued:
    """A link for the shift that ends at `ends_at` (None: in 12 hours); the driver's links before it end."""
    until = ends_at or at + USUAL
    if until <= at:
        says = f"the shift would end at {until.isoformat()}, and it is {at.isoformat()} already: name a later time"
        raise ShiftError(says, field="body.until")
    if until > at + LONGEST:
        hours = LONGEST // timedelta(hours=1)
        says = f"{until.isoformat()} is more than {hours} hours away: a link is for one shift; issue the next one then"
        raise ShiftError(says, field="body.until")
    shift_links.lock_driver(connection, driver.id)
    if not is_employed_driver(connection, driver.id, at):
        says = f"driver {driver.name} ({driver.employee_no}) is not in service today: see waybill driver list"
        raise ShiftConflictError(says)
    replaced = end_links(connection, driver, actor, at, "replaced by a new link")
    token = secrets.token_urlsafe(32)
    link = NewShiftLink(
        id=new_id(at), premises_id=driver.premises_id, driver_id=driver.id, token_digest=digest(token), issued_at=at,
        issued_by=_told(actor), ends_at=until,
    )  # fmt: skip
    shift_links.put_shift_link(connection, link)
    after = {"employee_no": driver.employee_no, "driver": driver.name, "ends_at": until}
    _record(connection, "shift_link.issued", link.id, driver.premises_id, actor, at, after=after)
    return Issued(link.id, token, until, replaced)


def link_of_token(connection: psycopg.Connection, token: str, now: datetime) -> ShiftLink | None:
    """The link, opened or not; None for one that never was, has ended, or whose driver drives no more."""
    return _of_driver_in_service(connection, shift_links.shift_link_of_token(connection, digest(token), now), now)


def open_link(connection: psycopg.Connection, link: ShiftLink, browser: str, address: str, at: datetime) -> str:
    """What the phone shows from now on; raises when another phone was first."""
    secret = secrets.token_urlsafe(32)
    if not shift_links.bind_shift_link(connection, link.id, digest(secret), browser[:_MOST_BROWSER], at):
        raise InUseError(f"the link of {link.driver_name} is in use on another phone")
    after = {"employee_no": link.employee_no, "browser": browser[:_MOST_BROWSER], "address": address}
    _record(connection, "shift_link.opened", link.id, link.premises_id, actor_of(link), at, after=after)
    return secret


def refuse_phone(connection: psycopg.Connection, link: ShiftLink, browser: str, address: str, at: datetime) -> None:
    """Keeps that another phone came with the link."""
    after = {"employee_no": link.employee_no, "browser": browser[:_MOST_BROWSER], "address": address}
    _record(connection, "shift_link.refused", link.id, link.premises_id, SYSTEM, at, after=after,
            reason="opened on another phone already")  # fmt: skip


def shift_of_phone(connection: psycopg.Connection, secret: str, now: datetime) -> ShiftLink | None:
    """The shift that the phone is signed in for; None when there is none any more."""
    found = shift_links.shift_link_of_phone(connection, digest(secret), now)
    link = _of_driver_in_service(connection, found, now)
    if link is not None and (link.seen_at is None or now - link.seen_at >= _TOUCH_EVERY):
        shift_links.touch_shift_link(connection, link.id, now)
    return link


def end_links(connection: psycopg.Connection, driver: Driver, actor: Actor, at: datetime, reason: str | None) -> int:
    """No phone of the driver's gets in any more; how many links were good until now."""
    ended = shift_links.end_shift_links(connection, driver.id, by=_told(actor), reason=reason, at=at)
    for link_id in ended:
        after = {"employee_no": driver.employee_no}
        _record(connection, "shift_link.ended", link_id, driver.premises_id, actor, at, after=after, reason=reason)
    return len(ended)


def sign_out(connection: psycopg.Connection, link: ShiftLink, at: datetime) -> None:
    """The driver ends the shift on this phone; the link leads nowhere from then on."""
    by = actor_of(link)
    shift_links.end_shift_links(
        connection, link.driver_id, by=_told(by), reason="signed out", at=at, link_id=link.id
    )  # fmt: skip
    after = {"employee_no": link.employee_no}
    _record(connection, "shift_link.ended", link.id, link.premises_id, by, at, after=after, reason="signed out")


def actor_of(link: ShiftLink) -> Actor:
    """Whose deed it is that the phone does."""
    return Actor("driver", link.employee_no)


def _of_driver_in_service(connection: psycopg.Connection, link: ShiftLink | None, now: datetime) -> ShiftLink | None:
    return link if link is not None and is_employed_driver(connection, link.driver_id, now) else None


def _told(actor: Actor) -> str:
    return f"{actor.kind} {actor.name}"


def _record(
    connection: psycopg.Connection, action: str, link_id: UUID, premises_id: UUID, actor: Actor, at: datetime, *,
    after: Mapping[str, object], reason: str | None = None,
) -> None:  # fmt: skip
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="shift_link", object_id=str(link_id), premises_id=premises_id,
        after=after, reason=reason,
    )  # fmt: skip
    record(connection, [event])
