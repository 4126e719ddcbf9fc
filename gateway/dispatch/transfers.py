"""Goods change hands between two vans: asked for by a plan, confirmed by both crews. Commits nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import psycopg

from contract.milestones import Milestone
from gateway.dispatch.crew_words import Word, spoken
from gateway.dispatch.errors import DispatchConflictError, NoSuchTripError
from gateway.dispatch.leaving import end
from gateway.dispatch.plan import OVER
from gateway.orders.service import declare
from storage.audit import Actor, AuditEvent, record
from storage.events import put_event
from storage.ledger import aboard, put_movements
from storage.legs import join_legs, part_legs
from storage.transfers import (
    Transfer,
    confirm_transfer,
    lock_transfer,
    pending_of_orders,
    put_transfer,
    transfers,
    withdraw_order,
)
from storage.trips import Trip, TripCrew, declare_departure, read_trips

Moves = Iterable[tuple[UUID, UUID, UUID]]  # order, from trip, to trip


def ask_for_transfers(
    connection: psycopg.Connection, premises_id: UUID, moves: Moves, *, departed: set[UUID], actor: Actor, at: datetime,
    reason: str, ends_trip: bool = False,
) -> list[UUID]:  # fmt: skip
    """For orders that were planned on another trip: transfers from wherever their goods are; their ids.

    An order that is planned back before it changed hands needs none; goods in the yard are just loaded elsewhere.
    """
    listed = list(moves)
    pending = pending_of_orders(connection, [order_id for order_id, _, _ in listed])
    wanted: dict[tuple[UUID, UUID], list[UUID]] = {}
    for order_id, from_id, to_id in listed:
        holder = from_id
        if order_id in pending:
            transfer_id, holder = pending[order_id]
            withdraw_order(connection, transfer_id, order_id, at)
        if holder != to_id and holder in departed:
            wanted.setdefault((holder, to_id), []).append(order_id)
    return [
        put_transfer(connection, premises_id, from_id, to_id, orders, actor=actor, at=at, reason=reason,
                     ends_trip=ends_trip)
        for (from_id, to_id), orders in wanted.items()
    ]  # fmt: skip


def confirm(connection: psycopg.Connection, transfer_id: UUID, word: Word, at: datetime) -> Transfer:
    """Somebody of the giving or the taking crew says that the goods changed hands; with the second word they have."""
    own = bool(word.driver_id and transfers(connection, [], transfer_id=transfer_id, driver_id=word.driver_id))
    if not lock_transfer(connection, None if own else word.premises_ids, transfer_id):
        raise NoSuchTripError(f"there is no transfer {transfer_id}")
    transfer = one_transfer(connection, transfer_id)
    if transfer.state != "pending":
        raise DispatchConflictError(f"this transfer is {transfer.state}: nothing of it is open")
    both = read_trips(connection, [transfer.from_trip_id, transfer.to_trip_id], lock=True)
    giver = next(one for one in both if one.head.id == transfer.from_trip_id)
    taker = next(one for one in both if one.head.id == transfer.to_trip_id)
    by = spoken([giver, taker], word, "body.reason")
    member, reason = by.member, by.reason
    gives, takes = _is_of(giver, member), _is_of(taker, member)
    confirm_transfer(
        connection, transfer_id, member.employee_no, at, gives=gives, takes=takes, actor=word.actor, reason=reason
    )
    after = one_transfer(connection, transfer_id)
    said = {"employee_no": member.employee_no, "own_word": reason is None, "gives": gives, "takes": takes,
            "state": after.state, "orders": after.order_nos}  # fmt: skip
    _record(connection, transfer, "transfer.confirmed", word.actor, at, said, reason)
    if after.state == "confirmed":
        _hand_over(connection, after, giver, taker, word.actor, at)
    return after


def one_transfer(connection: psycopg.Connection, transfer_id: UUID) -> Transfer:
    return transfers(connection, None, transfer_id=transfer_id)[0]


def _is_of(trip: Trip, member: TripCrew) -> bool:
    return any(one.driver_id == member.driver_id for one in trip.crew)


def _hand_over(
    connection: psycopg.Connection, transfer: Transfer, giver: Trip, taker: Trip, actor: Actor, at: datetime
) -> None:
    note = f"from {transfer.from_trip_no} ({transfer.from_vehicle}) to {transfer.to_trip_no} ({transfer.to_vehicle})"
    goods = aboard(connection, trip_ids=[giver.head.id], order_ids=transfer.order_ids)
    for trip, sign in ((giver, -1), (taker, 1)):
        moved = [(one, sign * one.quantity) for one in goods]
        put_movements(connection, transfer.premises_id, trip.head.id, "transfer", moved, at=at, actor=actor, note=note)
    part_legs(connection, giver.head.id, transfer.order_ids, at)
    if taker.head.departed_at is None:
        # It came out for these goods and was not seen leaving: it is under way now.
        declare_departure(connection, taker.head.id, at)
    join_legs(connection, taker.head.id, transfer.order_ids, at)
    for drop in sorted(taker.drops, key=lambda one: one.order_id):
        if drop.order_id in transfer.order_ids and drop.milestone is Milestone.QUEUED:
            declare(connection, drop.order_id, Milestone.OUT_FOR_DELIVERY, at, actor, note=note)
    body = {"from_trip": transfer.from_trip_no, "to_trip": transfer.to_trip_no, "orders": transfer.order_nos}
    put_event(connection, "trip.goods_transferred", at, transfer.premises_id, body, trip_id=taker.head.id)
    if transfer.ends_trip:
        _end_when_empty(connection, giver, transfer.reason, actor, at)


def _end_when_empty(connection: psycopg.Connection, giver: Trip, reason: str, actor: Actor, at: datetime) -> None:
    waiting = transfers(connection, None, trip_id=giver.head.id, pending=True)
    is_open = any(drop.milestone not in OVER for drop in giver.drops)
    if not waiting and not is_open and giver.head.declared_ended_at is None:
        end(connection, giver, actor, at, reason)


def _record(
    connection: psycopg.Connection,
    transfer: Transfer,
    action: str,
    actor: Actor,
    at: datetime,
    after: dict[str, object],
    reason: str | None,
) -> None:
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="transfer", object_id=str(transfer.id),
        premises_id=transfer.premises_id, after=after, reason=reason,
    )  # fmt: skip
    record(connection, [event])
