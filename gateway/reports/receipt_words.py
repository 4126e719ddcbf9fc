"""A receipt's lines in the customer's language, from the document that was kept. Prints nothing and stores nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from gateway.pages.times import PlaceTime
from gateway.pages.words import Words, words_of


class Line(msgspec.Struct, frozen=True):
    text: str
    indented: bool = False


def title(receipt: Mapping[str, Any], language: str) -> str:
    words = words_of("receipt", language)
    return words("title", order_no=receipt["order_no"])


def lines(receipt: Mapping[str, Any], language: str) -> Iterator[Line]:
    """The nine items in their order."""
    words = words_of("receipt", language)
    time = PlaceTime(receipt["time_zone"], words)
    yield Line(words("seller", **_who(receipt["seller"], "legal_name", "licence_no", words)))
    yield Line(words("courier", **_who(receipt["courier"], "first_name", "employee_no", words)))
    yield Line(words("preparer", **_who(receipt["preparer"], "first_name", "employee_no", words)))
    yield Line(words("customer", **_who(receipt["customer"], "first_name", "customer_no", words)))
    yield Line(words("requested", **_when(receipt["requested"], time)))
    yield Line(words("address", address=receipt["delivery_address"]))
    yield Line(words("goods"))
    for one in receipt["goods"]:
        yield from _goods(one, receipt["paid"]["currency"], words)
    yield from _paid(receipt["paid"], words)
    delivered = receipt["delivered"]
    yield Line(words("delivered", **_when(delivered, time)))
    signature = delivered["signature"]
    yield Line(
        words("unsigned") if signature is None else words("signed", name=signature["printed_name"]), indented=True
    )


def digest_line(language: str) -> str:
    words = words_of("receipt", language)
    return words("digest")


def _who(one: Mapping[str, Any], name: str, number: str, words: Words) -> dict[str, str]:
    return {"name": one[name] or words("unknown"), "number": one[number] or words("unknown")}


def _when(one: Mapping[str, str], time: PlaceTime) -> dict[str, str]:
    at = datetime.fromisoformat(one["at_utc"])
    return {"moment": f"{time.date(at)}, {time.clock(at)}", "zone": time.zone(at)}


def _goods(one: Mapping[str, Any], currency: str | None, words: Words) -> Iterator[Line]:
    values = {"quantity": one["accepted"], "unit": one["unit"], "item": one["item"]}
    if one["amount"] is None:
        yield Line(words("line", **values), indented=True)
    else:
        yield Line(words("line_price", **values, amount=_amount(one["amount"], currency)), indented=True)
    if one["uid"]:
        yield Line(words("label", uid=one["uid"]), indented=True)
    if one["accepted"] != one["ordered"]:
        yield Line(words("not_taken", ordered=one["ordered"]), indented=True)


def _paid(paid: Mapping[str, Any], words: Words) -> Iterator[Line]:
    amounts = {
        name: words("unknown") if paid[name] is None else _amount(paid[name], paid["currency"])
        for name in ("total", "taxes", "fees", "discount")
    }
    yield Line(words("total", total=amounts.pop("total")))
    yield Line(words("parts", **amounts), indented=True)
    if paid["paid_at_door"] is not None:
        how = {"cash": words("cash"), "card": words("card")}.get(paid["paid_by"], words("other"))
        yield Line(words("at_door", amount=_amount(paid["paid_at_door"], paid["currency"]), how=how), indented=True)


def _amount(amount: str, currency: str | None) -> str:
    return f"{amount} {currency}" if currency else amount
