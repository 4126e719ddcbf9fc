"""Alerts to staff, their rules, the roster, and what there may be to warn of, as rows. Judges and words nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.sql import literally, statement


class OpenAlert(msgspec.Struct, frozen=True):
    """What staff are warned of now."""

    id: UUID
    premises_id: UUID | None
    kind: str
    subject: str
    says: str
    order_id: UUID | None
    trip_id: UUID | None
    vehicle_id: UUID | None
    began_at: datetime


class NewAlert(msgspec.Struct, frozen=True, kw_only=True):
    """Something that staff are to be warned of."""

    id: UUID
    premises_id: UUID | None
    kind: str
    subject: str
    says: str
    order_id: UUID | None
    trip_id: UUID | None
    vehicle_id: UUID | None
    began_at: datetime
    raised_at: datetime


class AlertRow(msgspec.Struct, frozen=True):
    """An alert as people look at it."""

    id: UUID
    premises: str | None
    premises_id: UUID | None
    kind: str
    subject: str
    says: str
    order_no: str | None
    trip_no: str | None
    vehicle: str | None
    began_at: datetime
    raised_at: datetime
    ended_at: datetime | None
    ended_how: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts a list is to hold; None: whichever."""

    premises_ids: list[UUID] | None = None
    alert_id: UUID | None = None
    beginning: str | None = None  # of the id
    open: bool = False
    kind: str | None = None
    text: str | None = None


class StoredRule(msgspec.Struct, frozen=True):
    """A rule that is another one than comes with Waybill; premises_id None: for all that say nothing else."""

    premises_id: UUID | None
    kind: str
    off: bool
    threshold: float | None
    quiet_s: int | None


class Duty(msgspec.Struct, frozen=True):
    """Who is told, and when; without hours always."""

    id: UUID
    premises_id: UUID | None
    premises: str | None
    name: str
    channel: str
    address: str
    kinds: list[str] | None
    hours: dict[str, tuple[str, str]]
    tz: str
    created_at: datetime
    created_by: str


class ExceptionToWarnOf(msgspec.Struct, frozen=True):
    """An open exception; to_at None: it goes on."""

    id: str
    premises_id: UUID
    kind: str
    trip_id: UUID | None
    vehicle_id: UUID
    trip_no: str | None
    vehicle: str
    zone: str | None
    from_at: datetime
    to_at: datetime | None
    rule: str
    tz: str


class SilentTrip(msgspec.Struct, frozen=True):
    """A trip under way of which nothing is heard."""

    id: UUID
    premises_id: UUID
    trip_no: str
    vehicle_id: UUID
    vehicle: str
    fixed_at: datetime | None
    received_at: datetime | None  # true time
    departed_at: datetime


class Emergency(msgspec.Struct, frozen=True):
    """A crew's call for help."""

    id: str
    premises_id: UUID
    trip_id: UUID
    trip_no: str
    vehicle_id: UUID
    vehicle: str
    at: datetime
    note: str | None


class FailedOrder(msgspec.Struct, frozen=True):
    """An order whose handoff failed."""

    id: UUID
    premises_id: UUID
    order_no: str
    customer_name: str
    failed_at: datetime
    reason_code: str | None
    trip_id: UUID | None
    vehicle_id: UUID | None
    vehicle: str | None


class OrderToCall(msgspec.Struct, frozen=True):
    """An order about which somebody should call."""

    order_no: str
    customer_name: str
    customer_phone: str | None
    window_to: datetime
    milestone: str
    milestone_at: datetime
    reason_code: str | None
    not_told: bool


def open_alerts(connection: psycopg.Connection) -> list[OpenAlert]:
    """Every alert that has not ended, locked until the transaction ends."""
    return [OpenAlert(*row) for row in connection.execute(statement("open_alerts"))]


def recent_alert_ends(connection: psycopg.Connection, since: datetime) -> dict[tuple[str, str], datetime]:
    """(kind, subject) -> when its last alert ended."""
    rows = connection.execute(statement("recent_alert_ends"), {"since": since})
    return {(kind, subject): ended_at for kind, subject, ended_at in rows}


