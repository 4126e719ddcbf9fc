"""What a CSV file that comes in is answered with: a report line by line. Reads no file."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import Body, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from gateway.api.problems import problem
from gateway.csv_rows import MOST_BYTES, Wrong

CsvFile = Annotated[bytes, Body(media_type="text/csv", description="UTF-8, RFC 4180, with a heading")]
DryRun = Annotated[bool, Query(description="only say what would become of it")]
IMPORT_ANSWERS = {
    "_401": "No session and no API key", "_413": "The file is too large",
    "_422": "Something is wrong with the file; `wrong` says what, line by line",
}  # fmt: skip


class WrongLine(BaseModel):
    line: int = Field(description="of the file; 1 is the heading")
    column: str | None
    says: str


class ImportReport(BaseModel):
    """What became, or would become, of a file's rows."""

    created: int
    changed: int
    unchanged: int
    wrong: list[WrongLine]
    done: bool = Field(description="false: nothing was changed")


def report_of(outcomes: Mapping[str, int], wrong: list[Wrong], *, done: bool) -> ImportReport:
    """`outcomes` counts created, changed and unchanged."""
    lines = [WrongLine(line=one.line, column=one.column, says=one.says) for one in wrong]
    counts = {name: outcomes.get(name, 0) for name in ("created", "changed", "unchanged")}
    return ImportReport(**counts, wrong=sorted(lines, key=lambda one: one.line), done=done)


def too_large(file: bytes) -> JSONResponse | None:
    """The refusal of a file that is larger than any that is taken."""
    if len(file) <= MOST_BYTES:
        return None
    detail = f"the file has {len(file)} bytes; at most {MOST_BYTES} are taken: split it"
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


def answer_of(report: ImportReport) -> JSONResponse:
    if report.wrong:
        detail = f"{len(report.wrong)} things are wrong with the file; nothing was changed"
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, **report.model_dump())
    return JSONResponse(report.model_dump())
