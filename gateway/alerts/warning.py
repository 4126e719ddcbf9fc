"""Raises and ends alerts, and puts what staff are told of them on its way. Finds no condition itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from contract.clock import Clock, true_now
from gateway.alerts.conditions import Looked
from gateway.alerts.episodes import Condition, compare
from gateway.alerts.kinds import RULES, AlertKind, Rules
from gateway.alerts.roster import on_duty
from gateway.refusals import ConflictError, NotThereError
from storage.alerts import (
    AlertFilter,
    AlertRow,
    Duty,
    NewAlert,
    OpenAlert,
    acknowledge_alert,
    alert_list,
    alert_rules,
    duties,
    end_alert,
    open_alerts,
    put_alert,
    recent_alert_ends,
    told_of_alert,
)
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.messages import NewMessage, drop_untried, put_message

log = logging.getLogger(__name__)

GIVE_UP = timedelta(days=3)
_LONGEST_QUIET = timedelta(days=1)
SENDER = "Dispatch"


def warn(connection: psycopg.Connection, looked: Looked, clock: Clock) -> tuple[int, int]:
    """How many alerts were raised and how many ended, in one transaction with what is told of them."""
    now = clock.now()
    with connection.transaction():
        ended = recent_alert_ends(connection, now - _LONGEST_QUIET)
        change = compare(
            open_alerts(connection), looked.conditions, ended, Rules(alert_rules(connection)), looked.kinds, now
        )
        roster = duties(connection)
        for condition in change.begun:
            _raise(connection, condition, roster, clock, now)
        for alert in change.over:
            _end(connection, alert, roster, now)
    return len(change.begun), len(change.over)


def _raise(
    connection: psycopg.Connection, condition: Condition, roster: Sequence[Duty], clock: Clock, now: datetime
) -> None:
    alert = NewAlert(
        id=new_id(now), premises_id=condition.premises_id, kind=condition.kind, subject=condition.subject,
        says=condition.says, order_id=condition.order_id, trip_id=condition.trip_id, vehicle_id=condition.vehicle_id,
        began_at=condition.began_at, raised_at=now,
    )  # fmt: skip
    if not put_alert(connection, alert):
        return
    log.info("alert raised", extra={"action": "alert_raised", "kind": alert.kind, "alert": str(alert.id)})
    for one in on_duty(roster, condition.kind, condition.premises_id, now):
        text = f"{_sentence(alert.says)}\n\nSince {_local(alert.began_at, one.duty)}."
        title, due_at = RULES[condition.kind].title, clock.wall_at(one.from_at)
        put_message(connection, _message(alert, one.duty, title, text, now, due_at=due_at))


def _end(connection: psycopg.Connection, alert: OpenAlert, roster: Sequence[Duty], now: datetime) -> None:
    """Told to whoever was told that it began; who was not told yet is told of neither."""
    end_alert(connection, alert.id, now, "over")
    drop_untried(connection, "over before it was told", true_now(), alert_id=alert.id)
    told = told_of_alert(connection, alert.id)
    for duty in (one for one in roster if one.id in told):
        title = f"Over: {RULES[AlertKind(alert.kind)].title}"
        text = f"This is over: {alert.says}\n\nFrom {_local(alert.began_at, duty)} to {_local(now, duty)}."
        put_message(connection, _message(alert, duty, title, text, now, due_at=true_now(), end=True))


def _message(
    alert: NewAlert | OpenAlert,
    duty: Duty,
    title: str,
    text: str,
    now: datetime,
    *,
    due_at: datetime,
    end: bool = False,
) -> NewMessage:
    """Of the beginning, or the end."""
    made_at = true_now()
    return NewMessage(
        id=new_id(made_at), audience="staff", kind=alert.kind, once=f"{alert.id} {'end' if end else 'begin'} {duty.id}",
        alert_id=alert.id, premises_id=alert.premises_id, order_id=alert.order_id, trip_id=alert.trip_id,
        duty_id=duty.id, channel=duty.channel, recipient=duty.address, sender=SENDER, language="en",
        subject=f"{title}: {alert.says}"[:150], body=text, facts={"end": True} if end else {}, at=now,
        created_at=made_at, next_at=due_at, give_up_at=max(due_at, made_at) + GIVE_UP,
    )  # fmt: skip


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _local(at: datetime, duty: Duty) -> str:
    return f"{at.astimezone(ZoneInfo(duty.tz)):%d %b %H:%M} ({duty.tz})"


def find_alert(connection: psycopg.Connection, wanted: UUID | str, premises_ids: list[UUID] | None = None) -> AlertRow:
    """The alert of this id, or whose id begins so."""
    by_id = AlertFilter(alert_id=wanted) if isinstance(wanted, UUID) else AlertFilter(beginning=wanted)
    found = alert_list(connection, msgspec.structs.replace(by_id, premises_ids=premises_ids), most=2)
    if len(found) != 1:
        named = repr(str(wanted))
        raise NotThereError(f"several alerts begin with {named}" if found else f"there is no alert {named}")
    return found[0]


def acknowledge(
    connection: psycopg.Connection, alert: AlertRow, note: str | None, *, actor: Actor, at: datetime
) -> None:
    """Somebody has seen it. It stays open until what it is about is over."""
    if not acknowledge_alert(connection, alert.id, at, f"{actor.kind} {actor.name}", note):
        raise ConflictError(f"{alert.acknowledged_by or 'somebody'} has acknowledged this alert already")
    event = AuditEvent(
        at=at, actor=actor, action="alert.acknowledged", object_kind="alert", object_id=str(alert.id),
        premises_id=alert.premises_id, after={"kind": alert.kind, "says": alert.says}, reason=note,
    )  # fmt: skip
    record(connection, [event])
