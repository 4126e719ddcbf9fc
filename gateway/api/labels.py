"""The router for printers: an order's label with a code that is scanned into the van. Holds no rules."""

from __future__ import annotations

import html
import io
from typing import Annotated, Literal

import segno
from fastapi import APIRouter, Path, Query, Response

from gateway.api.callers import OrderReader
from gateway.api.database import Database
from gateway.api.problems import refusals
from gateway.dispatch.labels import label_code
from gateway.orders.service import OrdersConflictError, UnknownObjectError
from gateway.people.permissions import Permission
from storage.order_reads import Reader, order_document

router = APIRouter(prefix="/v1/orders", tags=["orders"])

Format = Annotated[Literal["html", "svg", "png"], Query(description="html prints as a label; svg and png: the code")]
_TYPES = {"html": "text/html; charset=utf-8", "svg": "image/svg+xml", "png": "image/png"}
# 62 x 40 mm: a common size of label printers' rolls. No customer's name: a bag is seen by many.
_PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Order {order_no}</title>
<style>@page {{ size: 62mm 40mm; margin: 2mm }} body {{ font: 9pt sans-serif; margin: 0; display: flex; gap: 3mm }}
svg {{ width: 34mm; height: 34mm }} b {{ font-size: 16pt; display: block }}</style>
{code}<div><b>{order_no}</b>{premises}<br>{source} {source_ref}<br>{lines} lines</div></html>
"""


@router.get(
    "/{key}/label", summary="A label with the order's code", response_class=Response,
    responses={
        **refusals(_401="No session and no API key", _403="No right to orders", _404="There is no such order",
                   _409="Several premises have an order of this number"),
        200: {"description": "The label", "content": {name.partition(";")[0]: {} for name in _TYPES.values()}},
    },
)  # fmt: skip
def label(
    key: Annotated[str, Path(max_length=64, description="the order's id or its number for people")],
    caller: OrderReader, connection: Database, format: Format = "html",  # noqa: A002 - its name on the wire
) -> Response:  # fmt: skip
    reader = Reader(caller.scope(Permission.ORDERS_READ).listed, caller.test)
    found = order_document(connection, reader, key=key)
    if not found:
        raise UnknownObjectError(f"there is no order {key}")
    if len(found) > 1:
        raise OrdersConflictError(f"several premises have an order {key}: ask for it by its id")
    row = found[0]
    # M: a code on a bag is scratched and creased; 15 % of it may be lost (ISO/IEC 18004).
    code = segno.make_qr(label_code(row["id"]), error="m")
    if format == "png":
        picture = io.BytesIO()
        code.save(picture, kind="png", scale=8)
        return Response(picture.getvalue(), media_type=_TYPES[format])
    if format == "svg":
        picture = io.BytesIO()
        code.save(picture, kind="svg", scale=8)
        return Response(picture.getvalue(), media_type=_TYPES[format])
    said = {name: html.escape(str(row[name])) for name in ("order_no", "premises", "source", "source_ref")}
    page = _PAGE.format(code=code.svg_inline(omitsize=True), lines=len(row["lines"]), **said)
    return Response(page, media_type=_TYPES[format])
