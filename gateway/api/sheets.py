"""Master data as CSV: what becomes of a file that comes in, and how one goes out. Knows no column's meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from pydantic import BaseModel, ValidationError

from contract.geo import from_e7
from gateway.api.csv_answers import ImportReport, report_of
from gateway.csv_rows import Row, Wrong, read_rows, write_rows
from gateway.master.hours import format_hours
from gateway.refusals import RefusedError
from storage.audit import Actor
from storage.master import Premises, Selection

MOST_ROWS = 10_000
Cells = dict[str, str | None]


class Deed(msgspec.Struct, frozen=True):
    """Where a row belongs, who brings it, when, and whose premises that person may change (None: all)."""

    connection: psycopg.Connection
    where: Premises | None  # None: what the sheet lists belongs to no premises
    actor: Actor
    at: datetime
    own: list[UUID] | None

    @property
    def premises(self) -> Premises:
        assert self.where is not None, "a sheet of things at premises"
        return self.where


class Sheet(msgspec.Struct, frozen=True):
    """One kind of file: its columns (the first one names the row), and what is done with a row."""

    name: str  # as in the URL
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    put: Callable[[Deed, Cells], str]  # created, changed or unchanged
    select: Callable[[psycopg.Connection, Selection, datetime], Sequence[Any]]
    at_premises: bool = True  # each row belongs to premises: a column of that name, or those meant without one


def import_sheet(
    connection: psycopg.Connection, sheet: Sheet, file: bytes, premises: Callable[[str | None], Premises],
    own: list[UUID] | None, actor: Actor, at: datetime, *, dry_run: bool,
) -> ImportReport:  # fmt: skip
    """Every row of the file, in the caller's transaction; nothing of it when one cannot be.

    A column that is not there leaves things as they are, an empty cell makes them unknown. `premises` finds those of a
    code, or those that are meant without one.
    """
    rows, wrong = read_rows(file, sheet.needed, sheet.columns)
    if len(rows) > MOST_ROWS:
        wrong.append(Wrong(1, f"{len(rows)} rows; at most {MOST_ROWS} in one file: split it"))
        rows = []
    outcomes: dict[str, int] = {}
    seen: dict[tuple[str, str], int] = {}
    with connection.transaction() as all_of_it:
        for row in rows:
            try:
                where = premises(row.cells.get("premises") or None) if sheet.at_premises else None
                _once(seen, sheet, where, row)
                cells = {name: cell or None for name, cell in row.cells.items() if name != "premises"}
                outcome = sheet.put(Deed(connection, where, actor, at, own), cells)
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
            except ValidationError as error:
                wrong += [_wrong(row, one) for one in error.errors()]
            except RefusedError as error:
                column = None if error.field is None else error.field.removeprefix("body.")
                wrong.append(Wrong(row.line, str(error), column))
        if wrong or dry_run:
            raise psycopg.Rollback(all_of_it)
    return report_of(outcomes, wrong, done=not wrong and not dry_run)


def export_sheet(
    connection: psycopg.Connection, sheet: Sheet, premises_ids: list[UUID] | None, at: datetime
) -> str:  # fmt: skip
    """What is in service at these premises (None: all), as the file that `import_sheet` takes."""
    found = sheet.select(connection, Selection(premises_ids=premises_ids), at)
    return write_rows(sheet.columns, ([_cell(one, name) for name in sheet.columns] for one in found))


def _once(seen: dict[tuple[str, str], int], sheet: Sheet, where: Premises | None, row: Row) -> None:
    column = sheet.columns[0]
    before = seen.setdefault(("" if where is None else where.code, row.cells[column]), row.line)
    if before != row.line:
        raise RefusedError(f"{row.cells[column]} stands in line {before} already", field=column)


def _wrong(row: Row, error: Mapping[str, Any]) -> Wrong:
    column = str((error["loc"] or ("",))[-1])
    says = "it is missing" if row.cells.get(column) == "" else str(error["msg"])
    return Wrong(row.line, says, column)


_FIELDS = {
    "premises": "premises_code", "device": "device_name", "vehicle": "vehicle_name", "licensee": "licensee_name",
    "lat": "lat_e7", "lon": "lon_e7",
}  # fmt: skip


def _cell(row: Any, column: str) -> str:
    value = getattr(row, _FIELDS.get(column, column))
    if value is None:
        return ""
    if column in ("lat", "lon"):
        return repr(from_e7(value))
    if column == "hours":
        return format_hours(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def said(model: type[BaseModel], cells: Iterable[tuple[str, str | None]]) -> dict[str, Any]:
    return model.model_validate(dict(cells)).model_dump(exclude_unset=True)
