"""Goods that change hands between trips, as rows. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.audit import Actor
from storage.ids import new_id
from storage.sql import statement


class Transfer(msgspec.Struct, frozen=True):
    """Orders that go from one van to another, and what the two crews said of it."""

    id: UUID
    premises_id: UUID
    premises: str
    from_trip_id: UUID
    from_trip_no: str
    from_vehicle: str
    to_trip_id: UUID
    to_trip_no: str
    to_vehicle: str
    asked_at: datetime
    asked_by: str
    reason: str
    ends_trip: bool
    given_at: datetime | None
    given_by: str | None
    taken_at: datetime | None
    taken_by: str | None
    given_recorded_by: str | None  # "account aino"
    given_reason: str | None  # None: it was the crew member's own word
    taken_recorded_by: str | None
    taken_reason: str | None
    order_nos: list[str]
    order_ids: list[UUID]

    @property
    def state(self) -> str:
        if self.given_at is not None and self.taken_at is not None:
            return "confirmed"
        return "pending" if self.order_ids else "withdrawn"


class StandingBy(msgspec.Struct, frozen=True):
    """A vehicle in service that is on no trip, and its newest fix that counts."""

    name: str
    fixed_at: datetime | None
    lat_e7: int | None
    lon_e7: int | None


def put_transfer(
    connection: psycopg.Connection, premises_id: UUID, from_trip_id: UUID, to_trip_id: UUID,
    order_ids: Sequence[UUID], *, actor: Actor, at: datetime, reason: str, ends_trip: bool,
) -> UUID:  # fmt: skip
    """The id of a transfer that both crews have to confirm."""
    transfer_id = new_id(at)
    values = {
        "id": transfer_id, "premises_id": premises_id, "from_trip_id": from_trip_id, "to_trip_id": to_trip_id,
        "asked_at": at, "actor_kind": actor.kind, "actor": actor.name, "reason": reason, "ends_trip": ends_trip,
    }  # fmt: skip
    connection.execute(statement("put_transfer"), values)
    rows = [{"transfer_id": transfer_id, "order_id": one, "premises_id": premises_id} for one in order_ids]
    with connection.cursor() as cursor:
        cursor.executemany(statement("put_transfer_order"), rows)
    return transfer_id


def lock_transfer(connection: psycopg.Connection, premises_ids: list[UUID] | None, transfer_id: UUID) -> bool:
    """Whether there is this transfer for whoever may see these premises; nobody else confirms it meanwhile."""
    values = {"id": transfer_id, "premises_ids": premises_ids}
    return connection.execute(statement("find_transfer"), values).fetchone() is not None


def transfers(
    connection: psycopg.Connection, premises_ids: list[UUID] | None, *, transfer_id: UUID | None = None,
    trip_id: UUID | None = None, driver_id: UUID | None = None, pending: bool = False,
) -> list[Transfer]:  # fmt: skip
    """Transfers of these premises (None: of all) by when they were asked for, and those of a crew with this driver."""
    values = {
        "premises_ids": premises_ids, "id": transfer_id, "trip_id": trip_id, "driver_id": driver_id, "pending": pending,
    }  # fmt: skip
    return [Transfer(*row) for row in connection.execute(statement("transfers"), values, prepare=False)]


def pending_of_orders(connection: psycopg.Connection, order_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, UUID]]:
    """Order -> (its transfer that is not confirmed yet, the trip that has its goods)."""
    rows = connection.execute(statement("pending_transfers_of_orders"), {"order_ids": list(order_ids)})
    return {order_id: (transfer_id, trip_id) for order_id, transfer_id, trip_id in rows}


def withdraw_order(connection: psycopg.Connection, transfer_id: UUID, order_id: UUID, at: datetime) -> None:
    values = {"transfer_id": transfer_id, "order_id": order_id, "at": at}
    connection.execute(statement("withdraw_transfer_order"), values)


def confirm_transfer(
    connection: psycopg.Connection, transfer_id: UUID, by: str, at: datetime, *, gives: bool, takes: bool,
    actor: Actor, reason: str | None,
) -> None:  # fmt: skip
    """Keeps the word of somebody of the giving or of the taking crew; who recorded it, and why for them."""
    values = {
        "id": transfer_id, "by": by, "at": at, "gives": gives, "takes": takes,
        "recorded_by": f"{actor.kind} {actor.name}", "reason": reason,
    }  # fmt: skip
    connection.execute(statement("confirm_transfer"), values)


def standing_by(connection: psycopg.Connection, premises_id: UUID) -> list[StandingBy]:
    """Vehicles of the premises that could come out for goods: in service, on no trip and planned for none."""
    return [StandingBy(*row) for row in connection.execute(statement("standing_by"), {"premises_id": premises_id})]
