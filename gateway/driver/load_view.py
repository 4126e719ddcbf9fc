"""What the page before leaving says: orders with what is loaded, the checklist, what blocks. Does nothing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import psycopg

from gateway.dispatch.blocks import Bag
from gateway.dispatch.loading import bags_of, departure_blocks
from gateway.dispatch.profiles_of import profile_of_trip
from gateway.driver.trip_view import stage_of
from gateway.pages.words import Words
from storage.trips import Trip


class BagRow(msgspec.Struct, frozen=True):
    """An order to be loaded."""

    order_no: str
    loaded: bool
    cancelled: bool
    aboard: bool  # some of it, at least
    goods: tuple[str, ...]


class TickRow(msgspec.Struct, frozen=True):
    """Something to be ticked."""

    name: str
    says: str
    ticked: bool


class BlockRow(msgspec.Struct, frozen=True):
    """Why the trip cannot leave, in the page's language, with the rule's own text."""

    says: str
    detail: str


class LoadPage(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    id: UUID
    trip_no: str
    vehicle: str
    stage: str
    progress: str
    bags: tuple[BagRow, ...]
    ticks: tuple[TickRow, ...]
    blocks: tuple[BlockRow, ...]


def load_page(connection: psycopg.Connection, trip: Trip, words: Words, now: datetime) -> LoadPage:
    """How far it is, and what still holds the trip back."""
    profile = profile_of_trip(connection, trip.head, now)
    bags = bags_of(connection, trip)
    going = [bag for bag in bags if not bag.is_cancelled]
    held = departure_blocks(connection, trip, profile, now) if trip.head.departed_at is None else []
    return LoadPage(
        id=trip.head.id, trip_no=trip.head.trip_no, vehicle=trip.head.vehicle, stage=stage_of(trip),
        progress=words("loaded_of", done=sum(bag.is_loaded for bag in going), all=len(going)),
        bags=tuple(_row(bag) for bag in bags),
        ticks=tuple(TickRow(one, _tick(one, words), one in trip.head.checklist) for one in profile.checklist),
        blocks=tuple(BlockRow(words(f"block_{one.rule}"), one.says) for one in held),
    )  # fmt: skip


def _row(bag: Bag) -> BagRow:
    goods = tuple(f"{quantity_of(line.quantity, line.unit)} {line.item}" for line in bag.lines)
    return BagRow(bag.order_no, bag.is_loaded, bag.is_cancelled, bag.is_aboard, goods)


def quantity_of(quantity: Decimal, unit: str) -> str:
    """'2' of single pieces, '1.5 kg' of the rest."""
    return f"{quantity.normalize():f}" + ("" if unit == "each" else f" {unit}")


def _tick(item: str, words: Words) -> str:
    """A checklist may ask for what no language file knows; then it is called as the profile calls it."""
    return words(f"tick_{item}") if f"tick_{item}" in words.texts else item.replace("_", " ")
