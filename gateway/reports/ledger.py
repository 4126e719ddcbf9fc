"""The inventory ledger: every movement of goods with what is aboard after it, as units and as value. Moves nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from gateway.reports.asking import Chosen
from gateway.reports.columns import Column, Row
from gateway.reports.definition import Definition
from gateway.reports.money import amount
from storage.reports import report_rows

COLUMNS = (
    Column("trip_no"), Column("ledger_no"), Column("vehicle"), Column("plate"), Column("driver"), Column("phase"),
    Column("moved", "time"), Column("movement"), Column("order_no"), Column("line_no", "number"), Column("category"),
    Column("item"), Column("uid"), Column("quantity", "number"), Column("unit"), Column("balance", "number"),
    Column("unit_price", "number"), Column("value_aboard", "number"), Column("unordered_value", "number"),
    Column("currency"), Column("recorded_by"), Column("note"), Column("recorded", "time"),
)  # fmt: skip


class _Movement(msgspec.Struct, frozen=True):
    """A row as the statement gives it."""

    trip_id: UUID
    trip_no: str
    ledger_no: str | None
    vehicle: str
    plate: str | None
    crew: str | None
    departed_at: datetime | None
    at: datetime
    kind: str
    order_id: UUID
    order_no: str
    line_no: int | None
    category: str | None
    item: str
    tag: str | None
    quantity: Decimal
    unit: str
    unit_price_minor: int | None
    currency: str | None
    cancelled_at: datetime | None
    actor: str
    note: str | None
    recorded_at: datetime


class Aboard:
    """What is in one trip's vehicle, movement by movement."""

    def __init__(self) -> None:
        self._lines: dict[tuple[UUID, int | None], tuple[Decimal, _Movement]] = {}

    def move(self, one: _Movement) -> Decimal:
        """What is left of the line."""
        key = (one.order_id, one.line_no)
        left = self._lines.get(key, (Decimal(0), one))[0] + one.quantity
        self._lines[key] = (left, one)
        if not left:
            del self._lines[key]
        return left

    def value(self, at: datetime, *, unordered: bool = False) -> Decimal | None:
        """At retail price; None: a price is not known, or there are several currencies.

        Unordered: of orders that were cancelled by then; goods without an order cannot be loaded.
        """
        inside = [
            (left, one) for left, one in self._lines.values()
            if not unordered or (one.cancelled_at is not None and one.cancelled_at <= at)
        ]  # fmt: skip
        if any(one.unit_price_minor is None for _, one in inside) or len({one.currency for _, one in inside}) > 1:
            return None
        return sum((left * (one.unit_price_minor or 0) for left, one in inside), Decimal(0))


class Ledger:
    def __init__(self, connection: psycopg.Connection, chosen: Chosen) -> None:
        self._connection, self._values = connection, chosen.values()
        self._trips = 0
        self._sums = dict.fromkeys(("loaded", "delivered", "returned", "transferred", "lost"), Decimal(0))

    def rows(self) -> Iterator[Row]:
        trip_id, aboard = None, Aboard()
        for found in report_rows(self._connection, "ledger", self._values):
            one = _Movement(*found)
            if one.trip_id != trip_id:
                trip_id, aboard = one.trip_id, Aboard()
                self._trips += 1
            self._sums[_SUMMED[one.kind]] += one.quantity
            yield _row(one, aboard.move(one), aboard)

    def summary(self) -> Mapping[str, Any]:
        out = {f"units_{name}": -self._sums[name] for name in ("delivered", "returned", "lost")}
        return {
            "trips": self._trips,
            "units_loaded": self._sums["loaded"],
            **out,
            "units_transferred": self._sums["transferred"],  # negative: more went to others than came from them
            "units_left_aboard": sum(self._sums.values(), Decimal(0)),
        }


_SUMMED = {
    "load": "loaded", "restock": "loaded", "deliver": "delivered", "return": "returned", "transfer": "transferred",
    "loss": "lost",
}  # fmt: skip


def _row(one: _Movement, left: Decimal, aboard: Aboard) -> Row:
    on_the_road = one.departed_at is not None and one.at >= one.departed_at
    return (
        one.trip_no, one.ledger_no, one.vehicle, one.plate, one.crew,
        "after departure" if on_the_road else "before departure", one.at, one.kind, one.order_no, one.line_no,
        one.category, one.item, one.tag, one.quantity, one.unit, left, amount(one.unit_price_minor, one.currency),
        amount(aboard.value(one.at), one.currency), amount(aboard.value(one.at, unordered=True), one.currency),
        one.currency, one.actor, one.note, one.recorded_at,
    )  # fmt: skip


LEDGER = Definition(
    name="inventory-ledger",
    title="Delivery inventory ledger",
    rule="4 CCR 15418(e), 15049.3",
    columns=COLUMNS,
    takes=frozenset({"trip", "vehicle", "period"}),
    needs=(frozenset({"trip", "period"}),),
    read=Ledger,
)
