"""The columns of a report and what a cell says, as text and as JSON. Reads no record and writes no file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from contract.geo import degrees_text

Kind = Literal["text", "number", "flag", "time", "degrees"]
Cell = str | int | float | Decimal | bool | datetime | None
Row = Sequence[Cell]  # one cell for each column, in their order


class Column(msgspec.Struct, frozen=True):
    """One column. A time is written twice, as NAME_local (with its offset) and NAME_utc; degrees are kept as 1e-7."""

    name: str
    kind: Kind = "text"
    decimals: int | None = None  # of a number that was stored as binary: more of them are noise


def field_names(columns: Sequence[Column]) -> list[str]:
    """The names in CSV and JSON."""
    return [name for one in columns for name in _names(one)]


def _names(column: Column) -> tuple[str, ...]:
    return (f"{column.name}_local", f"{column.name}_utc") if column.kind == "time" else (column.name,)


def fields(columns: Sequence[Column], row: Row, zone: ZoneInfo) -> Iterator[str | int | float | Decimal | bool | None]:
    """The row's values under `field_names`; None is not known."""
    for column, cell in zip(columns, row, strict=True):
        if isinstance(cell, datetime):
            yield local_time(cell, zone)
            yield utc_time(cell)
        elif column.kind == "time":
            yield None
            yield None
        elif column.kind == "degrees" and isinstance(cell, int):
            yield Decimal(degrees_text(cell))
        elif column.decimals is not None and isinstance(cell, float):
            yield round(cell, column.decimals)
        else:
            yield cell


def text_of(value: str | float | Decimal | None) -> str:
    """A field as CSV and print have it; not known is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def local_time(at: datetime, zone: ZoneInfo) -> str:
    """ISO 8601 with the offset that held there then, so that the doubled hour of autumn is told apart."""
    return at.astimezone(zone).isoformat(timespec=_precision(at))


def utc_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec=_precision(at)).replace("+00:00", "Z")


def _precision(at: datetime) -> str:
    return "milliseconds" if at.microsecond else "seconds"
