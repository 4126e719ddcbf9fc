"""A report as PDF to hand over: head, a table over as many pages as it takes, a foot with the digest. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas

from gateway.reports.columns import Column, Row, field_names, fields, text_of
from gateway.reports.head import Head
from gateway.reports.paper import BOLD, LACKING, PLAIN, lacks, printable, width, wrapped
from gateway.reports.sinks import summary_document

# A page holds about 40 rows: more than 250 pages nobody reads, and a PDF is made in memory.
MOST_ROWS = 10_000
_WIDE, _HIGH = (float(side) for side in landscape(A4))
_MARGIN, _GAP, _FOOT = 28.0, 5.0, 24.0
_SIZE, _LINE = 6.2, 7.6
_ROOM = _WIDE - 2 * _MARGIN


class PrintSink:
    """Keeps up to MOST_ROWS rows; `full` says that there are more, and then nothing is drawn."""

    def __init__(self) -> None:
        self._rows: list[list[str]] = []
        self.full = False

    def begin(self, head: Head, columns: Sequence[Column]) -> None:
        self._head, self._columns = head, columns

    def take(self, row: Row) -> None:
        if len(self._rows) >= MOST_ROWS:
            self.full = True
            self._rows.clear()
        if not self.full:
            self._rows.append(self._cells(row))

    def _cells(self, row: Row) -> list[str]:
        """Times once, with their offset: UTC beside it would take the room that the rest needs."""
        texts = fields(self._columns, row, self._head.whose.zone)
        kept = [text_of(value) for name, value in zip(field_names(self._columns), texts, strict=True) if not _utc(name)]
        return [text.replace("T", " ", 1) if one.kind == "time" else text
                for text, one in zip(kept, self._columns, strict=True)]  # fmt: skip

    def end(self, rows: int, summary: Mapping[str, Any]) -> None:
        assert self.full or rows == len(self._rows)
        self._summary = summary_document(summary, self._head.whose.zone)

    def draw(self, path: Path, csv_sha256: str) -> None:
        table = _laid_out([one.name.replace("_", " ") for one in self._columns], self._rows)
        _Pages(self._head, table, len(self._rows), self._summary, csv_sha256).draw(path)


def _utc(name: str) -> bool:
    return name.endswith("_utc")


_Band = list[list[str]]  # cells side by side, each with its lines


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn: columns that say something, in as many bands below one another as their words need."""

    headings: list[_Band]
    widths: list[list[float]]  # by band and cell
    rows: list[list[_Band]]
    same: list[tuple[str, str]]  # columns that say the same in every row: said once, above
    empty: list[str]
    lacking: bool


def _laid_out(names: list[str], rows: list[list[str]]) -> _Table:
    told = [{row[place] for row in rows} for place in range(len(names))]
    empty = [place for place, texts in enumerate(told) if texts == {""}]
    same = [place for place, texts in enumerate(told) if len(rows) > 1 and len(texts) == 1 and place not in empty]
    shown = [place for place in range(len(names)) if place not in (*empty, *same)] or [0]
    if not rows:
        empty, shown = [], list(range(len(names)))
    texts = {place: [printable(row[place]) for row in rows] for place in shown}
    bands = _bands(shown, names, texts)
    widths = [_widths(band, names, texts) for band in bands]

    def wrap(cells: list[str], font: str) -> list[_Band]:
        at = dict(zip(shown, cells, strict=True))
        return [
            [wrapped(at[place], font, _SIZE, room) for place, room in zip(band, rooms, strict=True)]
            for band, rooms in zip(bands, widths, strict=True)
        ]

    return _Table(
        headings=wrap([names[place] for place in shown], BOLD),
        widths=widths,
        rows=[wrap([texts[place][number] for place in shown], PLAIN) for number in range(len(rows))],
        same=[(names[place], rows[0][place]) for place in same if place not in shown],
        empty=[names[place] for place in empty if place not in shown],
        lacking=any(lacks(text) for place in shown for text in told[place]),
    )


def _least(name: str, texts: list[str]) -> float:
    """What the longest word needs; longer ones than an e-mail address are broken."""
    words = {word for text in set(texts) for word in text.split()}
    longest = max((width(word, PLAIN, _SIZE) for word in words), default=0.0)
    return max(min(longest, 110.0), *(width(word, BOLD, _SIZE) for word in name.split())) + 0.5


def _bands(shown: list[int], names: list[str], texts: dict[int, list[str]]) -> list[list[int]]:
    """The columns, as many side by side as the page has room for."""
    bands: list[list[int]] = [[]]
    room = _ROOM
    for place in shown:
        needs = _least(names[place], texts[place]) + _GAP
        if bands[-1] and needs > room:
            bands.append([])
            room = _ROOM
        bands[-1].append(place)
        room -= needs
    return bands


def _widths(band: list[int], names: list[str], texts: dict[int, list[str]]) -> list[float]:
    """Each column as wide as its longest word needs, the rest of the page to those whose cells are long."""
    least = [_least(names[place], texts[place]) for place in band]
    wanted = [
        max(need, *(width(text, PLAIN, _SIZE) + 0.5 for text in {"", *texts[place]}))
        for place, need in zip(band, least, strict=True)
    ]
    room = _ROOM - _GAP * (len(band) - 1) - sum(least)
    more = sum(wanted) - sum(least)
    share = min(1.0, max(0.0, room) / more) if more else 0.0
    return [need + (want - need) * share for want, need in zip(wanted, least, strict=True)]


