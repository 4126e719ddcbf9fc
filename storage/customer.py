"""Reads what a customer's link may lead to, and keeps the customer's note. Decides nothing about what is shown."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import dict_row

from contract.milestones import Milestone
from storage.sql import statement


class CustomerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order with its shop and the trip that it was planned on last (None: none yet)."""

    id: UUID
    premises_id: UUID
    order_no: str
    customer_name: str
    customer_no: str | None
    customer_language: str | None
    customer_type: str | None
    address: str
    lat_e7: int | None
    lon_e7: int | None
    window_from: datetime
    window_to: datetime
    placed_at: datetime
    currency: str | None
    total_minor: int | None
    taxes_minor: int | None
    fees_minor: int | None
    discount_minor: int | None
    due_minor: int | None
    payment: str | None
    prepared_by: str | None
    milestone: Milestone
    milestone_at: datetime
    customer_note: str | None
    shop: str
    shop_phone: str | None
    tz: str
    licensee: str
    licence_no: str | None
    shop_profile: str | None
    trip_id: UUID | None
    vehicle_id: UUID | None
    departed_at: datetime | None
    ended_at: datetime | None
    profile: str | None
    profile_version: int | None
    seq: int | None
    lines: int
    courier: str | None
    # What is said now of when the van will be there; None: nothing
    p50_at: datetime | None = None
    p90_at: datetime | None = None
    computed_at: datetime | None = None


class Reached(msgspec.Struct, frozen=True):
    """A milestone of the order."""

    milestone: Milestone
    at: datetime
    reason_code: str | None = None
    partial: bool = False


class OtherDoor(msgspec.Struct, frozen=True):
    """The door of another order on the trip; never to be shown. `before`: it is still to be served first."""

    lat_e7: int | None
    lon_e7: int | None
    before: bool


class VehicleFix(msgspec.Struct, frozen=True):
    """Where a vehicle was last, and when."""

    lat_e7: int
    lon_e7: int
    fixed_at: datetime


def customer_order(
    connection: psycopg.Connection, token: str, *, now: datetime, link_days: int
) -> CustomerOrder | None:
    """The order that a link leads to; None alike when it never did, was revoked, or has expired."""
    values = {"token": token, "now": now, "link_days": link_days}
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("customer_order"), values).fetchone()
    return None if row is None else CustomerOrder(**{**row, "milestone": Milestone(row["milestone"])})


def customer_milestones(connection: psycopg.Connection, order_id: UUID) -> list[Reached]:
    """In the order of time."""
    rows = connection.execute(statement("customer_milestones"), {"order_id": order_id})
    return [Reached(Milestone(milestone), *rest) for milestone, *rest in rows]


def other_doors(connection: psycopg.Connection, order: CustomerOrder) -> list[OtherDoor]:
    """Of the trip that the order is on."""
    values = {"trip_id": order.trip_id, "order_id": order.id, "seq": order.seq}
    return [OtherDoor(*row) for row in connection.execute(statement("other_doors"), values)]


def newest_fix_of_vehicle(connection: psycopg.Connection, vehicle_id: UUID) -> VehicleFix | None:
    row = connection.execute(statement("newest_fix_of_vehicle"), {"vehicle_id": vehicle_id}).fetchone()
    return None if row is None else VehicleFix(*row)


def put_customer_note(connection: psycopg.Connection, order_id: UUID, note: str | None, at: datetime) -> None:
    connection.execute(statement("put_customer_note"), {"order_id": order_id, "note": note, "at": at})


def renew_tracking_token(connection: psycopg.Connection, order_id: UUID) -> str:
    """The order's new token."""
    row = connection.execute(statement("renew_tracking_token"), {"order_id": order_id}).fetchone()
    assert row is not None, "orders are never deleted"
    return str(row[0])
