"""The router for staff's alerts: lists, one, seen; rules, roster, and the day's list. Holds no rules of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import psycopg
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.alerts.digest import Digest, digest_of
from gateway.alerts.kinds import RULES, AlertKind, Rules
from gateway.alerts.roster import KINDS, NewDuty, add_duty, find_duty, remove_duty
from gateway.alerts.rule_changes import RuleChange, change_rule
from gateway.alerts.warning import acknowledge, find_alert
from gateway.api.callers import Caller, ExceptionWriter, MasterReader, MasterWriter, TripReader
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.paging import Cursor, Limit, read_place, write_place
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.api.texts import LongText, Text
from gateway.notify.premises import telling_of
from gateway.people.permissions import Permission
from gateway.refusals import NotThereError
from storage.alerts import AlertFilter, AlertRow, Duty, alert_list, alert_rules, duties

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=IdempotentRoute)
roster = APIRouter(prefix="/v1/duty", tags=["alerts"], route_class=IdempotentRoute)
rules = APIRouter(prefix="/v1/alert-rules", tags=["alerts"], route_class=IdempotentRoute)

_WHO = {"_401": "No session and no API key", "_403": "No right to it"}
_ONE = refusals(**_WHO, _404="There is no such thing")
Code = Annotated[str | None, Query(max_length=32, description="left out: the caller's only premises")]


class AlertOut(BaseModel):
    """Something that staff are warned of."""

    id: UUID
    premises: str | None = Field(description="null: concerns the whole installation")
    kind: str
    subject: str
    says: str = Field(description="in one sentence")
    order_no: str | None
    trip_no: str | None
    vehicle: str | None
    began_at: datetime
    raised_at: datetime
    ended_at: datetime | None = Field(description="null: it goes on")
    ended_how: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None


class AlertPage(BaseModel):
    alerts: list[AlertOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


class Seen(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: LongText | None = None


class RuleOut(BaseModel):
    kind: str
    title: str
    measure: str = Field(description="what the threshold is measured in")
    threshold: float
    quiet_s: int = Field(description="after an end nothing new is said of the same subject for so long")
    off: bool


class RuleIn(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    threshold: float | None = Field(None, ge=0, le=100_000)
    quiet_s: int | None = Field(None, ge=0, le=86_400)
    off: bool | None = None


class DutyIn(BaseModel):
    """Somebody who comes on the roster."""

    model_config = ConfigDict(extra="forbid")

    name: Text = Field(description="of the person or the desk")
    address: Text = Field(description="e-mail address, or URL of a webhook")
    premises: Text | None = Field(None, description="left out: the caller's only ones, or all")
    hours: Text | None = Field(None, description="on duty, in tz; left out: always", examples=["mon-fri 08:00-16:00"])
    kinds: list[Text] | None = Field(None, max_length=20, description=f"left out: all of {', '.join(KINDS)}")
    tz: Text | None = Field(None, description="time zone of the hours; left out: the premises', or UTC")


class DutyOut(BaseModel):
    id: UUID
    premises: str | None = Field(description="null: all, and what concerns the whole installation")
    name: str
    channel: str
    address: str
    kinds: list[str] | None
    hours: dict[str, tuple[str, str]] = Field(description="per weekday; empty: always")
    tz: str
    created_at: datetime
    created_by: str


class MadeDuty(DutyOut):
    secret: str | None = Field(description="signs what goes to a webhook; shown this once")


class DigestOut(BaseModel):
    """The day as it stands."""

    premises: str
    at: datetime
    orders: list[dict[str, Any]] = Field(description="that somebody should call about")
    alerts: list[AlertOut] = Field(description="that have not ended")


@router.get("", summary="Alerts, newest first", responses=refusals(**_WHO))
def list_alerts(
    caller: TripReader, connection: Database,
    open: Annotated[bool, Query(description="only those that have not ended")] = False,  # noqa: A002, FBT002
    kind: Annotated[AlertKind | None, Query()] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$",
                                   description="part of what it says")] = None,
    after: Cursor = None, limit: Limit = 50,
) -> AlertPage:  # fmt: skip
    wanted = AlertFilter(premises_ids=caller.scope(Permission.TRIPS_READ).listed, open=open, kind=kind, text=q)
    found = alert_list(connection, wanted, after=read_place(after), most=limit + 1)
    page = found[:limit]
    following = write_place(page[-1].raised_at, page[-1].id) if len(found) > limit else None
    return AlertPage(alerts=[_out(one) for one in page], next=following)


@router.get("/digest", summary="The day's list of orders to call about, as it stands", responses=_ONE)
def digest(caller: TripReader, connection: Database, now: Now, premises: Code = None) -> DigestOut:
    wanted = premises_of(connection, caller, Permission.TRIPS_READ, premises)
    return _digest_out(wanted.code, digest_of(connection, telling_of(connection, wanted), now))


@router.get("/{alert_id}", summary="One alert", responses=_ONE)
def one_alert(alert_id: UUID, caller: TripReader, connection: Database) -> AlertOut:
    return _out(_found(connection, caller, Permission.TRIPS_READ, alert_id))


@router.post(
    "/{alert_id}/acknowledge", status_code=201, summary="Says that somebody has seen it", dependencies=[Once],
    responses={**_ONE, **refusals(**_WHO, _409="Somebody has already")},
)  # fmt: skip
def seen(alert_id: UUID, wanted: Seen, caller: ExceptionWriter, connection: Database, now: Now) -> AlertOut:
    found = _found(connection, caller, Permission.EXCEPTIONS_WRITE, alert_id)
    acknowledge(connection, found, wanted.note, actor=caller.actor, at=now)
    return _out(_found(connection, caller, Permission.EXCEPTIONS_WRITE, alert_id))


@rules.get("", summary="From when on each kind is worth a warning", responses=_ONE)
def list_rules(caller: MasterReader, connection: Database, premises: Code = None) -> list[RuleOut]:
    wanted = premises_of(connection, caller, Permission.MASTER_READ, premises)
    known = Rules(alert_rules(connection))
    return [_rule_out(kind, known.of(kind, wanted.id)) for kind in RULES]


@rules.put("/{kind}", summary="Changes the rule of a kind at premises", dependencies=[Once], responses=_ONE)
def put_rule(
    kind: AlertKind, wanted: RuleIn, caller: MasterWriter, connection: Database, now: Now, premises: Code = None
) -> RuleOut:
    where = premises_of(connection, caller, Permission.MASTER_WRITE, premises)
    change = RuleChange(**wanted.model_dump())
    return _rule_out(kind, change_rule(connection, kind, where.id, change, actor=caller.actor, at=now))


@roster.get("", summary="Who is told of alerts, and when", responses=refusals(**_WHO))
def list_duty(caller: MasterReader, connection: Database) -> list[DutyOut]:
    return [_duty_out(one) for one in duties(connection) if _is_own(caller, Permission.MASTER_READ, one)]


@roster.post("", status_code=201, summary="Puts somebody on the roster", dependencies=[Once], responses=_ONE)
def add(request: Request, wanted: DutyIn, caller: MasterWriter, connection: Database, now: Now) -> MadeDuty:
    where = None
    if wanted.premises is not None or caller.scope(Permission.MASTER_WRITE).premises_ids is not None:
        where = premises_of(connection, caller, Permission.MASTER_WRITE, wanted.premises)
    new = NewDuty(
        name=wanted.name, address=wanted.address, premises_id=None if where is None else where.id,
        premises=None if where is None else where.code, tz=wanted.tz or ("UTC" if where is None else where.tz),
        hours=wanted.hours, kinds=wanted.kinds,
    )  # fmt: skip
    allow = request.app.state.webhook_allow_private
    duty, secret = add_duty(connection, new, allow_private=allow, actor=caller.actor, at=now)
    return MadeDuty(**_duty_out(duty).model_dump(), secret=secret)


@roster.delete("/{duty_id}", status_code=204, summary="Takes somebody off the roster", responses=_ONE)
def remove(duty_id: UUID, caller: MasterWriter, connection: Database, now: Now) -> None:
    found = find_duty(connection, str(duty_id))
    if not _is_own(caller, Permission.MASTER_WRITE, found):
        raise NotThereError(f"no entry of the roster is {str(duty_id)!r}: name one by its id")
    remove_duty(connection, found, actor=caller.actor, at=now)


def _found(connection: psycopg.Connection, caller: Caller, permission: Permission, alert_id: UUID) -> AlertRow:
    return find_alert(connection, alert_id, caller.scope(permission).listed)


def _is_own(caller: Caller, permission: Permission, duty: Duty) -> bool:
    scope = caller.scope(permission)
    return scope.premises_ids is None or (duty.premises_id is not None and duty.premises_id in scope)


def _out(row: AlertRow) -> AlertOut:
    return AlertOut.model_validate(row, from_attributes=True)


def _rule_out(kind: AlertKind, rule: Any) -> RuleOut:
    return RuleOut(kind=kind, title=rule.title, measure=rule.measure, threshold=rule.threshold, quiet_s=rule.quiet_s,
                   off=rule.off)  # fmt: skip


def _duty_out(duty: Duty) -> DutyOut:
    return DutyOut.model_validate(duty, from_attributes=True)


def _digest_out(code: str, found: Digest) -> DigestOut:
    orders = [msgspec.structs.asdict(one) for one in found.orders]
    return DigestOut(premises=code, at=found.at, orders=orders, alerts=[_out(one) for one in found.alerts])
