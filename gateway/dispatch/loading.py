"""Orders into a van and out of it, by tick or scan, and what a trip's departure is blocked by. Commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from contract.milestones import Milestone
from gateway.dispatch.blocks import Bag, Block, Leaving, Line, Misplaced, Out, blocks
from gateway.dispatch.changes import must_be_open
from gateway.dispatch.errors import DispatchConflictError, DispatchError, NoSuchTripError
from gateway.dispatch.labels import order_of_label
from gateway.dispatch.profile import Profile
from storage.audit import Actor, AuditEvent, record
from storage.ledger import (
    Aboard,
    Goods,
    aboard,
    clear_wrong_bag,
    expired_papers,
    goods_of_orders,
    orders_with_tag,
    put_movements,
    put_wrong_bag,
    wrong_bags,
)
from storage.transfers import transfers
from storage.trips import Trip, TripOrder, find_order, open_trips_of, read_trips

Result = Literal["loaded", "already_loaded", "wrong_bag", "unloaded", "not_aboard"]


class Scanned(msgspec.Struct, frozen=True):
    """What a scan or tick did."""

    result: Result
    order_no: str
    says: str
    trip_no: str | None = None  # where a wrong bag belongs
    vehicle: str | None = None


def load(
    connection: psycopg.Connection, trip: Trip, premises_ids: list[UUID] | None, code: str, actor: Actor, at: datetime
) -> Scanned:
    """Takes the order, or the goods with this tag, into the van; a bag of another trip is told and remembered."""
    must_be_open(trip)
    order, line_no = _find(connection, trip, premises_ids, code)
    if not any(drop.order_id == order.id for drop in trip.drops):
        return _wrong_bag(connection, trip, order, actor, at)
    if order.milestone is Milestone.CANCELLED:
        raise DispatchConflictError(f"order {order.order_no} is cancelled: leave its goods here", field="body.code")
    inside = {one.line_no: one.quantity for one in aboard(connection, trip_ids=[trip.head.id], order_ids=[order.id])}
    elsewhere = [one for one in aboard(connection, order_ids=[order.id]) if one.trip_id != trip.head.id]
    if elsewhere:
        says = f"order {order.order_no} is aboard of another trip: unload it there, or hand it over by a transfer"
        raise DispatchConflictError(says, field="body.code")
    wanted = [
        (one, one.quantity - inside.get(one.line_no, Decimal(0)))
        for one in goods_of_orders(connection, [order.id])
        if line_no is None or one.line_no == line_no
    ]
    missing = [(one, quantity) for one, quantity in wanted if quantity > 0]
    if not missing:
        return Scanned("already_loaded", order.order_no, f"order {order.order_no} is loaded already")
    clear_wrong_bag(connection, order.id, None, at)
    kind = "load" if trip.head.departed_at is None else "restock"
    put_movements(connection, trip.head.premises_id, trip.head.id, kind, missing, at=at, actor=actor)
    _tell(connection, trip, "order.loaded", order.id, missing, actor, at)
    items = ", ".join(one.item for one, _ in missing)
    return Scanned("loaded", order.order_no, f"order {order.order_no}: {items}")


def unload(
    connection: psycopg.Connection, trip: Trip, premises_ids: list[UUID] | None, code: str, actor: Actor, at: datetime
) -> Scanned:
    """Takes the order, or the goods with this tag, out of the trip's van."""
    order, line_no = _find(connection, trip, premises_ids, code)
    was_wrong = clear_wrong_bag(connection, order.id, trip.head.id, at)
    taken = take_out(connection, trip, order.id, actor, at, line_no=line_no)
    if not taken and not was_wrong:
        return Scanned("not_aboard", order.order_no, f"order {order.order_no} was not in this van")
    if not taken:
        _tell(connection, trip, "order.unloaded", order.id, [], actor, at)
    return Scanned("unloaded", order.order_no, f"order {order.order_no} is out of the van")


