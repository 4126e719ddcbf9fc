"""How endpoints find the order that is asked for, for whoever may see it, and answer with it. Holds no rules."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

import psycopg
from fastapi import Path, Request, Response

from gateway.api.callers import Caller
from gateway.api.etags import etag_of, is_any, must_match
from gateway.api.order_models import OrderOut, to_order_out
from gateway.api.problems import refusals
from gateway.orders.service import OrdersConflictError, UnknownObjectError
from gateway.people.permissions import Permission
from gateway.refusals import RefusedError
from storage.order_reads import Reader, find_orders, order_document

WHO = {"_401": "No session and no API key", "_403": "No right to orders"}
ONE_ORDER = refusals(**WHO, _404="There is no such order")
CHANGE_ORDER = refusals(
    **WHO, _404="There is no such order", _409="Not with the order as it is", _412="It has changed since it was read"
)
OrderKey = Annotated[str, Path(max_length=64, description="the order's id or its number for people")]
Source = Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$", description="the order system's name")]
OrderNumber = Annotated[str, Path(max_length=100, pattern=r"^[^\x00-\x1f]+$", description="the order's number there")]

_T = TypeVar("_T")


def reader_of(caller: Caller) -> Reader:
    return Reader(caller.scope(Permission.ORDERS_READ).listed, caller.test)


def order_for_change(
    request: Request, caller: Caller, connection: psycopg.Connection, key: str, if_match: str | None
) -> tuple[UUID, Reader]:
    reader = Reader(caller.scope(Permission.ORDERS_WRITE).listed, caller.test)
    if is_any(if_match):
        return one_of(find_orders(connection, reader, key), key), reader
    row = one_of(order_document(connection, reader, key=key), key)
    must_match(if_match, lambda: etag_of(to_order_out(row, request.app.state.public_url)))
    order_id: UUID = row["id"]
    return order_id, reader


def one_of(found: list[_T], what: str) -> _T:
    if not found:
        raise UnknownObjectError(f"there is no order {what}")
    if len(found) > 1:
        raise OrdersConflictError(f"several premises have an order {what}: ask for it by its id")
    return found[0]


def must_be_source(caller: Caller, source: str) -> None:
    if caller.actor.kind == "order_system" and caller.actor.name != source:
        raise RefusedError(
            f"this key is {caller.actor.name}'s: its orders stand under /v1/orders/by-ref/{caller.actor.name}/",
            field="path.source",
        )


def answer_with(
    request: Request, response: Response, connection: psycopg.Connection, reader: Reader, order_id: UUID
) -> OrderOut:
    row = one_of(order_document(connection, reader, key=str(order_id)), str(order_id))
    return tagged(response, to_order_out(row, request.app.state.public_url))


def tagged(response: Response, order: OrderOut) -> OrderOut:
    response.headers["ETag"] = etag_of(order)
    return order
