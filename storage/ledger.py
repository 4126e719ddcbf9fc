"""What comes into vehicles and leaves them, as rows: movements, what is aboard, wrong bags. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from storage.audit import Actor
from storage.ids import new_id
from storage.sql import statement


class Goods(msgspec.Struct, frozen=True):
    """One line of an order; line_no None: the order lists none and counts as one piece."""

    order_id: UUID
    order_no: str
    line_no: int | None
    item: str
    tag: str | None
    quantity: Decimal
    unit: str
    unit_price_minor: int | None
    currency: str | None


class Aboard(msgspec.Struct, frozen=True):
    """Goods in a trip's vehicle."""

    trip_id: UUID
    order_id: UUID
    order_no: str
    line_no: int | None
    item: str
    tag: str | None
    quantity: Decimal
    unit: str
    unit_price_minor: int | None
    currency: str | None


class LedgerRow(msgspec.Struct, frozen=True):
    """A movement, and what is aboard after it."""

    at: datetime
    recorded_at: datetime
    kind: str
    order_no: str
    line_no: int | None
    item: str
    tag: str | None
    quantity: Decimal
    unit: str
    unit_price_minor: int | None
    currency: str | None
    balance: Decimal
    value_aboard_minor: Decimal | None
    actor_kind: str
    actor: str
    note: str | None


class WrongBag(msgspec.Struct, frozen=True):
    """A bag in a vehicle where it does not belong, and where it does."""

    order_id: UUID
    order_no: str
    trip_no: str | None
    vehicle: str | None
    was_loaded: bool  # it was on the trip, and was taken off it with its goods aboard


class ExpiredPaper(msgspec.Struct, frozen=True):
    """A document of a vehicle or a person that is not good any more."""

    whose: str
    kind: str
    title: str | None
    expires_on: date


def put_movements(
    connection: psycopg.Connection, premises_id: UUID, trip_id: UUID, kind: str,
    goods: Sequence[tuple[Goods | Aboard, Decimal]], *, at: datetime, actor: Actor, note: str | None = None,
) -> None:  # fmt: skip
    """Records movements of (goods, quantity); a negative quantity leaves the vehicle."""
    recorded_at = true_now()
    rows = [
        {
            "id": new_id(at), "premises_id": premises_id, "trip_id": trip_id, "order_id": one.order_id,
            "line_no": one.line_no, "kind": kind, "item": one.item, "tag": one.tag, "quantity": quantity,
            "unit": one.unit, "unit_price_minor": one.unit_price_minor, "currency": one.currency, "at": at,
            "recorded_at": recorded_at, "actor_kind": actor.kind, "actor": actor.name, "note": note,
        }
        for one, quantity in goods
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(statement("put_movements"), rows)


def aboard(
    connection: psycopg.Connection, *, trip_ids: Sequence[UUID] | None = None, order_ids: Sequence[UUID] | None = None
) -> list[Aboard]:
    """What is aboard of the trips, of the orders, or of both."""
    values = {
        "trip_ids": None if trip_ids is None else list(trip_ids),
        "order_ids": None if order_ids is None else list(order_ids),
    }
    return [Aboard(*row) for row in connection.execute(statement("aboard"), values)]


def goods_of_orders(connection: psycopg.Connection, order_ids: Sequence[UUID]) -> list[Goods]:
    rows = connection.execute(statement("goods_of_orders"), {"order_ids": list(order_ids)})
    return [Goods(*row) for row in rows]


def orders_with_tag(
    connection: psycopg.Connection, premises_id: UUID, trip_id: UUID, tag: str
) -> list[tuple[UUID, int, bool]]:
    """(order, line, whether it goes on this trip) of open orders with goods of this tag, the trip's own first."""
    values = {"premises_id": premises_id, "trip_id": trip_id, "tag": tag}
    return list(connection.execute(statement("orders_with_tag"), values))


def ledger_of_trip(connection: psycopg.Connection, trip_id: UUID) -> list[LedgerRow]:
    return [LedgerRow(*row) for row in connection.execute(statement("ledger_of_trip"), {"trip_id": trip_id})]


def put_wrong_bag(
    connection: psycopg.Connection, premises_id: UUID, trip_id: UUID, order_id: UUID, at: datetime
) -> None:
    values = {"id": new_id(at), "premises_id": premises_id, "trip_id": trip_id, "order_id": order_id, "at": at}
    connection.execute(statement("put_wrong_bag"), values)


def clear_wrong_bag(connection: psycopg.Connection, order_id: UUID, trip_id: UUID | None, at: datetime) -> bool:
    """Whether the bag was in a vehicle (this trip's, or with None any) where it did not belong."""
    values = {"order_id": order_id, "trip_id": trip_id, "at": at}
    return connection.execute(statement("clear_wrong_bag"), values).rowcount > 0


def wrong_bags(connection: psycopg.Connection, trip_id: UUID) -> list[WrongBag]:
    """Bags in the trip's vehicle that are not on its plan."""
    return [WrongBag(*row) for row in connection.execute(statement("wrong_bags_of_trip"), {"trip_id": trip_id})]


def expired_papers(
    connection: psycopg.Connection, vehicle_id: UUID, driver_ids: Sequence[UUID], on_day: date
) -> list[ExpiredPaper]:
    values = {"vehicle_id": vehicle_id, "driver_ids": list(driver_ids), "on_day": on_day}
    return [ExpiredPaper(*row) for row in connection.execute(statement("expired_documents"), values)]


def set_papers(
    connection: psycopg.Connection, trip_id: UUID, ledger_no: str | None, checklist: Sequence[str] | None
) -> None:
    """Keeps the ledger number and what was ticked; None leaves what is there."""
    values = {"trip_id": trip_id, "ledger_no": ledger_no, "checklist": None if checklist is None else list(checklist)}
    connection.execute(statement("set_trip_papers"), values)