def take_out(
    connection: psycopg.Connection, trip: Trip, order_id: UUID, actor: Actor, at: datetime, note: str | None = None, *,
    line_no: int | None = None,
) -> bool:  # fmt: skip
    """Whether anything of the order (or of this line of it) was in the trip's van; now it is out."""
    inside = [
        (one, -one.quantity)
        for one in aboard(connection, trip_ids=[trip.head.id], order_ids=[order_id])
        if line_no is None or one.line_no == line_no
    ]
    if inside:
        put_movements(connection, trip.head.premises_id, trip.head.id, "return", inside, at=at, actor=actor, note=note)
        _tell(connection, trip, "order.unloaded", order_id, inside, actor, at, note)
    return bool(inside)


def lose(
    connection: psycopg.Connection, trip: Trip, order_no: str, line_no: int | None, quantity: Decimal | None,
    actor: Actor, at: datetime, note: str,
) -> None:  # fmt: skip
    """Goods that are aboard no more, and that nobody got: broken, stolen, seized."""
    inside = [one for one in aboard(connection, trip_ids=[trip.head.id]) if one.order_no == order_no]
    found = [one for one in inside if line_no is None or one.line_no == line_no]
    if not found:
        raise DispatchConflictError(f"nothing of order {order_no} is aboard of {trip.head.trip_no}", field="body.order")
    if quantity is not None and (len(found) > 1 or quantity > found[0].quantity):
        has = "; ".join(f"line {one.line_no}: {one.quantity.normalize():f} {one.unit}" for one in found)
        raise DispatchError(f"name one line and no more than is aboard of it: {has}", field="body.quantity")
    lost = [(one, -(one.quantity if quantity is None else quantity)) for one in found]
    put_movements(connection, trip.head.premises_id, trip.head.id, "loss", lost, at=at, actor=actor, note=note)
    event = AuditEvent(
        at=at, actor=actor, action="goods.lost", object_kind="trip", object_id=str(trip.head.id),
        premises_id=trip.head.premises_id, reason=note,
        after={"order_no": order_no, "lost": [{"item": one.item, "quantity": -amount} for one, amount in lost]},
    )  # fmt: skip
    record(connection, [event])


def bags_of(connection: psycopg.Connection, trip: Trip) -> tuple[Bag, ...]:
    """The trip's orders that are not over, or are cancelled, with what is aboard of each."""
    drops = [drop for drop in trip.drops if drop.milestone not in _GONE]
    inside = {(one.order_id, one.line_no): one.quantity for one in aboard(connection, trip_ids=[trip.head.id])}
    goods: dict[UUID, list[Goods]] = {}
    for one in goods_of_orders(connection, [drop.order_id for drop in drops]):
        goods.setdefault(one.order_id, []).append(one)
    return tuple(
        Bag(
            drop.order_id, drop.order_no, tuple(_line(one, inside) for one in goods[drop.order_id]),
            is_cancelled=drop.milestone is Milestone.CANCELLED, has_place=drop.lat_e7 is not None,
            total_minor=drop.total_minor, due_minor=drop.due_minor,
        )
        for drop in trip.drops
        if drop in drops
    )  # fmt: skip


def departure_blocks(connection: psycopg.Connection, trip: Trip, profile: Profile, at: datetime) -> list[Block]:
    """Everything that holds the trip back from leaving at `at`."""
    head = trip.head
    day = at.astimezone(ZoneInfo(head.tz)).date()
    papers = expired_papers(connection, head.vehicle_id, [one.driver_id for one in trip.crew], day)
    leaving = Leaving(
        at=at, tz=head.tz, hours={day: (span[0], span[1]) for day, span in head.hours.items()}, crew=len(trip.crew),
        bags=bags_of(connection, trip),
        misplaced=tuple(
            Misplaced(one.order_no, one.trip_no, one.vehicle, one.was_loaded)
            for one in wrong_bags(connection, head.id)
        ),
        out=_out(connection, trip, at), ledger_no=head.ledger_no, ticked=tuple(head.checklist),
        expired=tuple(f"{one.kind} of {one.whose} ended on {one.expires_on}" for one in papers),
    )  # fmt: skip
    return blocks(leaving, profile)


