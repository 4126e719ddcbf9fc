"""The router for what comes back from a trip: the driver's page, and what staff read of it. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from http import HTTPStatus

import psycopg
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.callers import TripReader
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.driver_pages import DriverRoute, driver_page, driver_words, plain_headers
from gateway.api.driver_sessions import DriverCaller, answered, frame
from gateway.api.forms import LongForm
from gateway.api.trip_access import ONE_TRIP, TripKey, trip_asked_for
from gateway.dispatch.errors import NoSuchTripError
from gateway.driver.own_trips import own_trip
from gateway.driver.return_view import return_page
from gateway.driver.returning import bring_back, read_counted, to_return
from gateway.driver.yard import Told
from gateway.people.permissions import Permission
from storage.trip_returns import trip_return
from storage.trips import Trip, lock_plans

router = APIRouter(prefix="/driver/trips", route_class=DriverRoute, include_in_schema=False)
staff = APIRouter(prefix="/v1/trips", tags=["trips"])

_MOST_TEXT = 200


class ReturnedGoods(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    order_no: str
    line_no: int | None
    item: str
    unit: str
    aboard: Decimal = Field(description="by the ledger, before")
    counted: Decimal = Field(description="what was not found is lost on the ledger")


class ReturnedCash(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    currency: str | None
    due_minor: int = Field(description="paid in cash at the doors of the trip")
    counted_minor: int


class ReturnOut(BaseModel):
    """Who received what came back, and what was counted."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    employee_no: str = Field(description="who of the crew brought it")
    received_by: str | None = Field(description="null: neither goods nor cash came back")
    goods: list[ReturnedGoods]
    cash: list[ReturnedCash]
    note: str | None
    recorded_by: str
    recorded_at: datetime


@staff.get("/{key}/return", summary="Who received what came back from a trip, and what was counted", responses=ONE_TRIP)
def returned(key: TripKey, caller: TripReader, connection: Database) -> ReturnOut:
    trip = trip_asked_for(connection, caller, Permission.TRIPS_READ, key)
    found = trip_return(connection, trip.head.id)
    if found is None:
        raise NoSuchTripError(
            f"{trip.head.trip_no} was not handed in by its crew (yet): GET …/ledger says what is aboard"
        )
    return ReturnOut.model_validate(found)


@router.get("/{key}/return", summary="What is to be brought in")
def look_at_return(request: Request, key: str, now: Now) -> Response:
    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        trip = own_trip(connection, caller.driver_id, key, now)
        return _page(request, connection, caller, trip, {}, now)

    return answered(request, now, answer)


@router.post("/{key}/return", summary="Keeps what was counted and who received it, and ends the trip")
def hand_in(request: Request, key: str, now: Now, form: LongForm) -> Response:
    said = {name: _clean(values[0]) for name, values in form.items()}

    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        trip = own_trip(connection, caller.driver_id, key, now)
        lock_plans(connection, trip.head.premises_id)
        trip = own_trip(connection, caller.driver_id, key, now, lock=True)
        counted = read_counted(to_return(connection, trip), said)
        if isinstance(counted, Told):
            return _page(request, connection, caller, trip, said, now, counted)
        told = bring_back(connection, trip, caller.driver_id, counted, caller.actor, now)
        if told is None:
            target = f"/driver/trips/{trip.head.id}?said=returned"
            return RedirectResponse(target, HTTPStatus.SEE_OTHER, headers=plain_headers())
        return _page(request, connection, caller, trip, said, now, told)

    return answered(request, now, answer)


def _page(
    request: Request, connection: psycopg.Connection, caller: DriverCaller, trip: Trip, said: dict[str, str],
    now: datetime, told: Told | None = None,
) -> Response:  # fmt: skip
    shown = return_page(trip, to_return(connection, trip), said, driver_words(request))
    return driver_page(
        request, "driver_return.html", **frame(request, caller, now), page=shown, told=told,
        here=f"/driver/trips/{trip.head.id}/return",
        status=HTTPStatus.OK if told is None else HTTPStatus.CONFLICT,
    )  # fmt: skip


def _clean(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_MOST_TEXT]
