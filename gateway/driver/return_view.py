"""What the page at the end of a trip says: what to bring in, line by line, and the cash. Does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from gateway.driver.load_view import quantity_of
from gateway.driver.returning import ToReturn, cash_field, goods_field
from gateway.driver.trip_view import stage_of
from gateway.pages.times import amount
from gateway.pages.words import Words
from storage.trips import Trip


class CountRow(msgspec.Struct, frozen=True):
    """Something to be counted: its field, what it is, and what was typed before."""

    field: str
    says: str
    typed: str


class ReturnPage(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    id: UUID
    trip_no: str
    may_return: bool
    is_done: bool
    still_open: str | None
    goods: tuple[CountRow, ...]
    cash: tuple[CountRow, ...]
    received_by: str
    note: str


def return_page(trip: Trip, wanted: ToReturn, said: Mapping[str, str], words: Words) -> ReturnPage:
    """What is to be brought in; `said` is what was typed already."""
    goods = tuple(
        CountRow(
            goods_field(one),
            words("return_line", order_no=one.order_no, goods=f"{quantity_of(one.quantity, one.unit)} {one.item}"),
            said.get(goods_field(one), ""),
        )
        for one in wanted.goods
    )
    cash = tuple(
        CountRow(
            cash_field(currency), words("return_due", amount=amount(due, currency)), said.get(cash_field(currency), "")
        )
        for currency, due in wanted.cash
    )
    orders = ", ".join(wanted.still_open)
    return ReturnPage(
        id=trip.head.id, trip_no=trip.head.trip_no, is_done=wanted.is_done, goods=goods, cash=cash,
        may_return=stage_of(trip) != "planned" and not wanted.still_open and not wanted.is_done,
        still_open=words("return_open", orders=orders) if orders else None, received_by=said.get("received_by", ""),
        note=said.get("note", ""),
    )  # fmt: skip