class _Pages:
    def __init__(self, head: Head, table: _Table, row_count: int, summary: Mapping[str, Any], csv_sha256: str) -> None:
        self._head, self._table = head, table
        self._above = [*head.lines(), *((name, text) for name, text in table.same)]
        self._below = [(name.replace("_", " "), text_of(value)) for name, value in summary.items() if not _utc(name)]
        self._foot = f"{row_count} rows · SHA-256 of their CSV {csv_sha256} · report {head.report_id}"
        if table.empty:
            self._below.append(("not on record in any row", ", ".join(table.empty)))
        if table.lacking or any(lacks(text) for _, text in self._above):
            self._below.append(("print", LACKING))

    def draw(self, path: Path) -> None:
        # invariant: the same report is the same file, byte for byte.
        canvas = Canvas(str(path), pagesize=(_WIDE, _HIGH), invariant=1, pageCompression=1)
        canvas.setTitle(self._head.title)
        canvas.setAuthor(printable(self._head.whose.holder))
        pages = list(self._filled())
        for number, rows in enumerate(pages, 1):
            y = self._begin(canvas, first=number == 1)
            for row in rows:
                y = self._row(canvas, row, y)
            if number == len(pages):
                self._end(canvas, y)
            self._footer(canvas, f"page {number} of {len(pages)}")
            canvas.showPage()
        canvas.save()

    def _filled(self) -> list[list[list[_Band]]]:
        """The rows of each page; the last one has room for what they come to."""
        pages: list[list[list[_Band]]] = [[]]
        room = self._room(first=True)
        for row in self._table.rows:
            needs = _height(row)
            if needs > room and pages[-1]:
                pages.append([])
                room = self._room(first=False)
            pages[-1].append(row)
            room -= needs
        if room < self._lines_height(self._below) + 16:
            pages.append([])
        return pages

    def _room(self, *, first: bool) -> float:
        above = self._lines_height(self._above) + 24 if first else 0.0
        return _HIGH - 2 * _MARGIN - _FOOT - above - _height(self._table.headings) - 6

    def _lines_height(self, pairs: Sequence[tuple[str, str]]) -> float:
        return sum(9.5 * len(_pair(label, text)) for label, text in pairs)

    def _begin(self, canvas: Canvas, *, first: bool) -> float:
        y = _HIGH - _MARGIN
        if first:
            canvas.setFont(BOLD, 13)
            canvas.drawString(_MARGIN, y - 10, self._head.title)
            y = self._pairs(canvas, self._above, y - 24)
        canvas.setFont(BOLD, _SIZE)
        y = _draw(canvas, self._table.headings, self._table.widths, y)
        canvas.setLineWidth(0.6)
        canvas.line(_MARGIN, y - 1.2, _WIDE - _MARGIN, y - 1.2)
        canvas.setFont(PLAIN, _SIZE)
        return y - 4

    def _row(self, canvas: Canvas, row: list[_Band], y: float) -> float:
        y = _draw(canvas, row, self._table.widths, y)
        canvas.setLineWidth(0.15)
        canvas.line(_MARGIN, y - 0.9, _WIDE - _MARGIN, y - 0.9)
        return y - 2.4

    def _end(self, canvas: Canvas, y: float) -> None:
        if not self._table.rows:
            canvas.drawString(_MARGIN, y - 4, "There is nothing of the kind on record for this time and these filters.")
            y -= 12
        self._pairs(canvas, self._below, y - 10)

    def _pairs(self, canvas: Canvas, pairs: Sequence[tuple[str, str]], y: float) -> float:
        for label, text in pairs:
            for place, line in enumerate(_pair(label, text)):
                y -= 9.5
                if place == 0:
                    canvas.setFont(BOLD, 7)
                    canvas.drawString(_MARGIN, y, label)
                canvas.setFont(PLAIN, 7)
                canvas.drawString(_MARGIN + 110, y, line)
        canvas.setFont(PLAIN, _SIZE)
        return y - 8

    def _footer(self, canvas: Canvas, page: str) -> None:
        canvas.setFont(PLAIN, 6)
        canvas.drawString(_MARGIN, _MARGIN - 8, self._foot)
        canvas.drawRightString(_WIDE - _MARGIN, _MARGIN - 8, page)


def _pair(label: str, text: str) -> list[str]:
    return wrapped(printable(text), PLAIN, 7, _ROOM - 110) or [label]


def _height(row: list[_Band]) -> float:
    return sum(_lines(band) for band in row) * _LINE + 2.4


def _lines(band: _Band) -> int:
    return max(len(lines) for lines in band)


def _draw(canvas: Canvas, row: list[_Band], widths: list[list[float]], y: float) -> float:
    for band, rooms in zip(row, widths, strict=True):
        x = _MARGIN
        for lines, room in zip(band, rooms, strict=True):
            for place, line in enumerate(lines):
                if line:
                    canvas.drawString(x, y - _SIZE - place * _LINE, line)
            x += room + _GAP
        y -= _lines(band) * _LINE
    return y
