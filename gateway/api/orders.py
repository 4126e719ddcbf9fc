"""The router for order systems and dispatchers: orders by their own number, lists, milestones. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import psycopg
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contract.milestones import Milestone
from gateway.api.callers import Caller, OrderReader, OrderWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch, IfNoneMatch, etag_of, must_match
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.messages import MessageOut, message_out
from gateway.api.order_models import (
    OrderIn,
    OrderOut,
    as_new_order,
    to_new_order,
    to_order_out,
    tracking_url,
)
from gateway.api.paging import Cursor, Limit, read_place, write_place
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.api.texts import LongText, Text
from gateway.orders.changes import cancel, put_by_ref
from gateway.orders.service import OrdersConflictError, UnknownObjectError, declare
from gateway.people.permissions import Permission
from gateway.refusals import RefusedError
from storage.messages import messages_of_order
from storage.order_reads import OrderFilter, Reader, order_audit, order_document, order_list, order_trips
from storage.orders import accept_lines

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)

_WHO = {"_401": "No session and no API key", "_403": "No right to orders"}
_ONE = refusals(**_WHO, _404="There is no such order")
_CHANGE = refusals(
    **_WHO, _404="There is no such order", _409="Not with the order as it is", _412="It has changed since it was read"
)
Key = Annotated[str, Path(max_length=64, description="the order's id or its number for people")]
Source = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$", description="the order system's name")]
Number = Annotated[str, Path(max_length=100, pattern=r"^[^\x00-\x1f]+$", description="the order's number there")]


class OrderSummary(BaseModel):
    id: UUID
    premises: str
    order_no: str
    source: str
    source_ref: str
    customer_name: str
    address: str
    window_from: datetime
    window_to: datetime
    milestone: str
    milestone_at: datetime
    currency: str | None
    total_minor: int | None
    tracking_url: str | None


class OrderPage(BaseModel):
    orders: list[OrderSummary]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


class TripOfOrder(BaseModel):
    trip_no: str
    vehicle: str
    seq: int | None = Field(description="null: it left the trip under way")
    planned_departure_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None
    planned_arrival_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    leg_from: datetime | None
    leg_to: datetime | None
    on_the_road_s: float | None = Field(description="from leaving the premises to the door, or until the leg ended")


class OrderRecord(BaseModel):
    """Everything that is on record about one order."""

    order: OrderOut
    trips: list[TripOfOrder]
    attempts: int = Field(description="how often somebody was at the door with it")
    messages: list[MessageOut] = Field(description="what its customer was told, and whether it arrived")
    audit: list[dict[str, Any]] = Field(description="who did what, when and why, with what was before and after")


class Cancellation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Text


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


@router.get("", summary="Orders by window", responses=refusals(**_WHO))
def list_orders(
    request: Request, caller: OrderReader, connection: Database,
    q: Annotated[
        str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$",
                          description="part of number, customer, address, or the phone's digits"),
    ] = None,
    premises: Annotated[str | None, Query(max_length=32)] = None,
    milestone: Annotated[list[Milestone] | None, Query()] = None,
    source: Annotated[str | None, Query(max_length=64)] = None,
    window_from: Annotated[AwareDatetime | None, Query(description="windows that end at this time or later")] = None,
    window_to: Annotated[AwareDatetime | None, Query(description="windows that begin at this time or before")] = None,
    after: Cursor = None, limit: Limit = 50,
) -> OrderPage:  # fmt: skip
    wanted = OrderFilter(
        text=q, premises=premises, milestones=None if milestone is None else [one.value for one in milestone],
        source=source, window_from=window_from, window_to=window_to,
    )  # fmt: skip
    found = order_list(connection, _reader(caller), wanted, after=read_place(after), most=limit + 1)
    page = found[:limit]
    following = write_place(page[-1].window_from, page[-1].id) if len(found) > limit else None
    return OrderPage(orders=[_summary(one, request) for one in page], next=following)


@router.put(
    "/by-ref/{source}/{number}", summary="Creates or changes an order by its own system's number", dependencies=[Once],
    responses={**_CHANGE, **refusals(**_WHO, _404="There are no such premises"), 201: {"model": OrderOut}},
)  # fmt: skip
def put_order(
    request: Request, response: Response, source: Source, number: Number, wanted: OrderIn, caller: OrderWriter,
    connection: Database, now: Now, if_match: IfMatch = None, if_none_match: IfNoneMatch = None,
) -> OrderOut:  # fmt: skip
    _must_be_source(caller, source)
    if (wanted.lat is None) != (wanted.lon is None):
        raise RefusedError("lat and lon belong together: give both or neither", field="body.lat")
    premises = premises_of(connection, caller, Permission.ORDERS_WRITE, wanted.premises)
    reader = Reader([premises.id], caller.test)
    before = next(iter(order_document(connection, reader, ref=(source, number))), None)
    if before is not None:
        must_match(if_match, etag_of(to_order_out(before, request.app.state.public_url)))
        if if_none_match == "*":
            raise OrdersConflictError(f"order {number} of {source} is on record already, as {before['order_no']}")
    new = to_new_order(wanted, source, number, now, test=caller.test)
    old = None if before is None else as_new_order(before)
    put = put_by_ref(connection, premises.id, new, old, caller.actor, now, request.app.state.places)
    response.status_code = HTTPStatus.CREATED if put.created else HTTPStatus.OK
    return _answer(request, response, connection, reader, put.id)


@router.get("/by-ref/{source}/{number}", summary="One order by its own system's number", responses=_ONE)
def order_by_ref(
    request: Request, response: Response, source: Source, number: Number, caller: OrderReader, connection: Database
) -> OrderOut:
    row = _one(order_document(connection, _reader(caller), ref=(source, number)), f"{number} of {source}")
    return _tagged(response, to_order_out(row, request.app.state.public_url))


@router.get("/{key}", summary="One order", responses=_ONE)
def one_order(request: Request, response: Response, key: Key, caller: OrderReader, connection: Database) -> OrderOut:
    row = _one(order_document(connection, _reader(caller), key=key), key)
    return _tagged(response, to_order_out(row, request.app.state.public_url))


@router.get("/{key}/record", summary="Everything on record about one order", responses=_ONE)
def order_record(request: Request, key: Key, caller: OrderReader, connection: Database) -> OrderRecord:
    row = _one(order_document(connection, _reader(caller), key=key), key)
    trips = [
        TripOfOrder(**{name: getattr(trip, name) for name in TripOfOrder.model_fields if name != "on_the_road_s"},
                    on_the_road_s=_road_s(trip.leg_from, trip.arrived_at or trip.leg_to))
        for trip in order_trips(connection, row["id"])
    ]  # fmt: skip
    doors = [one for one in row["milestones"] if one["known"] == "declared" and one["milestone"] in _AT_THE_DOOR]
    return OrderRecord(
        order=to_order_out(row, request.app.state.public_url), trips=trips, attempts=len(doors),
        messages=[message_out(one) for one in messages_of_order(connection, row["id"])],
        audit=order_audit(connection, row["id"]),
    )  # fmt: skip


@router.post("/{key}/cancel", summary="Cancels an order", dependencies=[Once], responses=_CHANGE)
def cancel_order(
    request: Request, response: Response, key: Key, wanted: Cancellation, caller: OrderWriter, connection: Database,
    now: Now, if_match: IfMatch = None,
) -> OrderOut:  # fmt: skip
    order_id, reader = _for_change(request, caller, connection, key, if_match)
    cancel(connection, order_id, caller.actor, now, wanted.reason)
    return _answer(request, response, connection, reader, order_id)


@router.post(
    "/{key}/milestones", status_code=201, summary="Says that an order has come so far", dependencies=[Once],
    responses=_CHANGE,
)  # fmt: skip
def declare_milestone(
    request: Request, response: Response, key: Key, wanted: MilestoneIn, caller: OrderWriter, connection: Database,
    now: Now, if_match: IfMatch = None,
) -> OrderOut:  # fmt: skip
    order_id, reader = _for_change(request, caller, connection, key, if_match)
    at = wanted.at or now
    if at > now:
        raise RefusedError(f"at lies in the future: {at.isoformat()} is after {now.isoformat()}", field="body.at")
    partial = False
    if wanted.lines:
        partial = _accept(connection, reader, order_id, wanted)
    declare(
        connection, order_id, wanted.milestone, at, caller.actor, reason_code=wanted.reason_code, note=wanted.note,
        partial=partial,
    )  # fmt: skip
    return _answer(request, response, connection, reader, order_id)


_AT_THE_DOOR = (Milestone.DELIVERED, Milestone.FAILED)


def _accept(connection: psycopg.Connection, reader: Reader, order_id: UUID, wanted: MilestoneIn) -> bool:
    """Keeps what was accepted of the lines; whether that is less than all."""
    row = _one(order_document(connection, reader, key=str(order_id)), str(order_id))
    ordered = {line["line_no"]: Decimal(line["quantity"]) for line in row["lines"]}
    for place, line in enumerate(wanted.lines):
        field = f"body.lines.{place}"
        if line.line_no not in ordered:
            lines = ", ".join(str(number) for number in ordered) or "none"
            raise RefusedError(f"the order has no line {line.line_no}; it has: {lines}", field=field)
        if line.accepted_quantity > ordered[line.line_no]:
            says = f"line {line.line_no}: {line.accepted_quantity} is more than the {ordered[line.line_no]} ordered"
            raise RefusedError(says, field=field)
    accepted = {line.line_no: line.accepted_quantity for line in wanted.lines}
    accept_lines(connection, order_id, accepted)
    return any(accepted.get(number, quantity) < quantity for number, quantity in ordered.items())


def _for_change(
    request: Request, caller: Caller, connection: psycopg.Connection, key: str, if_match: str | None
) -> tuple[UUID, Reader]:
    reader = Reader(caller.scope(Permission.ORDERS_WRITE).listed, caller.test)
    row = _one(order_document(connection, reader, key=key), key)
    must_match(if_match, etag_of(to_order_out(row, request.app.state.public_url)))
    order_id: UUID = row["id"]
    return order_id, reader


def _reader(caller: Caller) -> Reader:
    return Reader(caller.scope(Permission.ORDERS_READ).listed, caller.test)


def _one(found: list[dict[str, Any]], what: str) -> dict[str, Any]:
    if not found:
        raise UnknownObjectError(f"there is no order {what}")
    if len(found) > 1:
        raise OrdersConflictError(f"several premises have an order {what}: ask for it by its id")
    return found[0]


def _must_be_source(caller: Caller, source: str) -> None:
    if caller.actor.kind == "order_system" and caller.actor.name != source:
        raise RefusedError(
            f"this key is {caller.actor.name}'s: its orders stand under /v1/orders/by-ref/{caller.actor.name}/",
            field="path.source",
        )


def _answer(
    request: Request, response: Response, connection: psycopg.Connection, reader: Reader, order_id: UUID
) -> OrderOut:
    row = _one(order_document(connection, reader, key=str(order_id)), str(order_id))
    return _tagged(response, to_order_out(row, request.app.state.public_url))


def _tagged(response: Response, order: OrderOut) -> OrderOut:
    response.headers["ETag"] = etag_of(order)
    return order


def _summary(row: Any, request: Request) -> OrderSummary:
    values = {name: getattr(row, name) for name in OrderSummary.model_fields if name != "tracking_url"}
    return OrderSummary(**values, tracking_url=tracking_url(request.app.state.public_url, row.tracking_token))


def _road_s(left_at: datetime | None, there_at: datetime | None) -> float | None:
    return None if left_at is None or there_at is None else (there_at - left_at).total_seconds()
