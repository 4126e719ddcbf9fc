"""The manifest of a trip, or of one customer's order on it with nothing of anybody else. Plans nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from gateway.reports.asking import Chosen
from gateway.reports.columns import Column, Row
from gateway.reports.definition import Definition
from gateway.reports.money import amount
from storage.reports import report_rows

COLUMNS = (
    Column("trip_no"), Column("ledger_no"), Column("plan_version", "number"), Column("agents"), Column("vehicle"),
    Column("make"), Column("model"), Column("year", "number"), Column("colour"), Column("plate"), Column("vin"),
    Column("planned_departure", "time"), Column("departed", "time"), Column("returned", "time"),
    Column("drop_no", "number"), Column("order_no"), Column("recipient"), Column("destination"),
    Column("planned_arrival", "time"), Column("window_begins", "time"), Column("window_ends", "time"),
    Column("line_no", "number"), Column("category"), Column("item"), Column("uid"), Column("quantity", "number"),
    Column("unit"), Column("unit_price", "number"), Column("currency"), Column("state"),
)  # fmt: skip


class Manifest:
    def __init__(self, connection: psycopg.Connection, chosen: Chosen) -> None:
        self._connection, self._values = connection, chosen.values()
        # Which place an order has on the trip tells its customer how many others there are.
        self._of_one = chosen.order_id is not None
        self._orders: set[UUID] = set()
        self._units = Decimal(0)

    def rows(self) -> Iterator[Row]:
        for found in report_rows(self._connection, "manifest", self._values):
            order_id, *head, seq, order_no, recipient, address, eta_at, from_at, to_at = found[:22]
            line_no, category, item, uid, quantity, unit, price_minor, currency, milestone = found[22:]
            self._orders.add(order_id)
            self._units += quantity or Decimal(0)
            yield (
                *head, None if self._of_one else seq, order_no, recipient, address, eta_at, from_at, to_at, line_no,
                category, item, uid, quantity, unit, amount(price_minor, currency), currency, milestone,
            )  # fmt: skip

    def summary(self) -> Mapping[str, Any]:
        return {"orders": len(self._orders), "units": self._units}


MANIFEST = Definition(
    name="trip-manifest",
    title="Manifest of a trip",
    rule="NAC 453A (R092-17) 151, ORS 475C.117, 4 CCR 15049.3",
    columns=COLUMNS,
    takes=frozenset({"trip", "order"}),
    needs=(frozenset({"trip"}),),
    read=Manifest,
)
