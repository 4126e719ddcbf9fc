"""The router for how far orders have come: one, or many at once for who brings along a past. Holds no rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contract.milestones import Milestone
from gateway.api.callers import OrderWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.order_access import (
    CHANGE_ORDER,
    WHO,
    OrderKey,
    Source,
    answer_with,
    must_be_source,
    order_for_change,
)
from gateway.api.order_models import OrderOut
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.api.proof_models import ProofsIn
from gateway.api.texts import LongText, Text
from gateway.custody.handoffs import Handoff
from gateway.orders.accepting import accept
from gateway.orders.service import declare
from gateway.people.permissions import Permission
from gateway.refusals import RefusedError
from storage.audit import Actor
from storage.order_reads import Reader
from storage.orders import lock_orders, orders_by_refs
from storage.trips import find_trips

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)
MOST_AT_ONCE = 2_000


class AcceptedLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    line_no: int = Field(ge=1)
    accepted_quantity: Decimal = Field(ge=0, le=1_000_000, max_digits=12, decimal_places=4)


class MilestoneIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    milestone: Milestone
    at: AwareDatetime | None = Field(None, description="when it happened; left out: now")
    reason_code: Text | None = Field(None, description="why a handoff failed")
    note: LongText | None = None
    lines: list[AcceptedLine] = Field(default=[], max_length=500, description="delivered in part: what was accepted")
    proofs: ProofsIn = Field(default=ProofsIn(), description="delivered: what the trip's profile asks for")
    offline: bool = Field(
        default=False, description="it happened already, out of reach: kept even when the order was cancelled or moved "
        "meanwhile, and opened as an exception then"
    )  # fmt: skip
    trip: Text | None = Field(None, description="offline: the trip on which it happened, by id or number")


class SaidIn(MilestoneIn):
    """The same of one order among many."""

    number: Text = Field(description="the order's number in its own system")


class SeveralIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    milestones: list[SaidIn] = Field(
        min_length=1, max_length=MOST_AT_ONCE, description="of one order in the sequence in which they happened"
    )


class SaidOut(BaseModel):
    number: str
    order_no: str
    milestone: str = Field(description="the order's newest, after all that was said")
    milestone_at: datetime


class SeveralOut(BaseModel):
    """Every order that something was said of."""

    orders: list[SaidOut]


@router.post(
    "/{key}/milestones", status_code=201, summary="Says that an order has come so far", dependencies=[Once],
    responses=CHANGE_ORDER,
)  # fmt: skip
def declare_milestone(
    request: Request, response: Response, key: OrderKey, wanted: MilestoneIn, caller: OrderWriter, connection: Database,
    now: Now, if_match: IfMatch = None,
) -> OrderOut:  # fmt: skip
    order_id, reader = order_for_change(request, caller, connection, key, if_match)
    _declare(connection, reader, order_id, wanted, caller.actor, now)
    return answer_with(request, response, connection, reader, order_id)


@router.post(
    "/by-ref/{source}/milestones", status_code=201, dependencies=[Once],
    summary="Says how far many orders have come: all of it, or nothing",
    responses=refusals(**WHO, _404="There are no such premises", _409="Not with the orders as they are"),
)  # fmt: skip
def declare_several(
    source: Source, wanted: SeveralIn, caller: OrderWriter, connection: Database, now: Now,
    premises: Annotated[str | None, Query(max_length=32)] = None,
) -> SeveralOut:  # fmt: skip
    must_be_source(caller, source)
    place = premises_of(connection, caller, Permission.ORDERS_WRITE, premises)
    reader = Reader([place.id], caller.test)
    numbers = list(dict.fromkeys(one.number for one in wanted.milestones))
    ids = {
        number: head.id
        for number, head in orders_by_refs(connection, place.id, source, numbers, test=caller.test).items()
    }
    lock_orders(connection, list(ids.values()))
    wrong: list[dict[str, str]] = []
    for place_in_list, one in enumerate(wanted.milestones):
        field = f"body.milestones.{place_in_list}"
        try:
            _declare(connection, reader, _known(ids, one.number), one, caller.actor, now)
        except RefusedError as error:
            at = field if error.field is None else f"{field}.{error.field.removeprefix('body.')}"
            wrong.append({"at": at, "says": str(error)})
    if wrong:
        says = f"{len(wrong)} of {len(wanted.milestones)} cannot be said, and nothing was: {wrong[0]['says']}"
        raise RefusedError(says, errors=wrong[:_MOST_ERRORS])
    heads = orders_by_refs(connection, place.id, source, numbers, test=caller.test)
    return SeveralOut(
        orders=[
            SaidOut(
                number=number, order_no=heads[number].order_no, milestone=heads[number].milestone,
                milestone_at=heads[number].milestone_at,
            )
            for number in numbers
        ]
    )  # fmt: skip


_MOST_ERRORS = 100


def _known(ids: Mapping[str, UUID], number: str) -> UUID:
    if number not in ids:
        raise RefusedError(f"there is no order {number} of this order system here", field="body.number")
    return ids[number]


def _declare(
    connection: psycopg.Connection, reader: Reader, order_id: UUID, wanted: MilestoneIn, actor: Actor, now: datetime
) -> None:
    at = wanted.at or now
    if at > now:
        raise RefusedError(f"at lies in the future: {at.isoformat()} is after {now.isoformat()}", field="body.at")
    accepted = {line.line_no: line.accepted_quantity for line in wanted.lines}
    partial = accept(connection, order_id, accepted) if accepted else False
    declare(
        connection, order_id, wanted.milestone, at, actor, reason_code=wanted.reason_code, note=wanted.note,
        partial=partial, handoff=_handoff(connection, reader, wanted),
    )  # fmt: skip


def _handoff(connection: psycopg.Connection, reader: Reader, wanted: MilestoneIn) -> Handoff:
    trip_id = None
    if wanted.offline:
        found = find_trips(connection, [] if reader.test else reader.premises_ids, wanted.trip or "")
        if len(found) != 1:
            says = "say on which trip it happened" if wanted.trip is None else f"there is no one trip {wanted.trip}"
            raise RefusedError(says, field="body.trip")
        (trip_id,) = found
    return Handoff(proofs=wanted.proofs.proofs(), offline=wanted.offline, trip_id=trip_id)
