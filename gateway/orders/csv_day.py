"""A day's orders from a CSV file: rows to orders, each thing that is wrong with its line. Writes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.csv_rows import Wrong, read_rows

LINE_COLUMNS = ("item", "quantity", "unit", "category", "tag", "unit_price_minor")
ORDER_COLUMNS = (
    "number", "customer_name", "address", "window_from", "window_to", "lat", "lon", "customer_no", "customer_phone",
    "customer_email", "customer_language", "customer_type", "channel", "prepared_by", "note", "currency",
    "taxes_minor", "fees_minor", "discount_minor", "due_minor", "payment", "placed_at",
)  # fmt: skip
NEEDED = ("number", "customer_name", "window_from", "window_to")
_TIMES = ("window_from", "window_to", "placed_at")
MOST_ORDERS = 5_000


class DayRow(msgspec.Struct, frozen=True):
    """An order's values as they are to be checked, the line it begins at, and its number."""

    line: int
    number: str
    values: dict[str, Any]


def read_day(file: bytes, zone: ZoneInfo) -> tuple[list[DayRow], list[Wrong]]:
    """Orders in the order of the file. Rows with one number are one order: each has one line of its goods.

    Times without an offset are the premises' own, in `zone`.
    """
    rows, wrong = read_rows(file, NEEDED, {*ORDER_COLUMNS, *LINE_COLUMNS})
    found: dict[str, DayRow] = {}
    for row in rows:
        _take(found, wrong, {name: cell for name, cell in row.cells.items() if cell}, row.line, zone)
    if len(found) > MOST_ORDERS:
        wrong.append(Wrong(1, f"{len(found)} orders; at most {MOST_ORDERS} in one file: split it"))
    return list(found.values()), wrong


def _take(found: dict[str, DayRow], wrong: list[Wrong], row: dict[str, Any], line: int, zone: ZoneInfo) -> None:
    number = row.get("number")
    if number is None:
        wrong.append(Wrong(line, "the order has no number", "number"))
        return
    goods = {name: row.pop(name) for name in LINE_COLUMNS if name in row}
    del row["number"]
    for name in _TIMES:
        if name in row:
            row[name] = _with_zone(row[name], zone)
    before = found.get(number)
    if before is None:
        before = found[number] = DayRow(line, number, {**row, "lines": []})
    else:
        for name, value in row.items():
            if before.values.get(name) != value:
                says = f"order {number} has another {name} here than in line {before.line}"
                wrong.append(Wrong(line, says, name))
    if goods:
        before.values["lines"].append(goods)


def _with_zone(text: str, zone: ZoneInfo) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text  # what is wrong with it is said where every value is checked
    return (time if time.tzinfo is not None else time.replace(tzinfo=zone)).isoformat()