def put_alert(connection: psycopg.Connection, new: NewAlert) -> bool:
    """Whether it is new; an open one about the same subject stays as it is."""
    return connection.execute(statement("put_alert"), msgspec.structs.asdict(new)).rowcount == 1


def end_alert(connection: psycopg.Connection, alert_id: UUID, at: datetime, how: str) -> None:
    connection.execute(statement("end_alert"), {"id": alert_id, "at": at, "how": how})


def acknowledge_alert(connection: psycopg.Connection, alert_id: UUID, at: datetime, by: str, note: str | None) -> bool:
    """Whether nobody had acknowledged it before."""
    values = {"id": alert_id, "at": at, "by": by, "note": note}
    return connection.execute(statement("acknowledge_alert"), values).rowcount == 1


def told_of_alert(connection: psycopg.Connection, alert_id: UUID) -> set[UUID]:
    """Whose duty it was to know that it began, and who was told or is being told."""
    return {duty_id for (duty_id,) in connection.execute(statement("told_of_alert"), {"alert_id": alert_id})}


def alert_list(
    connection: psycopg.Connection, wanted: AlertFilter, *, after: tuple[datetime, UUID] | None = None, most: int
) -> list[AlertRow]:
    at, alert_id = after or (None, None)
    values = {
        "premises_ids": wanted.premises_ids, "id": wanted.alert_id, "open": wanted.open, "kind": wanted.kind,
        "beginning": None if wanted.beginning is None else literally(wanted.beginning.lower()) + "%",
        "pattern": None if wanted.text is None else f"%{literally(wanted.text)}%", "after_at": at, "after_id": alert_id,
        "most": most,
    }  # fmt: skip
    return [AlertRow(*row) for row in connection.execute(statement("alert_list"), values, prepare=False)]


def alert_rules(connection: psycopg.Connection) -> list[StoredRule]:
    return [StoredRule(*row) for row in connection.execute(statement("alert_rules"))]


def put_alert_rule(connection: psycopg.Connection, rule: StoredRule) -> None:
    connection.execute(statement("put_alert_rule"), msgspec.structs.asdict(rule))


def duties(connection: psycopg.Connection) -> list[Duty]:
    """Everybody on the roster."""
    return [Duty(*row) for row in connection.execute(statement("duties"))]


def put_duty(connection: psycopg.Connection, duty: Duty, secret: str | None) -> None:
    values: Mapping[str, Any] = {**msgspec.structs.asdict(duty), "hours": Jsonb(duty.hours), "secret": secret}
    connection.execute(statement("put_duty"), values)


def end_duty(connection: psycopg.Connection, duty_id: UUID, at: datetime) -> bool:
    """Whether it was on the roster."""
    return connection.execute(statement("end_duty"), {"id": duty_id, "at": at}).rowcount == 1


def exceptions_to_warn_of(connection: psycopg.Connection, since: datetime) -> list[ExceptionToWarnOf]:
    return [ExceptionToWarnOf(*row) for row in connection.execute(statement("exceptions_to_warn_of"), {"since": since})]


def silent_trips(
    connection: psycopg.Connection, *, departed_since: datetime, heard_before: datetime
) -> list[SilentTrip]:
    values = {"departed_since": departed_since, "heard_before": heard_before}
    return [SilentTrip(*row) for row in connection.execute(statement("silent_trips"), values)]


def emergencies(connection: psycopg.Connection, since: datetime) -> list[Emergency]:
    return [Emergency(*row) for row in connection.execute(statement("emergencies"), {"since": since})]


def failed_orders(connection: psycopg.Connection, since: datetime) -> list[FailedOrder]:
    return [FailedOrder(*row) for row in connection.execute(statement("failed_orders"), {"since": since})]


def orders_to_call_about(
    connection: psycopg.Connection, premises_id: UUID, *, since: datetime, now: datetime, true_since: datetime
) -> Sequence[OrderToCall]:
    values = {"premises_id": premises_id, "since": since, "now": now, "true_since": true_since}
    return [OrderToCall(*row) for row in connection.execute(statement("orders_to_call_about"), values)]
