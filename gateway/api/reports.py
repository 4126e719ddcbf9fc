"""The router for compliance: reports to hand over, each made once, recorded, and sent from disk. Words no report."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from datetime import date
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore
from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi import Path as InPath
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from gateway.api.callers import RecordsReader
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.people.permissions import Permission
from gateway.reports.asking import Asked
from gateway.reports.catalogue import REPORTS, report_named
from gateway.reports.making import FORMATS, MEDIA_TYPES, Made, make_asked, manifest
from gateway.reports.receipts import ReceiptForm, give_receipt

router = APIRouter(prefix="/v1/reports", tags=["reports"])

_WHO = {"_401": "No session and no API key", "_403": "No right to records"}
# A long one takes a connection and a processor for half a minute; the other connections are for everybody else.
_AT_ONCE = BoundedSemaphore(3)
_PIECE_BYTES = 1 << 16
Name = Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]


class ReportOut(BaseModel):
    name: str
    title: str
    rule: str = Field(description="who asks for it")
    takes: list[str] = Field(description="what it can be narrowed to")
    needs: list[list[str]] = Field(description="of each of these at least one")
    columns: list[str]


@router.get("", summary="The reports that there are", responses=refusals(**_WHO))
def list_reports(_caller: RecordsReader) -> list[ReportOut]:
    return [
        ReportOut(
            name=one.name, title=one.title, rule=one.rule, takes=sorted(one.takes),
            needs=[sorted(choice) for choice in one.needs], columns=[column.name for column in one.columns],
        )
        for one in REPORTS.values()
    ]  # fmt: skip


@router.get(
    "/receipt", summary="The receipt of one order as it was kept, or on paper", response_class=Response,
    responses={
        **refusals(**_WHO, _404="There is no such order, or it has no receipt", _409="The premises are closed"),
        200: {"description": "json: what was kept; pdf: A4; slip: a PDF of 80 mm",
              "content": {"application/json": {}, "application/pdf": {}}},
    },
)  # fmt: skip
def one_receipt(
    caller: RecordsReader, connection: Database, now: Now,
    order: Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")],
    format: Annotated[ReceiptForm, Query()] = "pdf",  # noqa: A002 - its name on the wire
    premises: Annotated[str | None, Query(max_length=32, description="left out: the only ones")] = None,
    language: Annotated[Literal["en", "es"] | None, Query(description="left out: the customer's")] = None,
) -> Response:  # fmt: skip
    place = premises_of(connection, caller, Permission.RECORDS_READ, premises)
    given = give_receipt(connection, place.id, order, format, caller.actor, now, language)
    extension = "json" if format == "json" else "pdf"
    headers = {
        "Content-Disposition": f'attachment; filename="receipt-{given.report_id}.{extension}"',
        "Waybill-Report-Id": str(given.report_id),
        "Repr-Digest": _repr_digest(hashlib.sha256(given.body).digest()),
    }
    return Response(given.body, media_type=MEDIA_TYPES[extension], headers=headers)


@router.get(
    "/{name}", summary="Makes a report and gives it as a file", response_class=StreamingResponse,
    responses={
        **refusals(**_WHO, _404="There is no such report, vehicle, trip or order", _409="The premises are closed",
                   _503="Others are being made, or the database does not answer"),
        200: {"description": "The report; zip has all formats and manifest.json with the digest of each",
              "content": {name.partition(";")[0]: {} for name in MEDIA_TYPES.values()}},
    },
)  # fmt: skip
def one_report(
    name: Annotated[str, InPath(max_length=64)], caller: RecordsReader, connection: Database, now: Now,
    format: Annotated[Literal["csv", "json", "pdf", "zip"], Query()] = "csv",  # noqa: A002 - its name on the wire
    premises: Annotated[str | None, Query(max_length=32, description="left out: the only ones")] = None,
    day: Annotated[date | None, Query(description="a day of the premises' time zone")] = None,
    from_at: Annotated[AwareDatetime | None, Query(alias="from", description="first instant")] = None,
    to_at: Annotated[AwareDatetime | None, Query(alias="to", description="instant after the last one")] = None,
    vehicle: Name = None, trip: Name = None, order: Name = None,
    gap_s: Annotated[float, Query(gt=0, le=86_400, description="longer without a position is told as a gap")] = 120.0,
) -> StreamingResponse:  # fmt: skip
    definition = report_named(name)
    place = premises_of(connection, caller, Permission.RECORDS_READ, premises)
    asked = Asked(day=day, from_at=from_at, to_at=to_at, vehicle=vehicle, trip=trip, order=order, gap_s=gap_s)
    if not _AT_ONCE.acquire(blocking=False):
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE, "other reports are being made: try again in a moment",
            headers={"Retry-After": "10"},
        )  # fmt: skip
    try:
        with TemporaryDirectory(prefix="waybill-report-") as folder:
            wanted = FORMATS if format == "zip" else (format,)
            made = make_asked(connection, definition, asked, place.id, wanted, Path(folder), caller.actor, now)
            path = _zipped(made, Path(folder)) if format == "zip" else made.files[0].path
            # Open, the file outlives its folder, and is gone when the answer has been sent or its reader has left.
            return _answer(made, path.open("rb"), path.stat().st_size, format)
    finally:
        _AT_ONCE.release()


def _zipped(made: Made, folder: Path) -> Path:
    path = folder / f"{made.head.report}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for one in made.files:
            bundle.write(one.path, one.path.name)
        bundle.writestr("manifest.json", manifest(made))
    return path


def _answer(made: Made, file: BinaryIO, size: int, form: str) -> StreamingResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{made.head.report}-{made.head.report_id}.{form}"',
        "Content-Length": str(size),
        "Waybill-Report-Id": str(made.head.report_id),
        "Waybill-Rows": str(made.row_count),
    }
    if form != "zip":
        headers["Repr-Digest"] = _repr_digest(bytes.fromhex(made.files[0].sha256))
    return StreamingResponse(_pieces(file), media_type=MEDIA_TYPES[form], headers=headers)


def _repr_digest(sha256: bytes) -> str:
    """As RFC 9530 writes it."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
