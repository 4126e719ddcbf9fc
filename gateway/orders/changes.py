"""An order by its system's own number: created or changed; and cancelled. Commits nothing: the caller does."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from contract.milestones import Milestone, may_follow
from gateway.orders.service import MilestoneRefusedError, OrdersConflictError, declare, place_order
from gateway.places.places import Places, set_place
from storage.audit import Actor, AuditEvent, record
from storage.events import put_event
from storage.orders import NewOrder, OrderHead, change_order, lock_order, orders_by_refs
from storage.places import OrderPlace, lock_address

# From the moment that the goods are on the road the record says what was loaded and where it was to go.
_ON_THE_ROAD = frozenset({Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVING_SOON, Milestone.ARRIVED})
_OVER = frozenset({Milestone.DELIVERED, Milestone.RETURNED, Milestone.CANCELLED})
_FROZEN_ON_THE_ROAD = ("address", "lat_e7", "lon_e7", "lines", "currency", "taxes_minor", "fees_minor")


_WHERE = ("address", "lat_e7", "lon_e7")


class Put(msgspec.Struct, frozen=True):
    """What became of an order that was put."""

    id: UUID
    created: bool
    changed: tuple[str, ...] = ()  # names of what is another now


def put_by_ref(
    connection: psycopg.Connection, premises_id: UUID, order: NewOrder, before: NewOrder | None, actor: Actor,
    at: datetime, places: Places,
) -> Put:  # fmt: skip
    """Places the order, or makes the one with its source and number what `order` says, and finds where it is.

    `before` is what is on record now; None: nothing. An order that is the same already is left alone.
    """
    if before is None:
        place = _place(connection, premises_id, order, places, at)
        return Put(place_order(connection, premises_id, order, actor, place).id, created=True)
    head = _locked(connection, premises_id, order)
    order = msgspec.structs.replace(order, placed_at=before.placed_at, test=before.test)
    names = tuple(name for name in order.__struct_fields__ if getattr(order, name) != getattr(before, name))
    if not names:
        return Put(head.id, created=False)
    _must_be_open(head, names)
    if order.window_from >= order.window_to:
        raise OrdersConflictError(f"order {head.order_no}: its window ends before it begins", field="window_to")
    change_order(connection, head, order)
    if any(name in _WHERE for name in names):
        place = _place(connection, premises_id, order, places, at)
        known = lock_address(connection, head.id)
        assert known is not None, "orders are never deleted"
        set_place(connection, known, place, actor, at)
    old, new = _values(before, names), _values(order, names)
    event = AuditEvent(
        at=at, actor=actor, action="order.changed", object_kind="order", object_id=str(head.id),
        premises_id=premises_id, before=old, after=new,
    )  # fmt: skip
    record(connection, [event])
    body = {"order_no": head.order_no, "source": order.source, "source_ref": order.source_ref, "changed": names}
    put_event(connection, "order.changed", at, premises_id, body, order_id=head.id, test=head.test)
    return Put(head.id, created=False, changed=names)


def cancel(connection: psycopg.Connection, order_id: UUID, actor: Actor, at: datetime, reason: str) -> OrderHead:
    """The order is not to be delivered any more. One that is on a trip stays on its record; the crew brings it back."""
    head = lock_order(connection, order_id)
    if head is not None and not may_follow(head.milestone, Milestone.CANCELLED):
        raise MilestoneRefusedError(head, Milestone.CANCELLED)
    return declare(connection, order_id, Milestone.CANCELLED, at, actor, note=reason)


def _place(
    connection: psycopg.Connection, premises_id: UUID, order: NewOrder, places: Places, at: datetime
) -> OrderPlace:
    given = None if order.lat_e7 is None or order.lon_e7 is None else (order.lat_e7, order.lon_e7)
    return places.place_of(connection, premises_id, order.address, given, at)


def _locked(connection: psycopg.Connection, premises_id: UUID, order: NewOrder) -> OrderHead:
    heads = orders_by_refs(connection, premises_id, order.source, [order.source_ref], test=order.test)
    head = lock_order(connection, heads[order.source_ref].id)
    assert head is not None, "orders are never deleted"
    return head


def _must_be_open(head: OrderHead, names: tuple[str, ...]) -> None:
    if head.milestone in _OVER:
        raise OrdersConflictError(f"order {head.order_no} is {head.milestone}: it cannot be changed any more")
    frozen = [name for name in names if name in _FROZEN_ON_THE_ROAD]
    if head.milestone in _ON_THE_ROAD and frozen:
        raise OrdersConflictError(
            f"order {head.order_no} is on the road: {', '.join(frozen)} cannot change; cancel it and place another",
            field=f"body.{frozen[0]}",
        )


def _values(order: NewOrder, names: tuple[str, ...]) -> dict[str, Any]:
    built = msgspec.to_builtins(order)
    return {name: built[name] for name in names}
