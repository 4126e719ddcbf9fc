"""Who is on duty for what, and when. Tells nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from gateway.alerts.kinds import AlertKind
from gateway.master.hours import parse_hours
from gateway.master.premises import check_zone
from gateway.outbox.mail import is_mail_address
from gateway.outbox.quiet import on_duty_at
from gateway.outbox.sending import RefusedAddressError, check_url
from gateway.outbox.signing import new_secret
from gateway.refusals import NotThereError, RefusedError
from storage.alerts import Duty, duties, end_duty, put_duty
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id

DIGEST = "digest"  # the list at the end of the day, beside the kinds of alerts
KINDS = (*AlertKind, DIGEST)


class OnDuty(msgspec.Struct, frozen=True):
    """Somebody who is to be told, and from when on (by the installation's clock)."""

    duty: Duty
    from_at: datetime


class NewDuty(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who comes on the roster. Without hours: always."""

    name: str
    address: str  # e-mail address, or URL
    premises_id: UUID | None
    premises: str | None
    tz: str
    hours: str | None = None
    kinds: Sequence[str] | None = None


def concerned(roster: Sequence[Duty], kind: str, premises_id: UUID | None) -> list[Duty]:
    """Whoever is told of this kind at these premises, at whatever hour."""
    return [
        one for one in roster
        if (one.premises_id is None or one.premises_id == premises_id) and (one.kinds is None or kind in one.kinds)
    ]  # fmt: skip


def on_duty(roster: Sequence[Duty], kind: str, premises_id: UUID | None, now: datetime) -> list[OnDuty]:
    """Everybody who is on duty now; when nobody is, whoever comes first."""
    coming = [
        OnDuty(one, begins) for one in concerned(roster, kind, premises_id)
        if (begins := on_duty_at(now, one.tz, one.hours)) is not None
    ]  # fmt: skip
    first = min((one.from_at for one in coming), default=now)
    return [one for one in coming if one.from_at <= max(first, now)]


def add_duty(
    connection: psycopg.Connection, wanted: NewDuty, *, allow_private: bool, actor: Actor, at: datetime
) -> tuple[Duty, str | None]:
    """The new entry, and for a webhook the secret that signs what goes there."""
    channel = _channel_of(wanted.address, allow_private=allow_private)
    check_zone(wanted.tz)
    unknown = [kind for kind in wanted.kinds or () if kind not in KINDS]
    if unknown:
        raise RefusedError(
            f"{unknown[0]!r} is nothing to be told of; there are: {', '.join(KINDS)}", field="body.kinds"
        )
    now, secret = true_now(), new_secret() if channel == "webhook" else None
    duty = Duty(
        new_id(now), wanted.premises_id, wanted.premises, wanted.name, channel, wanted.address,
        None if wanted.kinds is None else list(wanted.kinds), parse_hours(wanted.hours) if wanted.hours else {},
        wanted.tz, now, f"{actor.kind} {actor.name}",
    )  # fmt: skip
    put_duty(connection, duty, secret)
    _record(connection, "duty.added", duty, actor, at)
    return duty, secret


def find_duty(connection: psycopg.Connection, beginning: str) -> Duty:
    """The entry of this name, or whose id begins so."""
    roster = duties(connection)
    found = [one for one in roster if one.name == beginning or str(one.id).startswith(beginning.lower())]
    if len(found) != 1:
        what = "several entries are" if found else "no entry of the roster is"
        raise NotThereError(f"{what} {beginning!r}: name one by its id")
    return found[0]


def remove_duty(connection: psycopg.Connection, duty: Duty, *, actor: Actor, at: datetime) -> None:
    end_duty(connection, duty.id, true_now())
    _record(connection, "duty.removed", duty, actor, at)


def _channel_of(address: str, *, allow_private: bool) -> str:
    if urlsplit(address).scheme in ("http", "https"):
        try:
            check_url(address, allow_private=allow_private)
        except RefusedAddressError as error:
            raise RefusedError(str(error), field="body.address") from error
        return "webhook"
    if not is_mail_address(address):
        raise RefusedError(f"{address!r} is neither an e-mail address nor a URL", field="body.address")
    return "email"


def _record(connection: psycopg.Connection, action: str, duty: Duty, actor: Actor, at: datetime) -> None:
    after = {"name": duty.name, "address": duty.address, "kinds": duty.kinds, "hours": duty.hours, "tz": duty.tz}
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="duty", object_id=str(duty.id), premises_id=duty.premises_id,
        after=after,
    )  # fmt: skip
    record(connection, [event])
