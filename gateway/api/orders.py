"""The router for order systems and dispatchers: orders by their own number, and lists. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contract.milestones import Milestone
from gateway.api.callers import OrderReader, OrderWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch, IfNoneMatch, etag_of, must_match
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.order_access import (
    CHANGE_ORDER,
    ONE_ORDER,
    WHO,
    OrderKey,
    OrderNumber,
    Source,
    answer_with,
    must_be_source,
    one_of,
    order_for_change,
    reader_of,
    tagged,
)
from gateway.api.order_models import OrderIn, OrderOut, as_new_order, to_new_order, to_order_out, tracking_url
from gateway.api.paging import Cursor, Limit, read_place, write_place
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.api.texts import Text
from gateway.orders.changes import cancel, put_by_ref
from gateway.orders.service import OrdersConflictError
from gateway.people.permissions import Permission
from storage.order_reads import OrderFilter, Reader, order_document, order_list

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)


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


class Cancellation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Text


@router.get("", summary="Orders by window", responses=refusals(**WHO))
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
    found = order_list(connection, reader_of(caller), wanted, after=read_place(after), most=limit + 1)
    page = found[:limit]
    public_url = None if caller.test else request.app.state.public_url
    following = write_place(page[-1].window_from, page[-1].id) if len(found) > limit else None
    return OrderPage(orders=[_summary(one, public_url) for one in page], next=following)


@router.put(
    "/by-ref/{source}/{number}", summary="Creates or changes an order by its own system's number", dependencies=[Once],
    responses={**CHANGE_ORDER, **refusals(**WHO, _404="There are no such premises"), 201: {"model": OrderOut}},
)  # fmt: skip
def put_order(
    request: Request, response: Response, source: Source, number: OrderNumber, wanted: OrderIn, caller: OrderWriter,
    connection: Database, now: Now, if_match: IfMatch = None, if_none_match: IfNoneMatch = None,
) -> OrderOut:  # fmt: skip
    must_be_source(caller, source)
    premises = premises_of(connection, caller, Permission.ORDERS_WRITE, wanted.premises)
    reader = Reader([premises.id], caller.test)
    before = next(iter(order_document(connection, reader, ref=(source, number))), None)
    if before is not None:
        must_match(if_match, lambda: etag_of(to_order_out(before, request.app.state.public_url)))
        if if_none_match == "*":
            raise OrdersConflictError(f"order {number} of {source} is on record already, as {before['order_no']}")
    new = to_new_order(wanted, source, number, now, test=caller.test)
    old = None if before is None else as_new_order(before)
    put = put_by_ref(connection, premises.id, new, old, caller.actor, now, request.app.state.places)
    response.status_code = HTTPStatus.CREATED if put.created else HTTPStatus.OK
    return answer_with(request, response, connection, reader, put.id)


@router.get("/by-ref/{source}/{number}", summary="One order by its own system's number", responses=ONE_ORDER)
def order_by_ref(
    request: Request, response: Response, source: Source, number: OrderNumber, caller: OrderReader, connection: Database
) -> OrderOut:
    row = one_of(order_document(connection, reader_of(caller), ref=(source, number)), f"{number} of {source}")
    return tagged(response, to_order_out(row, request.app.state.public_url))


@router.get("/{key}", summary="One order", responses=ONE_ORDER)
def one_order(
    request: Request, response: Response, key: OrderKey, caller: OrderReader, connection: Database
) -> OrderOut:
    row = one_of(order_document(connection, reader_of(caller), key=key), key)
    return tagged(response, to_order_out(row, request.app.state.public_url))


@router.post("/{key}/cancel", summary="Cancels an order", dependencies=[Once], responses=CHANGE_ORDER)
def cancel_order(
    request: Request, response: Response, key: OrderKey, wanted: Cancellation, caller: OrderWriter,
    connection: Database, now: Now, if_match: IfMatch = None,
) -> OrderOut:  # fmt: skip
    order_id, reader = order_for_change(request, caller, connection, key, if_match)
    cancel(connection, order_id, caller.actor, now, wanted.reason)
    return answer_with(request, response, connection, reader, order_id)


def _summary(row: Any, public_url: str | None) -> OrderSummary:
    values = {name: getattr(row, name) for name in OrderSummary.model_fields if name != "tracking_url"}
    return OrderSummary(**values, tracking_url=tracking_url(public_url, row.tracking_token))
