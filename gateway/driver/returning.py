"""A trip comes back: who received what is left and the cash, what was counted, and the trip ends. Commits nothing.

What is aboard and was not found is lost on the ledger; more than is aboard cannot come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

import msgspec
import psycopg

from contract.currencies import decimals_of
from contract.milestones import Milestone
from gateway.dispatch.errors import DispatchConflictError
from gateway.dispatch.leaving import end
from gateway.dispatch.loading import lose, take_out
from gateway.dispatch.plan import OVER
from gateway.driver.yard import Told
from gateway.orders.service import declare
from gateway.refusals import RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.ledger import Aboard, aboard
from storage.orders import is_declared
from storage.trip_returns import CountedCash, CountedGoods, NewReturn, cash_of_trip, put_trip_return, trip_return
from storage.trips import Trip

_MOST_MINOR = 10**12
_GOES_BACK = frozenset({Milestone.FAILED, Milestone.CANCELLED, Milestone.RETURNED})


class ToReturn(msgspec.Struct, frozen=True):
    """What a driver has to bring in, and the orders that are not done with."""

    goods: tuple[Aboard, ...]
    cash: tuple[tuple[str | None, int], ...]
    still_open: tuple[str, ...]
    is_done: bool


class Counted(msgspec.Struct, frozen=True):
    """What somebody at the premises counted with the driver."""

    goods: tuple[tuple[Aboard, Decimal], ...]
    cash: tuple[CountedCash, ...]
    received_by: str | None
    note: str | None


def to_return(connection: psycopg.Connection, trip: Trip) -> ToReturn:
    """What is aboard still, and what was paid in cash."""
    return ToReturn(
        tuple(aboard(connection, trip_ids=[trip.head.id])), tuple(cash_of_trip(connection, trip.head.id)),
        tuple(drop.order_no for drop in trip.drops if drop.milestone not in OVER),
        trip_return(connection, trip.head.id) is not None,
    )  # fmt: skip


def goods_field(one: Aboard) -> str:
    """What the form calls the count of this line."""
    return f"n-{one.order_id}-{'' if one.line_no is None else one.line_no}"


def cash_field(currency: str | None) -> str:
    """What the form calls the cash of this currency."""
    return f"cash-{currency or ''}"


def read_counted(wanted: ToReturn, said: Mapping[str, str]) -> Counted | Told:
    """What the form says, or what is wrong with it."""
    goods = []
    for one in wanted.goods:
        quantity = _decimal(said.get(goods_field(one), ""))
        if quantity is None:
            return Told("return_count", good=False, values={"item": f"{one.order_no} · {one.item}"})
        if quantity > one.quantity:
            most = f"{one.quantity.normalize():f} {one.unit}"
            return Told("return_too_many", good=False, values={"item": f"{one.order_no} · {one.item}", "most": most})
        goods.append((one, quantity))
    cash = []
    for currency, due_minor in wanted.cash:
        paid = _decimal(said.get(cash_field(currency), ""))
        counted_minor = None if paid is None else paid.scaleb(decimals_of(currency))
        if counted_minor is None or counted_minor != counted_minor.to_integral_value() or counted_minor > _MOST_MINOR:
            return Told("return_cash", good=False, values={"currency": currency or ""})
        cash.append(CountedCash(currency, due_minor, int(counted_minor)))
    received_by, note = said.get("received_by", "").strip(), said.get("note", "").strip()
    if (goods or cash) and not received_by:
        return Told("return_who", good=False)
    if not note and (any(one.quantity != found for one, found in goods) or any(
            one.due_minor != one.counted_minor for one in cash)):  # fmt: skip
        return Told("return_why", good=False)
    return Counted(tuple(goods), tuple(cash), received_by or None, note or None)


def bring_back(
    connection: psycopg.Connection, trip: Trip, driver_id: UUID, counted: Counted, actor: Actor, at: datetime
) -> Told | None:
    """Keeps what came back and ends the trip; None: it is kept. The caller holds the trip's lock."""
    try:
        with connection.transaction():
            _bring_back(connection, trip, driver_id, counted, actor, at)
    except RefusedError as error:
        return Told("not_done", good=False, detail=str(error))
    return None


def _bring_back(
    connection: psycopg.Connection, trip: Trip, driver_id: UUID, counted: Counted, actor: Actor, at: datetime
) -> None:
    head = trip.head
    if head.departed_at is None:
        raise DispatchConflictError(f"{head.trip_no} has not left: nothing comes back from it")
    for one, found in counted.goods:
        if found < one.quantity:
            lose(connection, trip, one.order_no, one.line_no, one.quantity - found, actor, at, counted.note or "")
    for drop in sorted(trip.drops, key=lambda each: each.order_id):
        said = drop.milestone is Milestone.RETURNED and is_declared(connection, drop.order_id, drop.milestone, head.id)
        carried = any(one.order_id == drop.order_id for one, _ in counted.goods)
        if drop.milestone is Milestone.FAILED or (drop.milestone in _GOES_BACK and carried and not said):
            declare(connection, drop.order_id, Milestone.RETURNED, at, actor, note=counted.note)
    for order_id in sorted({one.order_id for one, _ in counted.goods}):
        take_out(connection, trip, order_id, actor, at, counted.note)
    goods = [
        CountedGoods(one.order_no, one.line_no, one.item, one.unit, one.quantity, found) for one, found in counted.goods
    ]
    new = NewReturn(
        trip_id=head.id, premises_id=head.premises_id, driver_id=driver_id, at=at, received_by=counted.received_by,
        goods=goods, cash=counted.cash, note=counted.note, recorded_by=f"{actor.kind} {actor.name}",
    )  # fmt: skip
    if not put_trip_return(connection, new):
        raise DispatchConflictError(f"what came back from {head.trip_no} is on record already")
    after = {"trip_no": head.trip_no, "received_by": counted.received_by, "goods": goods, "cash": counted.cash}
    event = AuditEvent(
        at=at, actor=actor, action="trip.brought_back", object_kind="trip", object_id=str(head.id),
        premises_id=head.premises_id, after=after, reason=counted.note,
    )  # fmt: skip
    record(connection, [event])
    if head.declared_ended_at is None:
        end(connection, trip, actor, at, "back at the premises")


def _decimal(text: str) -> Decimal | None:
    """A number of none or more, with a point or a comma; None: it is none."""
    try:
        found = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 <= found < _MOST_MINOR else None
