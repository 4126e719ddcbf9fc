"""Where orders' addresses are, and doors that are known, in the caller's transaction. Judges nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from storage.order_reads import Reader
from storage.sql import statement


class OrderPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order is to be handed over and how that is known; coordinates None: not known, `problem` says why."""

    lat_e7: int | None = None
    lon_e7: int | None = None
    source: str | None = None  # order, handoffs, pin, index or service
    quality: str | None = None  # door, given, house or near
    problem: str | None = None
    note: str | None = None
    ask_at: datetime | None = None  # true time: when the address service is to be asked


class AddressOfOrder(msgspec.Struct, frozen=True):
    """An order's address and what is known of its place."""

    id: UUID
    premises_id: UUID
    order_no: str
    source: str
    source_ref: str
    address: str
    given: tuple[int, int] | None
    place: OrderPlace
    tries: int  # how often the address service was asked in vain
    milestone: str
    test: bool
    premises_at: tuple[int, int] | None


class KnownDoor(msgspec.Struct, frozen=True, kw_only=True):
    """A door by its address; `known` says how: handoffs, pin or service."""

    address_key: str
    known: str
    address: str
    lat_e7: int
    lon_e7: int
    quality: str
    learned_at: datetime
    n: int = 1  # handoffs that it is the middle of
    spread_m: float | None = None
    said_by: str | None = None
    note: str | None = None


class WaitingAddress(msgspec.Struct, frozen=True):
    """An order whose address needs somebody."""

    id: UUID
    premises: str
    order_no: str
    source: str
    source_ref: str
    customer_name: str
    address: str
    window_from: datetime
    window_to: datetime
    milestone: str
    lat_e7: int | None
    lon_e7: int | None
    given_lat_e7: int | None
    given_lon_e7: int | None
    place_source: str | None
    place_quality: str | None
    place_problem: str | None
    place_note: str | None
    ask_at: datetime | None


class NewVisit(msgspec.Struct, frozen=True):
    """A handoff, and the fixes of the vehicle from its arrival until it left."""

    order_id: UUID
    premises_id: UUID
    address: str
    at: datetime
    fixes: list[tuple[int, int]]


class Visit(msgspec.Struct, frozen=True):
    """Where the vehicle stood at a handoff."""

    lat_e7: int
    lon_e7: int
    at: datetime


def place_columns(place: OrderPlace) -> dict[str, Any]:
    """The parameters of a statement that writes a place."""
    return {f"place_{name}": value for name, value in msgspec.structs.asdict(place).items()}


def set_order_place(connection: psycopg.Connection, order_id: UUID, place: OrderPlace, *, tries: int = 0) -> None:
    values = {**place_columns(place), "order_id": order_id, "place_tries": tries}
    connection.execute(statement("set_order_place"), values)


def lock_address(connection: psycopg.Connection, order_id: UUID) -> AddressOfOrder | None:
    """The order's address, locked until the transaction ends."""
    row = connection.execute(statement("lock_order_address"), {"order_id": order_id}).fetchone()
    if row is None:
        return None
    names = ("lat_e7", "lon_e7", "source", "quality", "problem", "note", "ask_at")
    place = OrderPlace(**dict(zip(names, row[8:15], strict=True)))
    values = (*row[:6], _point(row[6], row[7]), place, *row[15:18], _point(row[18], row[19]))
    return AddressOfOrder(*values)


def doors(connection: psycopg.Connection, premises_id: UUID, address_key: str) -> list[KnownDoor]:
    """What is known of the door with this address, in at most three ways."""
    values = {"premises_id": premises_id, "address_key": address_key}
    names = ("address_key", "known", "address", "lat_e7", "lon_e7", "quality", "n", "spread_m", "said_by", "note",
             "learned_at")  # fmt: skip
    return [KnownDoor(**dict(zip(names, row, strict=True))) for row in connection.execute(statement("doors"), values)]


def put_door(connection: psycopg.Connection, premises_id: UUID, door: KnownDoor) -> None:
    connection.execute(statement("put_door"), {**msgspec.structs.asdict(door), "premises_id": premises_id})


def door_used(connection: psycopg.Connection, premises_id: UUID, address_key: str, known: str, at: datetime) -> None:
    values = {"premises_id": premises_id, "address_key": address_key, "known": known, "at": at}
    connection.execute(statement("door_used"), values)


def forget_learned(connection: psycopg.Connection, premises_id: UUID, address_key: str) -> None:
    """What handoffs taught does not hold any more."""
    connection.execute(statement("forget_door"), {"premises_id": premises_id, "address_key": address_key})


def waiting_addresses(
    connection: psycopg.Connection, reader: Reader, *, unresolved: bool = False,
    after: tuple[datetime, UUID] | None = None, most: int,
) -> list[WaitingAddress]:  # fmt: skip
    """Open orders without a place and, unless only those are wanted, with something against theirs."""
    at, order_id = after or (None, None)
    values = {
        "premises_ids": reader.premises_ids, "test": reader.test, "unresolved": unresolved, "after_at": at,
        "after_id": order_id, "most": most,
    }  # fmt: skip
    return [WaitingAddress(*row) for row in connection.execute(statement("waiting_addresses"), values)]


def unresolved_orders(
    connection: psycopg.Connection, *, premises_id: UUID | None = None, after: UUID | None = None, most: int
) -> list[tuple[UUID, str]]:
    """(id, address) of open orders without a place, in order of their ids."""
    values = {"premises_id": premises_id, "after": after, "most": most}
    return [(row[0], row[1]) for row in connection.execute(statement("unresolved_orders"), values)]


def claim_address(connection: psycopg.Connection, now: datetime, until: datetime) -> tuple[UUID, str] | None:
    """An order whose address is to be asked for now; nobody else asks before `until`."""
    row = connection.execute(statement("claim_address_to_ask"), {"now": now, "until": until}).fetchone()
    return None if row is None else (row[0], row[1])


def new_visits(connection: psycopg.Connection, since: datetime, most: int) -> list[NewVisit]:
    """Handoffs, of orders with a window since then, of which nothing was learned yet."""
    rows = connection.execute(statement("new_door_visits"), {"since": since, "most": most})
    return [NewVisit(row[0], row[1], row[2], row[3], [(lat, lon) for lat, lon in row[4] or []]) for row in rows]


def put_visit(connection: psycopg.Connection, seen: NewVisit, address_key: str, middle: tuple[int, int]) -> None:
    values = {
        "order_id": seen.order_id, "premises_id": seen.premises_id, "address_key": address_key, "at": seen.at,
        "lat_e7": middle[0], "lon_e7": middle[1], "fixes": len(seen.fixes),
    }  # fmt: skip
    connection.execute(statement("put_door_visit"), values)


def visits(connection: psycopg.Connection, premises_id: UUID, address_key: str, most: int) -> list[Visit]:
    """The newest visits to a door since its place was pinned, newest first."""
    values = {"premises_id": premises_id, "address_key": address_key, "most": most}
    return [Visit(*row) for row in connection.execute(statement("door_visits"), values)]


def _point(lat_e7: int | None, lon_e7: int | None) -> tuple[int, int] | None:
    return None if lat_e7 is None or lon_e7 is None else (lat_e7, lon_e7)