def _out(connection: psycopg.Connection, trip: Trip, at: datetime) -> tuple[Out, ...]:
    """Trips under way with this vehicle or crew, but for one whose goods this trip comes out for."""
    crew = {one.driver_id for one in trip.crew}
    others = {*open_trips_of(connection, trip.head.vehicle_id, sorted(crew))} - {trip.head.id}
    if others:
        others -= {one.from_trip_id for one in transfers(connection, None, trip_id=trip.head.id, pending=True)}
    return tuple(
        Out(
            other.head.trip_no, other.head.vehicle if other.head.vehicle_id == trip.head.vehicle_id else None,
            tuple(one.employee_no for one in other.crew if one.driver_id in crew),
        )
        for other in read_trips(connection, sorted(others))
        if other.head.departed_at is not None and other.head.departed_at <= at
    )  # fmt: skip


def total_value_minor(goods: Sequence[Aboard]) -> int | None:
    """What is aboard, at retail price; None: a price is not known."""
    if any(one.unit_price_minor is None for one in goods):
        return None
    return round(sum((one.quantity * (one.unit_price_minor or 0) for one in goods), Decimal(0)))


_GONE = frozenset({Milestone.DELIVERED, Milestone.FAILED, Milestone.RETURNED})


def _line(one: Goods, inside: dict[tuple[UUID, int | None], Decimal]) -> Line:
    here = inside.get((one.order_id, one.line_no), Decimal(0))
    return Line(one.item, one.quantity, here, one.unit, one.unit_price_minor, one.currency)


def _find(
    connection: psycopg.Connection, trip: Trip, premises_ids: list[UUID] | None, code: str
) -> tuple[TripOrder, int | None]:
    """The order of a label, of a number or id, or of goods with this tag (then with their line)."""
    key = order_of_label(code) or code
    order = find_order(connection, premises_ids, trip.head.premises_id, key)
    if order is not None:
        return order, None
    tagged = orders_with_tag(connection, trip.head.premises_id, trip.head.id, code)
    inside = {(one.order_id, one.line_no) for one in aboard(connection, trip_ids=[trip.head.id])}
    # The same tag may stand for goods of several orders: one that is missing still is meant before one that is not.
    tagged.sort(key=lambda one: (not one[2], (one[0], one[1]) in inside))
    if not tagged:
        raise NoSuchTripError(f"no order and no goods have the code {code!r}", field="body.code")
    order_id, line_no, _ = tagged[0]
    order = find_order(connection, premises_ids, trip.head.premises_id, str(order_id))
    assert order is not None, "it was found among the premises' orders just now"
    return order, line_no


def _wrong_bag(connection: psycopg.Connection, trip: Trip, order: TripOrder, actor: Actor, at: datetime) -> Scanned:
    put_wrong_bag(connection, trip.head.premises_id, trip.head.id, order.id, at)
    where = f"trip {order.trip_no} ({order.vehicle})" if order.trip_no else "no trip"
    _tell(connection, trip, "order.in_wrong_van", order.id, [], actor, at)
    says = f"order {order.order_no} does not go with {trip.head.trip_no}: it belongs to {where}; take it out again"
    return Scanned("wrong_bag", order.order_no, says, order.trip_no, order.vehicle)


def _tell(
    connection: psycopg.Connection, trip: Trip, action: str, order_id: UUID,
    goods: Sequence[tuple[Goods | Aboard, Decimal]], actor: Actor, at: datetime, reason: str | None = None,
) -> None:  # fmt: skip
    head = trip.head
    moved = [{"line_no": one.line_no, "item": one.item, "quantity": quantity} for one, quantity in goods]
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="order", object_id=str(order_id), premises_id=head.premises_id,
        after={"trip_no": head.trip_no, "vehicle": head.vehicle, "goods": moved}, reason=reason,
    )  # fmt: skip
    record(connection, [event])
