"""What a driver says on the road: all is well, help, arrived, why the van stood. Commits nothing.

Each deed is the one that the JSON API does; what is refused leaves nothing behind and comes back in words.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import psycopg

from contract.milestones import Milestone
from contract.reasons import StopReason
from gateway.derive.reasons import give_reason
from gateway.dispatch.check_ins import Said, check_in
from gateway.dispatch.crew_words import Word
from gateway.driver.yard import Told
from gateway.orders.service import declare
from gateway.refusals import RefusedError
from storage.audit import Actor
from storage.exceptions import stop_head
from storage.trips import Trip, as_uuid

# What a driver may answer, the likeliest first. What only fixes show (at a door, at the premises) is no answer.
OFFERED = (
    StopReason.TRAFFIC, StopReason.DELIVERY_ATTEMPT, StopReason.FUEL, StopReason.REST, StopReason.DETOUR,
    StopReason.ROAD_UNSAFE, StopReason.VEHICLE_REPAIR, StopReason.ACCIDENT, StopReason.LAW_ENFORCEMENT,
    StopReason.EMERGENCY, StopReason.PERSONAL, StopReason.OTHER,
)  # fmt: skip


def all_is_well(connection: psycopg.Connection, trip: Trip, driver_id: UUID, actor: Actor, at: datetime) -> Told | None:
    """A check-in; None: it is kept."""
    return _say(connection, trip, driver_id, actor, at, "interval")


def call_for_help(
    connection: psycopg.Connection, trip: Trip, driver_id: UUID, actor: Actor, at: datetime
) -> Told | None:
    """Everybody on duty is warned; None: it is on its way."""
    return _say(connection, trip, driver_id, actor, at, "emergency")


def arrive(connection: psycopg.Connection, trip: Trip, order: str, actor: Actor, at: datetime) -> Told | None:
    """The driver is at the door of this order; None: it is kept."""
    order_id = as_uuid(order)
    if order_id not in {drop.order_id for drop in trip.drops}:
        return Told("not_on_trip", good=False)

    def deed() -> None:
        assert order_id is not None, "it is one of the drops"
        declare(connection, order_id, Milestone.ARRIVED, at, actor)

    return _done(connection, deed)


def say_why(
    connection: psycopg.Connection, trip: Trip, stop: str, code: str, note: str, actor: Actor, at: datetime
) -> Told | None:
    """The reason of a stop; None: it is kept."""
    if code not in OFFERED:
        return Told("why_choose", good=False)
    if code == StopReason.OTHER and not note:
        return Told("why_note", good=False)
    stop_id = as_uuid(stop)
    head = None if stop_id is None else stop_head(connection, stop_id)
    if head is None or head.trip_id != trip.head.id:
        return Told("not_on_trip", good=False)

    def deed() -> None:
        give_reason(connection, head, code, note or None, actor=actor, at=at)

    return _done(connection, deed)


def _say(
    connection: psycopg.Connection, trip: Trip, driver_id: UUID, actor: Actor, at: datetime, kind: str
) -> Told | None:
    word = Word(actor=actor, driver_id=driver_id, premises_ids=[], employee_no=None, reason=None)
    return _done(connection, lambda: check_in(connection, trip, word, Said(kind=kind, at=at, channel="app"), at))


def _done(connection: psycopg.Connection, deed: Callable[[], object]) -> Told | None:
    try:
        with connection.transaction():
            deed()
    except RefusedError as error:
        return Told("not_done", good=False, detail=str(error))
    return None
