"""The list at the end of the day: orders that somebody should call about, and what is still open. Calls nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from contract.clock import Clock, true_now
from gateway.alerts.roster import DIGEST, concerned
from gateway.alerts.warning import GIVE_UP, SENDER
from storage.alerts import AlertFilter, AlertRow, Duty, OrderToCall, alert_list, duties, orders_to_call_about
from storage.ids import new_id
from storage.messages import NewMessage, messages_put, put_message
from storage.telling import PremisesTelling, premises_telling

_DAY = timedelta(days=1)
# A worker that was away in the evening makes up for it; in the morning it is news no more.
_STILL = timedelta(hours=6)
_MOST_ALERTS = 50


class Digest(msgspec.Struct, frozen=True):
    """A premises' day as it stands."""

    shop: str
    tz: str
    at: datetime
    orders: Sequence[OrderToCall]
    alerts: Sequence[AlertRow]


def digest_of(connection: psycopg.Connection, premises: PremisesTelling, now: datetime) -> Digest:
    orders = orders_to_call_about(
        connection, premises.id, since=now - _DAY, now=now, true_since=true_now() - _DAY
    )  # fmt: skip
    alerts = alert_list(connection, AlertFilter(premises_ids=[premises.id], open=True), most=_MOST_ALERTS)
    return Digest(premises.name, premises.tz, now, orders, alerts)


def tell_digests(connection: psycopg.Connection, clock: Clock, digest_at: str) -> int:
    """Makes the day's list of every premises whose time has come; how many messages. Each is made once a day."""
    now, made = clock.now(), 0
    with connection.transaction():
        roster = duties(connection)
        for premises in premises_telling(connection):
            day = due_day(now, premises.tz, digest_at if premises.digest_at is None else premises.digest_at)
            if day is None:
                continue
            people = {f"digest {premises.id} {day} {one.id}": one for one in concerned(roster, DIGEST, premises.id)}
            put = messages_put(connection, people)
            missing = [once for once in people if once not in put]
            if missing:  # asked every 30 s; the list itself takes long
                digest = digest_of(connection, premises, now)
                made += sum(put_message(connection, _message(digest, premises, people[once], once)) for once in missing)
    return made


def due_day(now: datetime, tz: str, digest_at: str) -> str | None:
    """The day whose list is due, by the clock on the wall; None: none is."""
    if not digest_at:
        return None
    local = now.astimezone(ZoneInfo(tz))
    for begun in (local, local - _DAY):  # yesterday's, shortly after midnight
        hour, _, minute = digest_at.partition(":")
        due = begun.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        if timedelta() <= local - due < _STILL:
            return f"{begun:%Y-%m-%d}"
    return None


def digest_text(digest: Digest) -> str:
    """The list as people read it."""
    lines = [f"{digest.shop}, {digest.at.astimezone(ZoneInfo(digest.tz)):%A %d %B, %H:%M}", ""]
    lines += [f"Orders to call about: {len(digest.orders) or 'none'}"]
    lines += [f"- {_order(one, digest.tz)}" for one in digest.orders]
    lines += ["", f"Open alerts: {len(digest.alerts) or 'none'}"]
    lines += [f"- {one.says}" + ("" if one.acknowledged_by is None else " (seen)") for one in digest.alerts]
    return "\n".join(lines)


def _order(order: OrderToCall, tz: str) -> str:
    at = f"{order.milestone_at.astimezone(ZoneInfo(tz)):%H:%M}"
    if order.milestone in ("failed", "returned"):
        what = f"{order.milestone} at {at}" + (f", {order.reason_code}" if order.reason_code else "")
    elif order.milestone in ("delivered", "cancelled"):
        what = f"{order.milestone} at {at}"
    else:
        what = f"{order.milestone}, the window ended at {order.window_to.astimezone(ZoneInfo(tz)):%H:%M}"
    told = "; messages did not reach the customer" if order.not_told else ""
    phone = f", {order.customer_phone}" if order.customer_phone else ""
    return f"{order.order_no} {order.customer_name}{phone}: {what}{told}"


def _message(digest: Digest, premises: PremisesTelling, duty: Duty, once: str) -> NewMessage:
    made_at = true_now()
    count = len(digest.orders)
    return NewMessage(
        id=new_id(made_at), audience="staff", kind=DIGEST, once=once, duty_id=duty.id, channel=duty.channel,
        recipient=duty.address, sender=SENDER, language="en", premises_id=premises.id, body=digest_text(digest),
        subject=f"{digest.shop}: {count} order{'' if count == 1 else 's'} to call about", at=digest.at,
        created_at=made_at, next_at=made_at, give_up_at=made_at + GIVE_UP,
    )  # fmt: skip
