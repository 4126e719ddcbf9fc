"""The demo's orders, trips and handoffs as requests to the api. Asks nobody."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from gateway.orders.csv_day import LINE_COLUMNS, ORDER_COLUMNS
from storage.orders import NewOrder
from waybill.demo.catalogue import PREMISES_CODE
from waybill.demo.deeds import Deed

_DEGREES = 1e7


def order_body(order: NewOrder) -> dict[str, Any]:
    """An order as its system hands it over."""
    named = {name: value for name, value in msgspec.to_builtins(order).items() if value is not None}
    for name in ("source", "source_ref", "test"):
        named.pop(name, None)
    lat_e7, lon_e7 = named.pop("lat_e7"), named.pop("lon_e7")
    named["lines"] = [{name: value for name, value in line.items() if value is not None} for line in named["lines"]]
    return {**named, "premises": PREMISES_CODE, "lat": lat_e7 / _DEGREES, "lon": lon_e7 / _DEGREES}


def orders_file(orders: Sequence[NewOrder]) -> bytes:
    """Many orders as one CSV file: a row for each line of goods."""
    file = io.StringIO(newline="")
    rows = csv.DictWriter(file, (*ORDER_COLUMNS, *LINE_COLUMNS))
    rows.writeheader()
    for order in orders:
        body = order_body(order)
        del body["premises"]
        lines = body.pop("lines")
        for line in lines:
            rows.writerow({"number": order.source_ref, **body, **line})
    return file.getvalue().encode()


def milestone_body(deed: Deed) -> dict[str, Any]:
    """What somebody says of one order."""
    reason = {} if deed.order.failure is None else {"reason_code": deed.order.failure.value}
    return {"milestone": deed.milestone, "at": deed.at, **(reason if deed.milestone == "failed" else {})}


def trip_body(deed: Deed, order_nos: Sequence[str], at: datetime | None) -> dict[str, Any]:
    """The trip that the deed plans; `at`: of one that was planned earlier than it is told."""
    trip, van = deed.trip, deed.van
    roles = ("driver", "second")
    return {
        "premises": PREMISES_CODE,
        "vehicle": van.vehicle,
        "crew": [
            {"employee_no": person.employee_no, "role": role} for person, role in zip(van.crew, roles, strict=False)
        ],
        "orders": [
            {"order": order_no, "planned_arrival_at": order.planned_arrival_at}
            for order_no, order in zip(order_nos, trip.orders, strict=True)
        ],
        "planned_departure_at": trip.planned_departure_at,
        "planned_route": [[lon / _DEGREES, lat / _DEGREES] for lon, lat in trip.planned_route],
        **({} if at is None else {"at": at}),
    }
