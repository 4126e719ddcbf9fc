"""Writes worked-out changes of trips, and what they mean for the orders. Works nothing out and commits nothing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import psycopg

from contract.milestones import Milestone
from contract.reasons import DerivationCause
from gateway.dispatch.changes import Replanned, WorkedOut
from gateway.dispatch.loading import take_out
from gateway.dispatch.plan import as_document
from gateway.dispatch.transfers import ask_for_transfers
from gateway.dispatch.wanted_changes import SendBack
from gateway.orders.service import declare
from storage.audit import Actor, AuditEvent, record
from storage.derivation_queue import queue_trips
from storage.events import put_event
from storage.legs import join_legs
from storage.trips import WrittenChange, WrittenDrop, change_crew, change_trip, put_trip_change


def write_changes(
    connection: psycopg.Connection, worked: WorkedOut, actor: Actor, at: datetime, reason: str, *,
    ends_trip: bool = False,
) -> list[UUID]:  # fmt: skip
    """Makes every trip what was worked out, keeps the plans before, and tells of it.

    Orders that come from a trip under way wait for both crews: the ids of their transfers. With `ends_trip` the trip
    that gives is over when everything is handed over.
    """
    for order_id, sent_back in worked.sent_back:
        _send_back(connection, order_id, sent_back, actor, at)
    for trip, order_id in worked.taken_out:
        take_out(connection, trip, order_id, actor, at, reason)
    before = {drop.order_id: one for one in worked.trips for drop in one.before.drops}
    after = {drop.order_id: one for one in worked.trips for drop in one.after.drops}
    for order_id in before.keys() - after.keys():
        _ready_again(connection, order_id, before[order_id], actor, at, reason)
    for one in worked.trips:
        _write_plan(connection, one, worked.kinds, actor, at, reason)
    for order_id in sorted(after.keys() - before.keys()):
        declare(connection, order_id, Milestone.QUEUED, at, actor, note=reason)
    moves = [
        (order_id, before[order_id].trip.head.id, to.trip.head.id)
        for order_id, to in after.items()
        if order_id in before and before[order_id] is not to
    ] + [(order_id, worked.trips[0].trip.head.id, to_id) for order_id, to_id in worked.goods_alone]
    departed = {one.trip.head.id for one in worked.trips if one.trip.head.departed_at is not None}
    by_hand = {order_id for order_id, from_id, _ in moves if from_id in departed}
    for one in worked.trips:
        _go_along(connection, one, by_hand, actor, at, reason)
    premises_id = worked.trips[0].trip.head.premises_id
    return ask_for_transfers(
        connection, premises_id, moves, departed=departed, actor=actor, at=at, reason=reason, ends_trip=ends_trip
    )


def _send_back(connection: psycopg.Connection, order_id: UUID, back: SendBack, actor: Actor, at: datetime) -> None:
    declare(connection, order_id, Milestone.FAILED, at, actor, reason_code=back.reason_code, note=back.note)


def _ready_again(
    connection: psycopg.Connection, order_id: UUID, trip: Replanned, actor: Actor, at: datetime, reason: str
) -> None:
    drop = next(one for one in trip.before.drops if one.order_id == order_id)
    if drop.milestone is Milestone.QUEUED:
        declare(connection, order_id, Milestone.READY, at, actor, note=reason)


def _write_plan(
    connection: psycopg.Connection, one: Replanned, kinds: tuple[str, ...], actor: Actor, at: datetime, reason: str
) -> None:
    head, plan = one.trip.head, one.after
    drops = [WrittenDrop(drop.order_id, drop.planned_arrival_at) for drop in plan.drops]
    version = change_trip(
        connection, head.id, vehicle_id=plan.vehicle_id, planned_departure_at=plan.planned_departure_at, drops=drops,
        keep_route=plan.keeps_route, planned_route=plan.planned_route, at=at,
    )  # fmt: skip
    if plan.crew != one.before.crew:
        change_crew(connection, head, [(member.driver_id, member.role) for member in plan.crew])
    before, after = as_document(one.before), as_document(plan)
    change = WrittenChange(
        trip=head, plan_version=version, kinds=kinds, at=at, actor=actor, reason=reason, before=before, after=after
    )
    put_trip_change(connection, change)
    event = AuditEvent(
        at=at, actor=actor, action="trip.changed", object_kind="trip", object_id=str(head.id),
        premises_id=head.premises_id, before=before, after={**after, "plan_version": version}, reason=reason,
    )  # fmt: skip
    record(connection, [event])
    body = {
        "trip_no": head.trip_no, "vehicle": plan.vehicle, "plan_version": version, "kinds": kinds, "reason": reason,
        "planned_departure_at": plan.planned_departure_at, "orders": [drop.order_no for drop in plan.drops],
    }  # fmt: skip
    put_event(connection, "trip.changed", at, head.premises_id, body, trip_id=head.id)
    if head.departed_at is not None:
        # Doors that were passed already may be visits now.
        queue_trips(connection, [(head.id, DerivationCause.PLAN_CHANGED)])


def _go_along(
    connection: psycopg.Connection, one: Replanned, by_hand: set[UUID], actor: Actor, at: datetime, reason: str
) -> None:
    """Orders that came to a trip under way are out for delivery with it from now on."""
    if one.trip.head.departed_at is None:
        return
    new = [drop for drop in one.after.drops if not one.before.holds(drop.order_id) and drop.order_id not in by_hand]
    if not new:
        return
    join_legs(connection, one.trip.head.id, [drop.order_id for drop in new], at)
    for drop in sorted(new, key=lambda each: each.order_id):
        if drop.milestone not in _OUT:
            declare(connection, drop.order_id, Milestone.OUT_FOR_DELIVERY, at, actor, note=reason)


_OUT = frozenset({Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVING_SOON, Milestone.ARRIVED})
