"""The router for dispatchers: addresses that need somebody, pins, candidates for a form. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from contract.geo import from_e7, to_e7
from gateway.api.callers import OrderReader, TripWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import etag_of
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.order_access import OrderKey
from gateway.api.order_models import OrderOut, to_order_out
from gateway.api.paging import Cursor, Limit, read_place, write_place
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.api.texts import LongText
from gateway.orders.service import OrdersConflictError, UnknownObjectError
from gateway.people.permissions import Permission
from gateway.places.places import Places, check_point, pin
from gateway.places.resolve import remedy
from gateway.places.search import candidates
from storage.order_reads import Reader, order_document
from storage.places import WaitingAddress, waiting_addresses

router = APIRouter(prefix="/v1", tags=["addresses"], route_class=IdempotentRoute)

_WHO = {"_401": "No session and no API key", "_403": "No right to orders"}


class WaitingOut(BaseModel):
    id: UUID
    premises: str
    order_no: str
    source: str
    source_ref: str
    customer_name: str
    address: str
    window_from: datetime
    window_to: datetime
    milestone: str
    lat: float | None = Field(description="null: nobody knows where it is, and no trip takes it")
    lon: float | None
    given_lat: float | None = Field(description="the point that its system gave")
    given_lon: float | None
    place_source: str | None
    place_quality: str | None
    problem: str | None = Field(description="such as unknown_house or far_from_address; null: not looked up yet")
    says: str | None
    remedy: str
    ask_at: datetime | None = Field(description="when the address service is asked (again); null: never")


class WaitingPage(BaseModel):
    addresses: list[WaitingOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


class PinIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    note: LongText = Field("", description="why there: behind the house, second gate")


class CandidateOut(BaseModel):
    lat: float
    lon: float
    source: str = Field(description="handoffs, pin, service or index")
    quality: str = Field(description="door, house, near (nearly this number) or street")
    label: str


class Candidates(BaseModel):
    candidates: list[CandidateOut]
    says: str | None = Field(description="why there are none, and the way out")


@router.get("/addresses/waiting", summary="Open orders whose address needs somebody", responses=refusals(**_WHO))
def waiting(
    caller: OrderReader, connection: Database,
    unresolved: Annotated[bool, Query(description="only those without any place")] = False,  # noqa: FBT002
    after: Cursor = None, limit: Limit = 50,
) -> WaitingPage:  # fmt: skip
    reader = Reader(caller.scope(Permission.ORDERS_READ).listed, caller.test)
    found = waiting_addresses(connection, reader, unresolved=unresolved, after=read_place(after), most=limit + 1)
    page = found[:limit]
    following = write_place(page[-1].window_from, page[-1].id) if len(found) > limit else None
    return WaitingPage(addresses=[_out(one) for one in page], next=following)


@router.get(
    "/addresses/search", summary="Places that an address may mean, best first",
    responses=refusals(**_WHO, _404="There are no such premises"),
)  # fmt: skip
def search(
    request: Request, caller: OrderReader, connection: Database,
    q: Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="an address")],
    premises: Annotated[str | None, Query(max_length=32, description="left out: the caller's only ones")] = None,
) -> Candidates:  # fmt: skip
    place = premises_of(connection, caller, Permission.ORDERS_READ, premises)
    found, says = candidates(connection, _places(request), place.id, q)
    return Candidates(
        candidates=[
            CandidateOut(lat=from_e7(one.lat_e7), lon=from_e7(one.lon_e7), source=one.source, quality=one.quality,
                         label=one.label)
            for one in found
        ],
        says=says,
    )  # fmt: skip


@router.post(
    "/orders/{key}/pin", summary="Says where an order's door is, and its address's from now on", dependencies=[Once],
    responses=refusals(_401="No session and no API key", _403="No right to trips", _404="There is no such order",
                       _409="The order is over"),
)  # fmt: skip
def pin_order(
    request: Request,
    response: Response,
    key: OrderKey,
    wanted: PinIn,
    caller: TripWriter,
    connection: Database,
    now: Now,
) -> OrderOut:
    reader = Reader(caller.scope(Permission.TRIPS_WRITE).listed, caller.test)
    found = order_document(connection, reader, key=key)
    if not found:
        raise UnknownObjectError(f"there is no order {key}")
    if len(found) > 1:
        raise OrdersConflictError(f"several premises have an order {key}: ask for it by its id")
    check_point(wanted.lat, wanted.lon)
    order_id: UUID = found[0]["id"]
    pin(connection, _places(request), order_id, (to_e7(wanted.lat), to_e7(wanted.lon)), wanted.note, caller.actor, now)
    (row,) = order_document(connection, reader, key=str(order_id))
    order = to_order_out(row, request.app.state.public_url)
    response.headers["ETag"] = etag_of(order)
    return order


def _places(request: Request) -> Places:
    places: Places = request.app.state.places
    return places


def _out(row: WaitingAddress) -> WaitingOut:
    names = [name for name in WaitingOut.model_fields if hasattr(row, name)]
    return WaitingOut(
        **{name: getattr(row, name) for name in names},
        lat=_degrees(row.lat_e7), lon=_degrees(row.lon_e7), given_lat=_degrees(row.given_lat_e7),
        given_lon=_degrees(row.given_lon_e7), problem=row.place_problem, says=row.place_note,
        remedy=remedy(row.place_problem),
    )  # fmt: skip


def _degrees(value_e7: int | None) -> float | None:
    return None if value_e7 is None else from_e7(value_e7)
