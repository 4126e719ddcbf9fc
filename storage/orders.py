"""Writes orders, what is said of them, and trips in the caller's transaction. Knows no rule of what may follow what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from contract.milestones import Milestone
from storage.ids import new_id
from storage.places import OrderPlace, place_columns
from storage.sql import statement


class NewLine(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of goods of an order; the price is in minor units of the order's currency."""

    item: str
    quantity: Decimal
    unit: str
    category: str | None = None
    tag: str | None = None  # track-and-trace identifier of the goods
    unit_price_minor: int | None = None


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its system hands it over; coordinates None when it gave none."""

    source: str
    source_ref: str
    customer_name: str
    address: str
    window_from: datetime
    window_to: datetime
    placed_at: datetime
    lines: tuple[NewLine, ...] = ()
    customer_phone: str | None = None
    lat_e7: int | None = None
    lon_e7: int | None = None
    note: str | None = None
    currency: str | None = None
    customer_no: str | None = None  # the shop's own number for the customer
    customer_email: str | None = None
    customer_language: str | None = None
    customer_type: str | None = None  # adult, patient or caregiver
    channel: str | None = None  # how it was ordered: web, phone, shop
    prepared_by: str | None = None  # employee number of whoever packed it
    taxes_minor: int | None = None
    fees_minor: int | None = None
    discount_minor: int | None = None
    due_minor: int | None = None  # to be collected at the door
    payment: str | None = None
    test: bool = False  # made with a test key: reaches no customer, driver or report

    @property
    def total_minor(self) -> int | None:
        """What the customer pays in minor units: lines, taxes, fees, less discount; None when a price is unknown."""
        prices = [line.unit_price_minor for line in self.lines]
        if not prices or None in prices:
            return None
        goods = round(sum(line.quantity * (line.unit_price_minor or 0) for line in self.lines))
        return max(0, goods + (self.taxes_minor or 0) + (self.fees_minor or 0) - (self.discount_minor or 0))


class OrderHead(msgspec.Struct, frozen=True):
    """Who an order is and how far it has come; trip_id is that of the trip it was planned on last."""

    id: UUID
    premises_id: UUID
    order_no: str
    source_ref: str
    milestone: Milestone
    milestone_at: datetime
    trip_id: UUID | None
    test: bool = False
    has_place: bool = True  # whether it is known where its address is
    placed_at: datetime | None = None


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said about an order."""

    head: OrderHead
    milestone: Milestone
    at: datetime
    declared_by: str
    recorded_at: datetime
    trip_id: UUID | None
    reason_code: str | None = None
    note: str | None = None
    partial: bool = False


class NewDrop(msgspec.Struct, frozen=True):
    """One order's place on a trip; where it stands in the tuple is its sequence."""

    order_id: UUID
    planned_arrival_at: datetime | None = None


class CrewMember(msgspec.Struct, frozen=True):
    """A driver on a trip; role is driver or second."""

    driver_id: UUID
    role: str = "driver"


class NewTrip(msgspec.Struct, frozen=True, kw_only=True):
    """A trip as planned. The route is [[lon_e7, lat_e7], …] along the streets."""

    premises_id: UUID
    vehicle_id: UUID
    crew: tuple[CrewMember, ...]
    drops: tuple[NewDrop, ...]
    planned_departure_at: datetime
    planned_route: tuple[tuple[int, int], ...] | None = None


def take_number(connection: psycopg.Connection, kind: str, premises_id: UUID) -> int | None:
    """The next number of `kind` (order, test or trip) at these premises; None when there are no such premises."""
    row = connection.execute(statement(f"take_{kind}_no"), {"premises_id": premises_id}).fetchone()
    return None if row is None else int(row[0])


def put_order(
    connection: psycopg.Connection, premises_id: UUID, order_no: str, order: NewOrder, at: datetime,
    place: OrderPlace | None = None,
) -> UUID | None:  # fmt: skip
    """Writes the order and its lines; its id, None when its number there is on record already.

    Its first milestone is the caller's to record.
    Without a `place` it is where the order itself says.
    """
    order_id = new_id(at)
    written = connection.execute(
        statement("put_order"),
        {
            **_columns(order),
            **place_columns(place or as_given(order)),
            "id": order_id,
            "premises_id": premises_id,
            "order_no": order_no,
            "milestone": Milestone.RECEIVED.value,
            "created_at": at,
        },
    )
    if not written.rowcount:
        return None
    _put_lines(connection, order_id, premises_id, order.lines)
    return order_id


def change_order(connection: psycopg.Connection, head: OrderHead, order: NewOrder) -> None:
    """Writes what the order is now in place of what it was; the caller records both."""
    connection.execute(statement("change_order"), {**_columns(order), "id": head.id})
    connection.execute(statement("clear_order_lines"), {"order_id": head.id})
    _put_lines(connection, head.id, head.premises_id, order.lines)


def accept_lines(connection: psycopg.Connection, order_id: UUID, accepted: Mapping[int, Decimal]) -> None:
    """What of each line (by its number) the customer took."""
    rows = [{"order_id": order_id, "line_no": line_no, "quantity": taken} for line_no, taken in accepted.items()]
    with connection.cursor() as cursor:
        cursor.executemany(statement("accept_order_line"), rows)


def accepted_lines(connection: psycopg.Connection, order_id: UUID) -> dict[int | None, Decimal]:
    """What of each line the customer took, where somebody said."""
    return dict(connection.execute(statement("accepted_lines"), {"order_id": order_id}).fetchall())


