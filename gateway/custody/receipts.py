"""The receipt of a delivery: the nine items of 4 CCR 15420(a) in their order, made once and kept. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from contract.currencies import decimals_of
from storage.handoffs import NewHandoff, receipt_facts
from storage.orders import accepted_lines
from storage.receipts import put_receipt

FORM = 1  # goes up when the names below change
_encode = msgspec.json.Encoder(decimal_format="string").encode


def keep_receipt(connection: psycopg.Connection, handoff_id: UUID, handoff: NewHandoff, driver_id: UUID | None) -> None:
    """Keeps what the order and the attempt say now; whatever is changed later, the receipt stays."""
    facts = receipt_facts(connection, handoff.order_id, driver_id=driver_id, trip_id=handoff.trip_id)
    accepted = accepted_lines(connection, handoff.order_id)
    put_receipt(
        connection, handoff_id=handoff_id, premises_id=handoff.premises_id, order_id=handoff.order_id,
        body=_encode(receipt(facts, accepted, handoff)), at=handoff.at,
    )  # fmt: skip


def receipt(facts: Mapping[str, Any], accepted: Mapping[int | None, Decimal], handoff: NewHandoff) -> dict[str, Any]:
    """The document; its keys stand in the order of the rule's items."""
    zone, currency = ZoneInfo(facts["tz"]), facts["currency"]
    return {
        "receipt": FORM,
        "order_no": facts["order_no"],
        "seller": {"legal_name": facts["seller"], "licence_no": facts["licence_no"]},
        "courier": {"first_name": facts["courier"], "employee_no": facts["courier_no"]},
        "preparer": {"first_name": facts["preparer"], "employee_no": facts["preparer_no"]},
        "customer": {"first_name": str(facts["customer_name"]).split(" ")[0], "customer_no": facts["customer_no"]},
        "requested": _times(facts["placed_at"], zone),
        "delivery_address": facts["address"],
        "goods": list(_goods(facts["lines"], accepted, currency)),
        "paid": {
            **{name: _money(facts[f"{name}_minor"], currency) for name in ("total", "taxes", "fees", "discount")},
            "currency": currency,
            "due_at_door": _money(facts["due_minor"], currency),
            "paid_at_door": _money(handoff.paid_minor, currency),
            "paid_by": handoff.paid_by,
        },
        "delivered": {
            **_times(handoff.at, zone),
            "outcome": handoff.outcome,
            "signature": handoff.proofs.get("signature"),
        },
        "time_zone": facts["tz"],
        "language": facts["customer_language"],
        "profile": handoff.profile,
        "profile_version": handoff.profile_version,
        "declared_by": f"{handoff.actor.kind} {handoff.actor.name}",
    }


def _goods(
    lines: list[dict[str, Any]], accepted: Mapping[int | None, Decimal], currency: str | None
) -> Iterator[dict[str, Any]]:
    for one in lines:
        ordered, price = Decimal(one["quantity"]), one["unit_price_minor"]
        taken = accepted.get(one["line_no"], ordered)
        yield {
            "line_no": one["line_no"],
            "item": one["item"],
            "uid": one["tag"],
            "ordered": _plain(ordered),
            "accepted": _plain(taken),
            "unit": one["unit"],
            "unit_price": _money(price, currency),
            "amount": None if price is None else _money(round(taken * price), currency),
        }


def _times(at: datetime, zone: ZoneInfo) -> dict[str, str]:
    utc = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"at_local": at.astimezone(zone).isoformat(timespec="milliseconds"), "at_utc": utc}


def _money(minor: int | None, currency: str | None) -> str | None:
    """'12.90'; as text, so that whoever reads it makes no binary fraction of it."""
    if minor is None:
        return None
    decimals = decimals_of(currency)
    return f"{Decimal(minor).scaleb(-decimals):.{decimals}f}"


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
