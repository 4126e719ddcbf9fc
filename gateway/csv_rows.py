"""A CSV file with a heading as rows, each thing that is wrong with its line. Knows no column by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence

import msgspec

MOST_BYTES = 10_000_000


class Wrong(msgspec.Struct, frozen=True):
    """Something that is wrong, with the line of the file (1 is the heading) and the column where they are known."""

    line: int
    says: str
    column: str | None = None


class Row(msgspec.Struct, frozen=True):
    """A row's cells by column, without blanks around them, and the line of the file that it ends at."""

    line: int
    cells: dict[str, str]


def read_rows(file: bytes, needed: Sequence[str], known: Collection[str]) -> tuple[list[Row], list[Wrong]]:
    """Rows in the order of the file; empty lines are none."""
    try:
        text = file.decode()
    except UnicodeDecodeError as error:
        return [], [Wrong(1, f"not UTF-8 at byte {error.start}: save it as CSV UTF-8")]
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        heading = [name.strip() for name in next(rows)]
    except (StopIteration, csv.Error):
        return [], [Wrong(1, f"the file is empty; its first line names the columns: {', '.join(needed)}, …")]
    if wrong := _wrong_heading(heading, needed, known):
        return [], wrong
    found: list[Row] = []
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(heading):
                wrong.append(Wrong(rows.line_num, f"{len(cells)} cells, but the heading has {len(heading)} columns"))
                continue
            stripped = {name: cell.strip() for name, cell in zip(heading, cells, strict=True)}
            found.append(Row(rows.line_num, stripped))
    except csv.Error as error:
        wrong.append(Wrong(rows.line_num, f"not CSV (RFC 4180): {error}"))
    return found, wrong


def write_rows(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The CSV file that `read_rows` reads as these rows."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heading)
    writer.writerows(rows)
    return text.getvalue()


def _wrong_heading(heading: list[str], needed: Sequence[str], known: Collection[str]) -> list[Wrong]:
    wrong = [Wrong(1, f"the column {name} is missing", name) for name in needed if name not in heading]
    for name in heading:
        if name not in known:
            wrong.append(Wrong(1, f"no column is called {name!r}; there are: {', '.join(sorted(known))}", name))
    twice = sorted({name for name in heading if heading.count(name) > 1})
    return wrong + [Wrong(1, f"the column {name} is there twice", name) for name in twice]
