"""The router for master data as CSV: imports with a report line by line, and exports. Knows no column."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import psycopg
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from gateway.api.callers import Caller, MasterReader, MasterWriter
from gateway.api.clock import Now
from gateway.api.csv_answers import IMPORT_ANSWERS, CsvFile, DryRun, ImportReport, answer_of, too_large
from gateway.api.database import Database
from gateway.api.master_lists import LISTED, must_administer_all, visible
from gateway.api.master_sheets import SHEETS
from gateway.api.premises import premises_of
from gateway.api.premises_sheets import LICENSEES
from gateway.api.problems import refusals
from gateway.api.sheets import Sheet, export_sheet, import_sheet
from gateway.people.permissions import Permission

# Before the routers of the things themselves, whose /{key} would take "export" for a name.
router = APIRouter(prefix="/v1", tags=["master data"])
_Premises = Annotated[str | None, Query(max_length=32, description="of rows without a premises column or cell")]
_Of = Annotated[str | None, Query(max_length=32, description="of these premises only")]


class CsvResponse(Response):
    media_type = "text/csv"


def _add_routes(sheet: Sheet) -> None:
    what = sheet.name.replace("-", " ")

    def take_in(
        caller: MasterWriter, connection: Database, now: Now, file: CsvFile = b"",
        dry_run: DryRun = False,  # noqa: FBT002
    ) -> JSONResponse:  # fmt: skip
        if sheet is LICENSEES:
            must_administer_all(caller)
        return taken(caller, connection, now, file, None, dry_run)

    def take_in_at(
        caller: MasterWriter, connection: Database, now: Now, file: CsvFile = b"", premises: _Premises = None,
        dry_run: DryRun = False,  # noqa: FBT002
    ) -> JSONResponse:  # fmt: skip
        return taken(caller, connection, now, file, premises, dry_run)

    def taken(
        caller: Caller, connection: psycopg.Connection, now: datetime, file: bytes, premises: str | None,
        dry_run: bool,  # noqa: FBT001
    ) -> JSONResponse:  # fmt: skip
        if refusal := too_large(file):
            return refusal
        report = import_sheet(
            connection, sheet, file,
            lambda code: premises_of(connection, caller, Permission.MASTER_WRITE, code or premises),
            caller.scope(Permission.MASTER_WRITE).listed, caller.actor, now, dry_run=dry_run,
        )  # fmt: skip
        return answer_of(report)

    def give_out(caller: MasterReader, connection: Database, now: Now, premises: _Of = None) -> CsvResponse:
        text = export_sheet(connection, sheet, visible(connection, caller, premises), now)
        return CsvResponse(text, headers={"Content-Disposition": f'attachment; filename="{sheet.name}.csv"'})

    router.add_api_route(
        f"/{sheet.name}/import", take_in_at if sheet.at_premises else take_in, methods=["POST"],
        response_model=ImportReport,
        summary=f"Many {what} from a CSV file: all of them, or none",
        responses=refusals(**IMPORT_ANSWERS, _403="No right to master data", _404="There are no such premises"),
    )  # fmt: skip
    router.add_api_route(
        f"/{sheet.name}/export", give_out, methods=["GET"], response_class=CsvResponse,
        summary=f"All {what} in service as the CSV file that the import takes", responses=LISTED,
    )  # fmt: skip


for _sheet in SHEETS:
    _add_routes(_sheet)
