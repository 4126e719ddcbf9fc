"""What people and order systems do to orders: place, declare, plan on a trip. Commits nothing: the caller does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from contract.milestones import FOLLOWERS, Milestone, may_follow
from contract.reasons import DerivationCause, FailureReason
from gateway.custody.handoffs import AT_THE_DOOR, Handoff, is_told, judge, keep
from gateway.dispatch.handing import goods_leave
from gateway.refusals import ConflictError, NotThereError, RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.derivation_queue import queue_trips
from storage.orders import (
    Declaration,
    NewOrder,
    NewTrip,
    OrderHead,
    is_declared,
    lock_order,
    orders_by_refs,
    put_declaration,
    put_order,
    put_trip,
    set_milestone,
    strangers,
    take_number,
    vehicle_name,
)
from storage.places import OrderPlace

# The clocks of an order system and of ours may differ by so much; more is a wrong time.
CLOCKS_APART = timedelta(minutes=1)


class OrdersError(RefusedError):
    """The orders were left as they are; the message says why and what would work."""


class UnknownObjectError(OrdersError, NotThereError):
    """There is no such order, vehicle, driver or premises here."""


class OrdersConflictError(OrdersError, ConflictError):
    """It cannot be with the orders as they are."""


class MilestoneRefusedError(OrdersError, ConflictError):
    """An order cannot come from its newest milestone to the wanted one."""

    def __init__(self, head: OrderHead, wanted: Milestone) -> None:
        after = FOLLOWERS[head.milestone]
        # In the order in which milestones usually happen: that is how people look for theirs.
        allowed = ", ".join(one for one in Milestone if one in after) or "nothing more"
        super().__init__(f"order {head.order_no} is {head.milestone}: {wanted} cannot follow, allowed: {allowed}")
        self.head = head
        self.wanted = wanted


class PlacedOrder(msgspec.Struct, frozen=True):
    """An order that was placed, with its number for people."""

    id: UUID
    order_no: str


class PlacedTrip(msgspec.Struct, frozen=True):
    """A trip that was planned, with its number for people."""

    id: UUID
    trip_no: str


def place_order(
    connection: psycopg.Connection, premises_id: UUID, order: NewOrder, actor: Actor, place: OrderPlace | None = None
) -> PlacedOrder:
    """Takes the order in under the premises' next number, as received at its `placed_at`.

    Without a `place` it is where the order itself says, if it does.
    """
    if order.window_from >= order.window_to:
        raise OrdersError(
            f"order {order.source_ref} of {order.source}: its window ends at {order.window_to.isoformat()}, "
            f"not after it begins at {order.window_from.isoformat()}",
            field="window_to",
        )
    number = take_number(connection, "test" if order.test else "order", premises_id)
    if number is None:
        raise UnknownObjectError(f"there are no premises {premises_id}")
    order_no = f"test-{number}" if order.test else str(number)
    order_id = put_order(connection, premises_id, order_no, order, order.placed_at, place)
    if order_id is None:
        known = orders_by_refs(connection, premises_id, order.source, [order.source_ref], test=order.test)
        number_here = known[order.source_ref].order_no
        raise OrdersConflictError(f"order {order.source_ref} of {order.source} is on record already, as {number_here}")
    head = OrderHead(
        order_id, premises_id, order_no, order.source_ref, Milestone.RECEIVED, order.placed_at, None, order.test
    )
    _say(connection, head, Milestone.RECEIVED, order.placed_at, actor)
    after = {"order_no": order_no, **msgspec.to_builtins(order)}
    if place is not None and place.source != "order":
        after["place"] = msgspec.to_builtins(place)
    _audit(connection, actor, order.placed_at, "order.placed", head, after=after)
    return PlacedOrder(order_id, order_no)


def declare(
    connection: psycopg.Connection,
    order_id: UUID,
    milestone: Milestone,
    at: datetime,
    actor: Actor,
    *,
    reason_code: str | None = None,
    note: str | None = None,
    partial: bool = False,
    handoff: Handoff = Handoff(),  # noqa: B008 - frozen
) -> OrderHead:
    """Records that somebody says the order reached `milestone` at `at`; the order as it is then.

    1. What fixes showed already may be confirmed once: both are kept, the order stays where it is.
    2. Anything else must be able to follow the order's newest milestone. A handoff that happened out of reach is kept
       all the same, with an exception; the order stays where it is.
    3. A failed handoff needs one of the reason codes, OTHER a note too; delivered needs the profile's proofs.
    """
    head = _locked(connection, order_id)
    _check_time(head, milestone, at, handoff)
    at_the_door = milestone in AT_THE_DOOR
    _check_reason(head, milestone, reason_code, note)
    _check_kind(head, milestone, handoff, partial=partial)
    seen = head.milestone is milestone and not at_the_door
    if seen and not is_declared(connection, order_id, milestone, head.trip_id):
        _say(connection, head, milestone, at, actor, reason_code, note)
        _audit(connection, actor, at, "order.confirmed", head, after=_told(milestone, at, reason_code), reason=note)
        goods_leave(connection, head.id, head.premises_id, milestone, at, actor)
        return head
    if handoff.offline and handoff.door is None and is_told(connection, order_id, milestone, at):
        return head
    follows = may_follow(head.milestone, milestone)
    if not follows and not handoff.offline:
        raise MilestoneRefusedError(head, milestone)
    if at_the_door:
        attempt = judge(connection, head, milestone, handoff, at)
        keep(connection, attempt, at, actor, reason_code=reason_code, note=note, partial=partial)
        head = msgspec.structs.replace(head, trip_id=handoff.trip_id or head.trip_id)
    _say(connection, head, milestone, at, actor, reason_code, note, partial=partial)
    if follows:
        set_milestone(connection, order_id, milestone, at)
    before = {"milestone": head.milestone.value, "at": head.milestone_at}
    after = _told(milestone, at, reason_code)
    _audit(connection, actor, at, "order.declared", head, before=before, after=after, reason=note)
    goods_leave(connection, head.id, head.premises_id, milestone, at, actor)
    return msgspec.structs.replace(head, milestone=milestone, milestone_at=at) if follows else head


def plan_trip(
    connection: psycopg.Connection, trip: NewTrip, actor: Actor, at: datetime, *, told_at: datetime | None = None
) -> PlacedTrip:
    """Puts the orders on a trip of the vehicle in the sequence given; they are queued from `at` on.

    `told_at`: when it is told, if that is later than when it was planned.
    """
    vehicle = vehicle_name(connection, trip.premises_id, trip.vehicle_id)
    if vehicle is None:
        raise UnknownObjectError(f"vehicle {trip.vehicle_id} is not in service at premises {trip.premises_id}")
    if unknown := strangers(connection, trip.premises_id, [one.driver_id for one in trip.crew]):
        raise UnknownObjectError(f"driver {unknown[0]} does not belong to premises {trip.premises_id}")
    if not trip.drops:
        raise OrdersError(f"a trip of {vehicle} needs at least one order")
    heads = {}
    # By id, whatever the sequence: two plans with the same orders then wait for one another instead of for ever.
    for order_id in sorted(drop.order_id for drop in trip.drops):
        heads[order_id] = _ready_for_trip(connection, order_id, trip.premises_id)
    trip_no = f"T-{take_number(connection, 'trip', trip.premises_id):04d}"
    trip_id = put_trip(connection, trip_no, trip, at)
    for drop in trip.drops:
        head = msgspec.structs.replace(heads[drop.order_id], trip_id=trip_id)
        _say(connection, head, Milestone.QUEUED, at, actor)
        set_milestone(connection, head.id, Milestone.QUEUED, at)
    told_at = told_at or at
    planned = {
        "trip_no": trip_no, "vehicle": vehicle, "planned_departure_at": trip.planned_departure_at,
        "orders": [heads[drop.order_id].order_no for drop in trip.drops],
        "crew": [str(one.driver_id) for one in trip.crew], **({"told_at": told_at} if told_at > at else {}),
    }  # fmt: skip
    event = AuditEvent(
        at=at, actor=actor, action="trip.planned", object_kind="trip", object_id=str(trip_id),
        premises_id=trip.premises_id, after=planned,
    )  # fmt: skip
    record(connection, [event])
    if trip.planned_departure_at <= told_at:
        # Entered after the fact: its fixes may be here already.
        queue_trips(connection, [(trip_id, DerivationCause.PLAN_CHANGED)])
    return PlacedTrip(trip_id, trip_no)


def _locked(connection: psycopg.Connection, order_id: UUID) -> OrderHead:
    head = lock_order(connection, order_id)
    if head is None:
        raise UnknownObjectError(f"there is no order {order_id}")
    return head


def _ready_for_trip(connection: psycopg.Connection, order_id: UUID, premises_id: UUID) -> OrderHead:
    head = _locked(connection, order_id)
    if head.test:
        raise OrdersError(f"order {head.order_no} was made with a test key: no trip takes it")
    if head.premises_id != premises_id:
        raise OrdersError(f"order {head.order_no} belongs to other premises than the trip")
    if not may_follow(head.milestone, Milestone.QUEUED):
        raise MilestoneRefusedError(head, Milestone.QUEUED)
    must_have_place(head)
    return head


def must_have_place(head: OrderHead) -> None:
    """An order goes on no trip while nobody knows where its address is."""
    if not head.has_place:
        raise OrdersConflictError(
            f"order {head.order_no} cannot go on a trip: nobody knows yet where its address is; GET "
            f"/v1/addresses/waiting (waybill address waiting) says why, POST /v1/orders/{head.order_no}/pin "
            f"(waybill address pin {head.order_no} LAT LON) says where"
        )


def _check_time(head: OrderHead, milestone: Milestone, at: datetime, handoff: Handoff) -> None:
    if head.placed_at is not None and at < head.placed_at - CLOCKS_APART and not handoff.offline:
        raise OrdersError(
            f"order {head.order_no} was placed at {head.placed_at.isoformat()}: "
            f"it cannot have been {milestone} before, at {at.isoformat()}",
            field="body.at",
        )


def _check_reason(head: OrderHead, milestone: Milestone, reason_code: str | None, note: str | None) -> None:
    codes = [code.value for code in FailureReason]
    known = ", ".join(codes)
    if milestone is Milestone.FAILED and reason_code not in codes:
        raise OrdersError(
            f"order {head.order_no}: a failed handoff needs a reason code, one of {known}; got {reason_code!r}",
            field="reason_code",
        )
    if reason_code == FailureReason.OTHER and not note:
        raise OrdersError(f"order {head.order_no}: the reason OTHER needs a note that says which", field="note")


def _check_kind(head: OrderHead, milestone: Milestone, handoff: Handoff, *, partial: bool) -> None:
    if handoff.offline and (milestone not in AT_THE_DOOR or handoff.trip_id is None):
        says = f"order {head.order_no}: what happened out of reach is delivered or failed, on a trip that is named"
        raise OrdersError(says, field="offline")
    if partial and milestone is not Milestone.DELIVERED:
        raise OrdersError(f"order {head.order_no}: only delivered can be partial, not {milestone}", field="partial")


def _say(
    connection: psycopg.Connection,
    head: OrderHead,
    milestone: Milestone,
    at: datetime,
    actor: Actor,
    reason_code: str | None = None,
    note: str | None = None,
    *,
    partial: bool = False,
) -> None:
    said = Declaration(
        head=head, milestone=milestone, at=at, declared_by=f"{actor.kind} {actor.name}", recorded_at=true_now(),
        trip_id=head.trip_id, reason_code=reason_code, note=note, partial=partial,
    )  # fmt: skip
    put_declaration(connection, said)


def _told(milestone: Milestone, at: datetime, reason_code: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {"milestone": milestone.value, "at": at}
    return told if reason_code is None else {**told, "reason_code": reason_code}


def _audit(
    connection: psycopg.Connection,
    actor: Actor,
    at: datetime,
    action: str,
    head: OrderHead,
    *,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="order", object_id=str(head.id), premises_id=head.premises_id,
        before=before, after=after, reason=reason,
    )  # fmt: skip
    record(connection, [event])
