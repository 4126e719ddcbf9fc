"""Finds the kept receipt of an order and gives it as JSON or on paper; each time is on record. Makes no receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import psycopg

from gateway.pages.words import choose_language
from gateway.refusals import NotThereError
from gateway.reports.asking import Chosen
from gateway.reports.columns import Column, Row
from gateway.reports.definition import Definition
from gateway.reports.receipt_print import print_receipt
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.receipts import KeptReceipt, receipts_of_order
from storage.reports import named, report_rows

ReceiptForm = Literal["json", "pdf", "slip"]
RECEIPT_FORMS: tuple[ReceiptForm, ...] = ("json", "pdf", "slip")
COLUMNS = (
    Column("seller"), Column("licence_no"), Column("courier"), Column("courier_employee_no"), Column("preparer"),
    Column("preparer_employee_no"), Column("customer"), Column("customer_no"), Column("requested", "time"),
    Column("delivery_address"), Column("goods"), Column("total"), Column("taxes"), Column("fees"),
    Column("discount"), Column("currency"), Column("delivered", "time"), Column("signed_by"),
    Column("signed_document_sha256"), Column("order_no"), Column("attempt_no", "number"), Column("trip_no"),
    Column("outcome"), Column("receipt_sha256"), Column("recorded", "time"),
)  # fmt: skip


class GivenReceipt(msgspec.Struct, frozen=True):
    """A receipt as a file."""

    report_id: UUID
    order_no: str
    form: ReceiptForm
    body: bytes
    kept_sha256: str  # of the JSON that was kept


def give_receipt(
    connection: psycopg.Connection, premises_id: UUID, order: str, form: ReceiptForm, actor: Actor, now: datetime,
    language: str | None = None,
) -> GivenReceipt:  # fmt: skip
    """The newest receipt of the order, on paper in the language of its customer unless another is wanted."""
    found = named(connection, "order", premises_id, order)
    if found is None:
        raise NotThereError(f"there is no order {order!r}", field="query.order")
    kept = receipts_of_order(connection, premises_id, found.id)
    if not kept:
        says = f"order {found.name} has no receipt: it was not delivered, or before receipts were kept"
        raise NotThereError(says, field="query.order")
    if not kept[0].is_whole:
        raise RuntimeError(f"the receipt of order {found.name} is not what was kept")
    given = GivenReceipt(new_id(now), found.name, form, _file(kept[0], form, language), kept[0].sha256)
    event = AuditEvent(
        at=now, actor=actor, action="report.made", object_kind="report", object_id=str(given.report_id),
        premises_id=premises_id,
        after={
            "report": "receipt", "filters": {"order": found.name}, "format": form, "receipt_sha256": given.kept_sha256,
            "sha256": hashlib.sha256(given.body).hexdigest(),
        },
    )  # fmt: skip
    record(connection, [event])
    return given


def _file(kept: KeptReceipt, form: ReceiptForm, language: str | None) -> bytes:
    if form == "json":
        return kept.body
    said: dict[str, Any] = msgspec.json.decode(kept.body)
    return print_receipt(kept, form, choose_language(language, None, said["language"]))


class Receipts:
    """The receipts of a time as a table, in the order of the rule's nine items."""

    def __init__(self, connection: psycopg.Connection, chosen: Chosen) -> None:
        self._connection, self._values = connection, chosen.values()
        self._unsigned = 0

    def rows(self) -> Iterator[Row]:
        for body, sha256, attempt_no, trip_no, recorded_at in report_rows(self._connection, "receipts", self._values):
            said = msgspec.json.decode(bytes(body))
            signature = said["delivered"]["signature"]
            self._unsigned += signature is None
            yield _row(said, signature or {}, sha256, attempt_no, trip_no, recorded_at)

    def summary(self) -> Mapping[str, Any]:
        return {"without_signature": self._unsigned}


def _row(
    said: dict[str, Any], signature: dict[str, Any], sha256: str, attempt_no: int, trip_no: str | None,
    recorded_at: datetime,
) -> Row:  # fmt: skip
    paid, delivered = said["paid"], said["delivered"]
    goods = "; ".join(
        f"{one['accepted']} {one['unit']} {one['item']}" + (f" [{one['uid']}]" if one["uid"] else "")
        for one in said["goods"]
    )
    return (
        said["seller"]["legal_name"], said["seller"]["licence_no"], said["courier"]["first_name"],
        said["courier"]["employee_no"], said["preparer"]["first_name"], said["preparer"]["employee_no"],
        said["customer"]["first_name"], said["customer"]["customer_no"],
        datetime.fromisoformat(said["requested"]["at_utc"]), said["delivery_address"], goods, paid["total"],
        paid["taxes"], paid["fees"], paid["discount"], paid["currency"], datetime.fromisoformat(delivered["at_utc"]),
        signature.get("printed_name"), signature.get("document_sha256"), said["order_no"], attempt_no, trip_no,
        delivered["outcome"], sha256, recorded_at,
    )  # fmt: skip


RECEIPTS = Definition(
    name="receipts",
    title="Delivery receipts",
    rule="4 CCR 15420(a)",
    columns=COLUMNS,
    takes=frozenset({"trip", "order", "period"}),
    needs=(frozenset({"trip", "order", "period"}),),
    read=Receipts,
)
