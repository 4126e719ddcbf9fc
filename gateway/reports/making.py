"""Makes a report: one pass over the records into every format, digests, manifest, audit event. Sends nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TextIO, cast
from uuid import UUID

import msgspec
import psycopg

from gateway.refusals import RefusedError
from gateway.reports.asking import Asked, Chosen, choose
from gateway.reports.definition import Definition
from gateway.reports.head import Head
from gateway.reports.print_sink import MOST_ROWS, PrintSink
from gateway.reports.sinks import CsvSink, JsonSink, Sink, as_json, summary_document
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id

Format = Literal["csv", "json", "pdf"]
FORMATS: tuple[Format, ...] = ("csv", "json", "pdf")
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8", "json": "application/json", "pdf": "application/pdf", "zip": "application/zip",
}  # fmt: skip


class ReportFile(msgspec.Struct, frozen=True):
    format: str
    path: Path
    bytes: int
    sha256: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A report that was made, with its files."""

    head: Head
    row_count: int
    summary: Mapping[str, Any]
    files: list[ReportFile]
    left_out: dict[str, str]  # format -> why


def make(
    connection: psycopg.Connection, definition: Definition, chosen: Chosen, formats: Sequence[Format], folder: Path,
    actor: Actor,
) -> Made:  # fmt: skip
    """Writes NAME.csv, NAME.json and NAME.pdf, as far as they are wanted, into `folder`, and records that it was made.

    The caller commits: a report that nobody has on record is given to nobody.
    """
    head = Head(
        report=definition.name, title=definition.title, report_id=new_id(chosen.now), whose=chosen.whose,
        filters=chosen.filters, made_at=chosen.now, made_by=actor,
    )  # fmt: skip
    paths = {form: folder / f"{definition.name}.{form}" for form in formats}
    printed = PrintSink() if "pdf" in paths else None
    with ExitStack() as open_files:
        rows_csv = open_files.enter_context(_Digesting(paths.get("csv")))
        sinks: list[Sink] = [CsvSink(cast("TextIO", rows_csv))]
        if "json" in paths:
            sinks.append(JsonSink(open_files.enter_context(paths["json"].open("w", encoding="utf-8", newline=""))))
        if printed is not None:
            sinks.append(printed)
        row_count, summary = _pass(connection, definition, chosen, head, sinks)
    left_out: dict[str, str] = {}
    if printed is not None and printed.full:
        why = f"a PDF holds {MOST_ROWS} rows and here are {row_count}: CSV and JSON have them all, or ask for less time"
        if set(formats) == {"pdf"}:
            raise RefusedError(why, field="query.format")
        left_out["pdf"] = why
    elif printed is not None:
        printed.draw(paths["pdf"], rows_csv.hexdigest())
    files = [_file(form, path) for form, path in paths.items() if form not in left_out]
    made = Made(head=head, row_count=row_count, summary=summary, files=files, left_out=left_out)
    record(connection, [_event(made)])
    return made


def make_asked(
    connection: psycopg.Connection, definition: Definition, asked: Asked, premises_id: UUID,
    formats: Sequence[Format], folder: Path, actor: Actor, now: datetime,
) -> Made:  # fmt: skip
    """The same of what somebody asked for, in their words."""
    chosen = choose(connection, definition.name, definition.takes, definition.needs, premises_id, asked, now)
    return make(connection, definition, chosen, formats, folder, actor)


def _pass(
    connection: psycopg.Connection, definition: Definition, chosen: Chosen, head: Head, sinks: Sequence[Sink]
) -> tuple[int, Mapping[str, Any]]:
    reading = definition.read(connection, chosen)
    for sink in sinks:
        sink.begin(head, definition.columns)
    row_count = 0
    for row in reading.rows():
        row_count += 1
        for sink in sinks:
            sink.take(row)
    summary = reading.summary()
    for sink in sinks:
        sink.end(row_count, summary)
    return row_count, summary


def manifest(made: Made) -> str:
    """What lies beside the files: which report, how much, and the digest of each."""
    said = {
        **made.head.document(),
        "row_count": made.row_count,
        "summary": summary_document(made.summary, made.head.whose.zone),
        "files": [
            {"name": one.path.name, "media_type": MEDIA_TYPES[one.format], "bytes": one.bytes, "sha256": one.sha256}
            for one in made.files
        ],
        "left_out": [{"format": form, "because": why} for form, why in made.left_out.items()],
        "made_with": f"Waybill {version('waybill')}",
    }
    return msgspec.json.format(as_json(said), indent=2) + "\n"


def _event(made: Made) -> AuditEvent:
    head = made.head
    return AuditEvent(
        at=head.made_at, actor=head.made_by, action="report.made", object_kind="report", object_id=str(head.report_id),
        premises_id=head.whose.premises_id,
        after={
            "report": head.report, "filters": head.document()["filters"], "row_count": made.row_count,
            "files": {one.path.name: one.sha256 for one in made.files},
        },
    )  # fmt: skip


def _file(form: str, path: Path) -> ReportFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ReportFile(form, path, path.stat().st_size, sha256)


class _Digesting:
    """Text that is digested as it is written, into a file or nowhere: print names the digest of the CSV."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else path.open("w", encoding="utf-8", newline="")
        self._digest = hashlib.sha256()

    def __enter__(self) -> _Digesting:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, text: str) -> int:
        self._digest.update(text.encode())
        return len(text) if self._file is None else self._file.write(text)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()