def as_given(order: NewOrder) -> OrderPlace:
    """The point that the order itself brought."""
    if order.lat_e7 is None:
        return OrderPlace()
    return OrderPlace(lat_e7=order.lat_e7, lon_e7=order.lon_e7, source="order", quality="given")


def _columns(order: NewOrder) -> dict[str, Any]:
    row = {name: getattr(order, name) for name in order.__struct_fields__ if name != "lines"}
    return {**row, "total_minor": order.total_minor}


def _put_lines(connection: psycopg.Connection, order_id: UUID, premises_id: UUID, lines: Sequence[NewLine]) -> None:
    rows = [
        {"order_id": order_id, "premises_id": premises_id, "line_no": number, **msgspec.structs.asdict(line)}
        for number, line in enumerate(lines, 1)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement("put_order_line"), rows)


def lock_order(connection: psycopg.Connection, order_id: UUID) -> OrderHead | None:
    """The order, locked until the transaction ends; None when there is none."""
    row = connection.execute(statement("lock_order"), {"order_id": order_id}).fetchone()
    return None if row is None else _head(row)


def lock_orders(connection: psycopg.Connection, order_ids: Sequence[UUID]) -> None:
    """These orders, locked until the transaction ends, in an order that lets no two wait for one another."""
    connection.execute(statement("lock_orders"), {"order_ids": list(order_ids)})


def orders_by_refs(
    connection: psycopg.Connection, premises_id: UUID, source: str, refs: Sequence[str], *, test: bool = False
) -> dict[str, OrderHead]:
    """Orders of one order system by their numbers there; unknown numbers are left out."""
    values = {"premises_id": premises_id, "source": source, "refs": list(refs), "test": test}
    heads = (_head(row) for row in connection.execute(statement("orders_by_refs"), values))
    return {head.source_ref: head for head in heads}


def milestone_counts(connection: psycopg.Connection, premises_id: UUID) -> dict[Milestone, int]:
    """How many orders of the premises are at each milestone; those without any are left out."""
    rows = connection.execute(statement("milestone_counts"), {"premises_id": premises_id})
    return {Milestone(milestone): count for milestone, count in rows}


def is_declared(connection: psycopg.Connection, order_id: UUID, milestone: Milestone, trip_id: UUID | None) -> bool:
    """Whether somebody said this of the order (on this trip) already."""
    values = {"order_id": order_id, "milestone": milestone.value, "trip_id": trip_id}
    row = connection.execute(statement("is_declared"), values).fetchone()
    return row is not None and bool(row[0])


def put_declaration(connection: psycopg.Connection, said: Declaration) -> None:
    """Keeps the declaration as a milestone of the order."""
    connection.execute(
        statement("put_declared_milestone"),
        {
            "id": new_id(said.at),
            "premises_id": said.head.premises_id,
            "order_id": said.head.id,
            "trip_id": said.trip_id,
            "milestone": said.milestone.value,
            "at": said.at,
            "declared_by": said.declared_by,
            "reason_code": said.reason_code,
            "note": said.note,
            "partial": said.partial,
            "recorded_at": said.recorded_at,
        },
    )


def set_milestone(connection: psycopg.Connection, order_id: UUID, milestone: Milestone, at: datetime) -> None:
    """Makes this the order's newest milestone."""
    values = {"order_id": order_id, "milestone": milestone.value, "at": at}
    connection.execute(statement("set_order_milestone"), values)


def vehicle_name(connection: psycopg.Connection, premises_id: UUID, vehicle_id: UUID) -> str | None:
    """The vehicle's name when it is in service at these premises."""
    values = {"vehicle_id": vehicle_id, "premises_id": premises_id}
    row = connection.execute(statement("vehicle_of_premises"), values).fetchone()
    return None if row is None else str(row[0])


def strangers(connection: psycopg.Connection, premises_id: UUID, driver_ids: Sequence[UUID]) -> list[UUID]:
    """Those of the drivers who do not belong to the premises."""
    values = {"driver_ids": list(driver_ids), "premises_id": premises_id}
    known = {driver_id for (driver_id,) in connection.execute(statement("drivers_of_premises"), values)}
    return [driver_id for driver_id in driver_ids if driver_id not in known]


def put_trip(connection: psycopg.Connection, trip_no: str, trip: NewTrip, at: datetime) -> UUID:
    """Writes the trip with its crew and drops; its id."""
    trip_id = new_id(at)
    whose = {"trip_id": trip_id, "premises_id": trip.premises_id}
    connection.execute(
        statement("put_trip"),
        {
            "id": trip_id,
            "premises_id": trip.premises_id,
            "trip_no": trip_no,
            "vehicle_id": trip.vehicle_id,
            "planned_departure_at": trip.planned_departure_at,
            "planned_route": None if trip.planned_route is None else Jsonb(trip.planned_route),
            "created_at": at,
        },
    )
    drops = [
        {
            **whose,
            "id": new_id(at),
            "order_id": drop.order_id,
            "seq": seq,
            "planned_arrival_at": drop.planned_arrival_at,
        }
        for seq, drop in enumerate(trip.drops, 1)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            statement("put_trip_crew"), [{**whose, "driver_id": one.driver_id, "role": one.role} for one in trip.crew]
        )
        cursor.executemany(statement("put_trip_drop"), drops)
    return trip_id


def _head(row: tuple[Any, ...]) -> OrderHead:
    id_, premises_id, order_no, source_ref, milestone, *others = row
    return OrderHead(id_, premises_id, order_no, source_ref, Milestone(milestone), *others)
