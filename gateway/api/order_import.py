"""The router for a day's orders in one CSV file: a report line by line, and all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import psycopg
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from gateway.api.callers import OrderWriter
from gateway.api.clock import Now
from gateway.api.csv_answers import IMPORT_ANSWERS, CsvFile, DryRun, ImportReport, answer_of, report_of, too_large
from gateway.api.database import Database
from gateway.api.order_models import OrderIn, as_new_order, to_new_order
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.csv_rows import Wrong
from gateway.orders.changes import put_by_ref
from gateway.orders.csv_day import DayRow, read_day
from gateway.people.permissions import Permission
from gateway.places.places import Places
from gateway.refusals import RefusedError
from storage.audit import Actor
from storage.master import Premises
from storage.order_reads import Reader, order_document

router = APIRouter(prefix="/v1/orders", tags=["orders"])


@router.post(
    "/import", summary="A day's orders from a CSV file: all of them, or none", response_model=ImportReport,
    responses=refusals(**IMPORT_ANSWERS, _403="No right to orders", _404="There are no such premises"),
)  # fmt: skip
def import_orders(
    request: Request, caller: OrderWriter, connection: Database, now: Now,
    file: CsvFile = b"",
    premises: Annotated[str | None, Query(max_length=32)] = None,
    source: Annotated[str, Query(max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$")] = "import",
    dry_run: DryRun = False,  # noqa: FBT002
) -> JSONResponse:  # fmt: skip
    if refusal := too_large(file):
        return refusal
    place = premises_of(connection, caller, Permission.ORDERS_WRITE, premises)
    if caller.actor.kind == "order_system":
        source = caller.actor.name
    return answer_of(
        import_day(
            connection, place, source, file, caller.actor, now, request.app.state.places, test=caller.test,
            dry_run=dry_run,
        )
    )  # fmt: skip


def import_day(
    connection: psycopg.Connection, premises: Premises, source: str, file: bytes, actor: Actor, now: datetime,
    places: Places, *, test: bool, dry_run: bool,
) -> ImportReport:  # fmt: skip
    """Puts every order of the file under its number, in the caller's transaction; nothing of it when one cannot be."""
    rows, wrong = read_day(file, ZoneInfo(premises.tz))
    outcomes: dict[str, int] = {}
    with connection.transaction() as all_of_it:
        for row in rows:
            outcome = _put(connection, premises, source, row, actor, now, places, test=test)
            if isinstance(outcome, str):
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
            else:
                wrong += outcome
        if wrong or dry_run:
            raise psycopg.Rollback(all_of_it)
    return report_of(outcomes, wrong, done=not wrong and not dry_run)


def _put(
    connection: psycopg.Connection, premises: Premises, source: str, row: DayRow, actor: Actor, now: datetime,
    places: Places, *, test: bool,
) -> str | list[Wrong]:  # fmt: skip
    try:
        wanted = OrderIn.model_validate(row.values)
        reader = Reader([premises.id], test)
        before = next(iter(order_document(connection, reader, ref=(source, row.number))), None)
        new = to_new_order(wanted, source, row.number, now, test=test)
        old = None if before is None else as_new_order(before)
        put = put_by_ref(connection, premises.id, new, old, actor, now, places)
    except ValidationError as error:
        return [_wrong(row, one) for one in error.errors()]
    except RefusedError as error:
        column = None if error.field is None else error.field.removeprefix("body.")
        return [Wrong(row.line, str(error), column)]
    return "created" if put.created else "changed" if put.changed else "unchanged"


def _wrong(row: DayRow, error: Mapping[str, Any]) -> Wrong:
    *place, column = error["loc"] or ("",)
    # Each line of goods has a row of its own, the first one that of the order.
    line = row.line + (place[1] if len(place) > 1 and isinstance(place[1], int) else 0)
    return Wrong(line, f"order {row.number}: {error['msg']}", str(column))
