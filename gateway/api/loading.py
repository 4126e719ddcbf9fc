"""The router for the yard: orders into the van, papers, what blocks a departure, and the ledger. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from gateway.api.callers import TripReader, TripWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.texts import Text
from gateway.api.trip_access import (
    CHANGE_TRIP,
    ONE_TRIP,
    TripKey,
    scope_of_trips,
    told_time,
    trip_asked_for,
    trip_for_change,
)
from gateway.api.trip_models import Name, StrictModel
from gateway.dispatch.blocks import Bag
from gateway.dispatch.loading import bags_of, departure_blocks, load, lose, total_value_minor, unload
from gateway.dispatch.papers import put_papers
from gateway.dispatch.profiles_of import profile_of_trip
from gateway.people.permissions import Permission
from storage.ledger import aboard, ledger_of_trip

router = APIRouter(prefix="/v1/trips", tags=["trips"], route_class=IdempotentRoute)

Code = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


class ScanIn(StrictModel):
    """A tick or a scan."""

    code: Code = Field(description="the label's code, the order's number or id, or the goods' own tag")
    at: AwareDatetime | None = Field(
        None, description="when it was, for who brings along a past (records:import); left out: now"
    )


class ScanOut(BaseModel):
    result: Literal["loaded", "already_loaded", "wrong_bag", "unloaded", "not_aboard"]
    order_no: str
    says: str
    trip_no: str | None = Field(description="where a wrong bag belongs; null: to no trip")
    vehicle: str | None


class LoadedLine(BaseModel):
    item: str
    unit: str
    quantity: Decimal
    aboard: Decimal


class LoadedOrder(BaseModel):
    order_no: str
    loaded: bool
    cancelled: bool
    lines: list[LoadedLine]


class BlockOut(BaseModel):
    rule: str
    says: str
    may_be_overridden: bool


class LoadOut(BaseModel):
    """How far a trip is loaded, and what keeps it from leaving now."""

    trip_no: str
    orders: list[LoadedOrder]
    blocks: list[BlockOut]


class MovementOut(BaseModel):
    at: datetime
    kind: str
    order_no: str
    line_no: int | None
    item: str
    tag: str | None
    quantity: Decimal = Field(description="negative: it left the vehicle")
    unit: str
    unit_price_minor: int | None
    currency: str | None
    balance: Decimal = Field(description="of this line aboard, after the movement")
    value_aboard_minor: Decimal | None
    actor_kind: str
    actor: str
    note: str | None


class AboardOut(BaseModel):
    order_no: str
    line_no: int | None
    item: str
    tag: str | None
    quantity: Decimal
    unit: str


class LedgerOut(BaseModel):
    """What came into the vehicle and left it, in order, and what is in it now."""

    trip_no: str
    ledger_no: str | None
    movements: list[MovementOut]
    aboard: list[AboardOut]
    value_aboard_minor: int | None = Field(description="null: a price is not known")


class LossIn(StrictModel):
    order: Name = Field(description="its number for people")
    line_no: int | None = Field(None, ge=1, description="left out: all of the order that is aboard")
    quantity: Decimal | None = Field(None, gt=0, le=1_000_000, max_digits=12, decimal_places=4)
    note: Text


class PapersIn(StrictModel):
    """What is to be on record before the trip leaves; what is left out stays as it is."""

    ledger_no: Text | None = Field(None, description="of the track-and-trace system")
    checklist: list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]] | None = Field(
        None, max_length=40, description="everything that is ticked now"
    )


@router.post("/{key}/load", summary="Takes an order into the van, by tick or scan", dependencies=[Once],
             responses=CHANGE_TRIP)  # fmt: skip
def load_order(key: TripKey, wanted: ScanIn, caller: TripWriter, connection: Database, now: Now) -> ScanOut:
    trip = trip_for_change(connection, caller, key, None)
    scope = scope_of_trips(caller, Permission.TRIPS_WRITE)
    at = told_time(caller, trip.head.premises_id, wanted.at, now)
    done = load(connection, trip, scope, wanted.code, caller.actor, at)
    return ScanOut.model_validate(done, from_attributes=True)


@router.post("/{key}/unload", summary="Takes an order out of the van again", dependencies=[Once],
             responses=CHANGE_TRIP)  # fmt: skip
def unload_order(key: TripKey, wanted: ScanIn, caller: TripWriter, connection: Database, now: Now) -> ScanOut:
    trip = trip_for_change(connection, caller, key, None)
    scope = scope_of_trips(caller, Permission.TRIPS_WRITE)
    at = told_time(caller, trip.head.premises_id, wanted.at, now)
    done = unload(connection, trip, scope, wanted.code, caller.actor, at)
    return ScanOut.model_validate(done, from_attributes=True)


@router.get("/{key}/load", summary="What is loaded, and what blocks the departure", responses=ONE_TRIP)
def loaded(key: TripKey, caller: TripReader, connection: Database, now: Now) -> LoadOut:
    trip = trip_asked_for(connection, caller, Permission.TRIPS_READ, key)
    held = departure_blocks(connection, trip, profile_of_trip(connection, trip.head, now), now)
    return LoadOut(
        trip_no=trip.head.trip_no, orders=[_loaded(bag) for bag in bags_of(connection, trip)],
        blocks=[BlockOut(rule=one.rule, says=one.says, may_be_overridden=one.may_be_overridden) for one in held],
    )  # fmt: skip


@router.patch("/{key}/papers", summary="Ledger number and checklist of a trip", responses=CHANGE_TRIP)
def papers(
    key: TripKey, wanted: PapersIn, caller: TripWriter, connection: Database, now: Now, if_match: IfMatch = None
) -> LoadOut:
    trip = trip_for_change(connection, caller, key, if_match)
    put_papers(connection, trip, caller.actor, now, ledger_no=wanted.ledger_no, checklist=wanted.checklist)
    return loaded(key, caller, connection, now)


@router.get("/{key}/ledger", summary="What came into the van and left it, and what is aboard", responses=ONE_TRIP)
def ledger(key: TripKey, caller: TripReader, connection: Database) -> LedgerOut:
    trip = trip_asked_for(connection, caller, Permission.TRIPS_READ, key)
    inside = aboard(connection, trip_ids=[trip.head.id])
    return LedgerOut(
        trip_no=trip.head.trip_no, ledger_no=trip.head.ledger_no,
        movements=[
            MovementOut.model_validate(row, from_attributes=True) for row in ledger_of_trip(connection, trip.head.id)
        ],
        aboard=[AboardOut.model_validate(one, from_attributes=True) for one in inside],
        value_aboard_minor=total_value_minor(inside),
    )  # fmt: skip


@router.post("/{key}/losses", summary="Goods that are aboard no more, and that nobody got", dependencies=[Once],
             responses=CHANGE_TRIP)  # fmt: skip
def loss(key: TripKey, wanted: LossIn, caller: TripWriter, connection: Database, now: Now) -> LedgerOut:
    trip = trip_for_change(connection, caller, key, None)
    lose(connection, trip, wanted.order, wanted.line_no, wanted.quantity, caller.actor, now, wanted.note)
    return ledger(key, caller, connection)


def _loaded(bag: Bag) -> LoadedOrder:
    lines = [
        LoadedLine(item=line.item, unit=line.unit, quantity=line.quantity, aboard=line.aboard) for line in bag.lines
    ]
    return LoadedOrder(order_no=bag.order_no, loaded=bag.is_loaded, cancelled=bag.is_cancelled, lines=lines)
