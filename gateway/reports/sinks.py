"""Where rows go as they come, as CSV or JSON: a million need no more memory than ten. Reads no record."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TextIO
from zoneinfo import ZoneInfo

import msgspec

from gateway.reports.columns import Column, Row, field_names, fields, text_of
from gateway.reports.head import Head

# Quantities and amounts are decimals: written as JSON numbers, digit by digit.
_json = msgspec.json.Encoder(decimal_format="number").encode


class Sink(Protocol):
    """Takes a report in: first what it is, then its rows, then what they come to."""

    def begin(self, head: Head, columns: Sequence[Column]) -> None: ...

    def take(self, row: Row) -> None: ...

    def end(self, rows: int, summary: Mapping[str, Any]) -> None: ...


class CsvSink:
    """RFC 4180, UTF-8 without a byte order mark: a heading and rows, nothing that is neither."""

    def __init__(self, out: TextIO) -> None:
        self._lines = csv.writer(out)  # CRLF, as section 2 of the RFC has it

    def begin(self, head: Head, columns: Sequence[Column]) -> None:
        self._columns, self._zone = columns, head.whose.zone
        self._lines.writerow(field_names(columns))

    def take(self, row: Row) -> None:
        self._lines.writerow([text_of(value) for value in fields(self._columns, row, self._zone)])

    def end(self, rows: int, summary: Mapping[str, Any]) -> None:
        pass


class JsonSink:
    """One object: `report` says what it is, `rows` has one object a line, then `row_count` and `summary`."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._begun = False

    def begin(self, head: Head, columns: Sequence[Column]) -> None:
        self._columns, self._zone, self._names = columns, head.whose.zone, field_names(columns)
        self._out.write(f'{{"report":{as_json(head.document())},\n"rows":[')

    def take(self, row: Row) -> None:
        values = dict(zip(self._names, fields(self._columns, row, self._zone), strict=True))
        self._out.write((",\n" if self._begun else "\n") + as_json(values))
        self._begun = True

    def end(self, rows: int, summary: Mapping[str, Any]) -> None:
        said = summary_document(summary, self._zone)
        self._out.write(f'\n],\n"row_count":{rows},"summary":{as_json(said)}}}\n')


def summary_document(summary: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The summary under the same names and forms as rows: a time is there twice."""
    columns = [Column(name, "time" if name.endswith("_at") else "text") for name in summary]
    return dict(zip(field_names(columns), fields(columns, list(summary.values()), zone), strict=True))


def as_json(value: Any) -> str:
    return _json(value).decode()
