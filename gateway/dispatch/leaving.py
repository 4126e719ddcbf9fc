"""A trip leaves, ends or is called off because somebody says so. Detects nothing and commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg

from contract.milestones import Milestone, may_follow
from contract.reasons import DerivationCause
from gateway.dispatch.blocks import Block
from gateway.dispatch.changes import must_be_open
from gateway.dispatch.drafting import plan_of
from gateway.dispatch.errors import DispatchConflictError, DispatchError
from gateway.dispatch.loading import departure_blocks, take_out
from gateway.dispatch.plan import OVER, as_document
from gateway.dispatch.profiles_of import profile_of_trip
from gateway.orders.service import declare
from storage.audit import Actor, AuditEvent, record
from storage.derivation_queue import queue_trips
from storage.events import put_event
from storage.ledger import aboard
from storage.orders import is_declared
from storage.tracking import close_legs, open_legs
from storage.trips import (
    Trip,
    WrittenChange,
    change_trip,
    declare_departure,
    declare_end,
    put_trip_change,
)


class BlockedError(DispatchConflictError):
    """The trip cannot leave; `blocks` say why."""

    def __init__(self, trip_no: str, blocks: Sequence[Block]) -> None:
        says = f"{trip_no} cannot leave: " + "; ".join(one.says for one in blocks)
        if all(one.may_be_overridden for one in blocks):
            rules = ", ".join(sorted({f'"{one.rule}"' for one in blocks}))
            says += f"; the profile lets you go all the same: send override: [{rules}] with a reason"
        super().__init__(says, errors=[{"at": "", "says": one.says, "code": one.rule.value} for one in blocks])


def depart(
    connection: psycopg.Connection, trip: Trip, actor: Actor, at: datetime, *, override: Sequence[str] = (),
    reason: str | None = None,
) -> list[Block]:  # fmt: skip
    """Says that the trip left at `at`, unless something blocks it; what was overridden.

    A departure that fixes showed stays what counts, both are kept.
    """
    head = trip.head
    must_be_open(trip)
    if head.declared_departed_at is not None:
        raise DispatchConflictError(f"{head.trip_no} was said to have left at {head.declared_departed_at.isoformat()}")
    held = departure_blocks(connection, trip, profile_of_trip(connection, head, at), at)
    standing = [one for one in held if not one.may_be_overridden or one.rule not in override]
    # A van that fixes showed leaving is gone: then what should have held it back is only kept.
    if standing and head.departed_at is None:
        raise BlockedError(head.trip_no, standing)
    departed_at = declare_departure(connection, head.id, at)
    goes = [drop for drop in trip.drops if drop.milestone not in OVER]
    open_legs(connection, {str(head.id): departed_at})
    for drop in sorted(goes, key=lambda one: one.order_id):
        said = is_declared(connection, drop.order_id, Milestone.OUT_FOR_DELIVERY, head.id)
        follows = may_follow(drop.milestone, Milestone.OUT_FOR_DELIVERY)
        if not said and (follows or drop.milestone is Milestone.OUT_FOR_DELIVERY):
            declare(connection, drop.order_id, Milestone.OUT_FOR_DELIVERY, at, actor)
    after: dict[str, object] = {"trip_no": head.trip_no, "declared_departed_at": at, "departed_at": departed_at}
    if held:
        after["overridden"] = [{"rule": one.rule, "says": one.says} for one in held]
    _record(connection, trip, "trip.departed", actor, at, {"departed_at": head.departed_at}, after, reason)
    _tell(connection, trip, "trip.departed", at, {"departed_at": departed_at})
    queue_trips(connection, [(head.id, DerivationCause.PLAN_CHANGED)])
    return held


def end(connection: psycopg.Connection, trip: Trip, actor: Actor, at: datetime, reason: str) -> None:
    """Says that the trip, which left, is over; no order may be open on it any more."""
    head = trip.head
    if head.declared_ended_at is not None:
        raise DispatchConflictError(f"{head.trip_no} was said to have ended at {head.declared_ended_at.isoformat()}")
    if head.departed_at is None:
        raise DispatchConflictError(f"{head.trip_no} has not left: cancel it instead")
    if at < head.departed_at:
        raise DispatchError(
            f"{head.trip_no} left at {head.departed_at.isoformat()}: it cannot end before", field="body.at"
        )
    if still := [drop.order_no for drop in trip.drops if drop.milestone not in OVER]:
        raise DispatchConflictError(
            f"orders {', '.join(still)} are still open on {head.trip_no}: deliver, send back or move them first"
        )
    ended_at = declare_end(connection, head.id, at, reason, cancelled=False)
    close_legs(connection, [str(head.id)])
    after = {"trip_no": head.trip_no, "declared_ended_at": at, "ended_at": ended_at}
    _record(connection, trip, "trip.ended", actor, at, {"ended_at": head.ended_at}, after, reason)
    _tell(connection, trip, "trip.ended", at, {"ended_at": ended_at, "reason": reason})
    queue_trips(connection, [(head.id, DerivationCause.PLAN_CHANGED)])


def cancel_trip(
    connection: psycopg.Connection, trip: Trip, actor: Actor, at: datetime, reason: str, *, unloaded: bool = False
) -> None:
    """Calls a trip off that has not left: its orders are ready again, its plan stays on record.

    Nothing may be in its van any more; `unloaded` says that what was is out.
    """
    head = trip.head
    must_be_open(trip)
    if head.departed_at is not None:
        raise DispatchConflictError(f"{head.trip_no} is under way: move or send back its orders, then end it")
    inside = {one.order_id: one.order_no for one in aboard(connection, trip_ids=[head.id])}
    if inside and not unloaded:
        listed = ", ".join(sorted(inside.values()))
        says = f"the goods of orders {listed} are in {head.vehicle}: take them out, and say unloaded: true"
        raise DispatchConflictError(says, field="body.unloaded")
    for order_id in sorted(inside):
        take_out(connection, trip, order_id, actor, at, reason)
    for drop in sorted(trip.drops, key=lambda one: one.order_id):
        if drop.milestone is Milestone.QUEUED:
            declare(connection, drop.order_id, Milestone.READY, at, actor, note=reason)
    plan = plan_of(trip)
    version = change_trip(
        connection, head.id, vehicle_id=head.vehicle_id, planned_departure_at=head.planned_departure_at, drops=(),
        keep_route=True, planned_route=None, at=at,
    )  # fmt: skip
    before, after = as_document(plan), {**as_document(plan), "drops": [], "cancelled": True}
    change = WrittenChange(
        trip=head, plan_version=version, kinds=["cancelled"], at=at, actor=actor, reason=reason, before=before,
        after=after,
    )  # fmt: skip
    put_trip_change(connection, change)
    declare_end(connection, head.id, at, reason, cancelled=True)
    _record(connection, trip, "trip.cancelled", actor, at, before, after, reason)
    _tell(connection, trip, "trip.cancelled", at, {"reason": reason})


def _record(
    connection: psycopg.Connection, trip: Trip, action: str, actor: Actor, at: datetime, before: dict[str, object],
    after: dict[str, object], reason: str | None,
) -> None:  # fmt: skip
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="trip", object_id=str(trip.head.id),
        premises_id=trip.head.premises_id, before=before, after=after, reason=reason,
    )  # fmt: skip
    record(connection, [event])


def _tell(connection: psycopg.Connection, trip: Trip, kind: str, at: datetime, more: dict[str, object]) -> None:
    orders: Sequence[str] = [drop.order_no for drop in trip.drops]
    body = {"trip_no": trip.head.trip_no, "vehicle": trip.head.vehicle, "orders": orders, **more}
    put_event(connection, kind, at, trip.head.premises_id, body, trip_id=trip.head.id)
