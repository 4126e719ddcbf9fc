"""The text that a recipient reads and signs at the door: the nine items of 4 CCR 15420 in their order. Stores nothing.

The same facts make the same bytes; their SHA-256 is what is signed for.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from gateway.pages.times import PlaceTime, amount
from gateway.pages.words import Words, words_of

VERSION = "1"  # goes up with every change of the texts or of what is said


class Document(msgspec.Struct, frozen=True):
    """What is shown, in one language."""

    text: str
    language: str
    version: str = VERSION

    @property
    def body(self) -> bytes:
        return self.text.encode()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


class ReturnableLine(msgspec.Struct, frozen=True):
    """A line of the order, and what the document says of it when not all of it is taken."""

    line_no: int
    item: str
    quantity: str
    unit: str
    returned: str  # with {quantity} where the number goes


def document(facts: Mapping[str, Any], language: str, accepted: Mapping[int, Decimal] | None = None) -> Document:
    """The document of an order (`storage.handoffs.receipt_facts`); lines that are not in `accepted` are taken whole."""
    words = words_of("handoff", language)
    lines = [*_head(facts, words), *_goods(facts, words), *_end(facts, words)]
    for line in returnable(facts, language):
        left = Decimal(line.quantity) - (accepted or {}).get(line.line_no, Decimal(line.quantity))
        if left > 0:
            lines.append(line.returned.replace("{quantity}", plain(left)))
    return Document("\n".join([*lines, words("document_version", version=VERSION)]) + "\n", language)


def returnable(facts: Mapping[str, Any], language: str) -> list[ReturnableLine]:
    """The order's lines; a phone out of reach writes the same sentences from them."""
    words = words_of("handoff", language)
    return [
        ReturnableLine(
            one["line_no"], _one_line(one["item"]), plain(Decimal(one["quantity"])), _one_line(one["unit"]),
            words("document_returned", quantity="{quantity}", unit=_one_line(one["unit"]), item=_one_line(one["item"])),
        )
        for one in facts["lines"]
    ]  # fmt: skip


def plain(number: Decimal) -> str:
    """'2', '1.5': without trailing zeros or exponents."""
    return f"{number.normalize():f}"


def _head(facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    unknown = words("document_unknown")

    def known(value: Any) -> str:
        return _one_line(str(value)) if value else unknown

    time, placed_at = PlaceTime(facts["tz"], words), _instant(facts["placed_at"])
    yield words("document_title", order_no=facts["order_no"])
    yield words("document_seller", name=known(facts["seller"]), number=known(facts["licence_no"]))
    yield words("document_courier", name=known(facts["courier"]), number=known(facts["courier_no"]))
    yield words("document_preparer", name=known(facts["preparer"]), number=known(facts["preparer_no"]))
    first_name = known(facts["customer_name"]).split(" ")[0]
    yield words("document_customer", name=first_name, number=known(facts["customer_no"]))
    yield words("document_requested", date=time.date(placed_at), clock=time.clock(placed_at), zone=time.zone(placed_at))
    yield words("document_address", address=known(facts["address"]))


def _goods(facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    yield words("document_goods")
    for one in facts["lines"]:
        quantity, price = Decimal(one["quantity"]), one["unit_price_minor"]
        said = [words("document_line", quantity=plain(quantity), unit=_one_line(one["unit"]),
                      item=_one_line(one["item"]))]  # fmt: skip
        if price is not None:
            said.append(amount(round(quantity * price), facts["currency"]))
        if one["tag"]:
            said.append(words("document_tag", tag=_one_line(one["tag"])))
        yield "   " + ", ".join(said)


def _end(facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    def money(minor: int | None) -> str:
        return words("document_unknown") if minor is None else amount(minor, facts["currency"])

    yield words(
        "document_total", total=money(facts["total_minor"]), taxes=money(facts["taxes_minor"]),
        fees=money(facts["fees_minor"]), discount=money(facts["discount_minor"]),
    )  # fmt: skip
    yield words("document_received")
    yield words("document_consent")


def _one_line(text: str) -> str:
    """In one normal form and on one line: two texts that look the same are the same."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _instant(value: Any) -> datetime:
    assert isinstance(value, datetime), "the database's own"
    return value
