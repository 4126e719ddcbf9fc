"""The router for whoever has to take a customer's link back: another one in its place. Holds no rules."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.callers import OrderWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.order_access import OrderKey, order_for_change
from gateway.api.order_models import tracking_url
from gateway.api.problems import refusals
from gateway.api.texts import Text
from gateway.customer.links import renew_link
from gateway.orders.service import OrdersConflictError
from storage.orders import lock_order

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)


class Revocation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(description="why the link is taken back", examples=["sent to the wrong number"])


class NewLink(BaseModel):
    order_no: str
    tracking_url: str | None = Field(description="the new link; null while no public address is set")


@router.post(
    "/{key}/tracking-link", summary="Replaces the customer's link; the old one leads nowhere from then on",
    dependencies=[Once], status_code=201,
    responses=refusals(_401="No session and no API key", _403="No right to orders", _404="There is no such order",
                       _409="A test order, or several premises have an order of this number"),
)  # fmt: skip
def replace_link(
    request: Request, key: OrderKey,
    wanted: Revocation, caller: OrderWriter, connection: Database, now: Now,
) -> NewLink:  # fmt: skip
    order_id, _reader = order_for_change(request, caller, connection, key, None)
    head = lock_order(connection, order_id)
    assert head is not None, "orders are never deleted"
    if head.test:
        raise OrdersConflictError(f"order {head.order_no} was made with a test key: it has no customer's page")
    token = renew_link(connection, head, caller.actor, now, wanted.reason)
    return NewLink(order_no=head.order_no, tracking_url=tracking_url(request.app.state.public_url, token))
