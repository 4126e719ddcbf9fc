"""The router for drivers before they leave: load check, checklist, departure. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

import psycopg
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from gateway.api.clock import Now
from gateway.api.driver_pages import DriverRoute, driver_page, driver_words, plain_headers
from gateway.api.driver_sessions import DriverCaller, answered, frame
from gateway.api.forms import Form, LongForm
from gateway.driver.load_view import load_page
from gateway.driver.own_trips import own_trip
from gateway.driver.trip_view import dialled
from gateway.driver.yard import Told, leave, take_in, take_out, tick
from storage.driver_trips import phone_of_premises
from storage.trips import Trip, lock_plans

router = APIRouter(prefix="/driver/trips", route_class=DriverRoute, include_in_schema=False)

_MOST_CODE = 200


@router.get("/{key}/load", summary="What is loaded, what is ticked, and what keeps the trip from leaving")
def look_at_load(request: Request, key: str, now: Now) -> Response:
    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        return _page(request, connection, caller, own_trip(connection, caller.driver_id, key, now), now)

    return answered(request, now, answer)


@router.post("/{key}/load", summary="Takes what was scanned or typed into the van, or an order out of it")
def change_load(request: Request, key: str, now: Now, form: Form) -> Response:
    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        trip = _locked(connection, caller, key, now)
        code, out = (form.get(name, [""])[0][:_MOST_CODE].strip() for name in ("code", "out"))
        if out:
            told = take_out(connection, trip, out, caller.actor, now)
        elif code and code.isprintable():
            told = take_in(connection, trip, code, caller.actor, now)
        else:
            told = Told("load_nothing", good=False)
        return _page(request, connection, caller, own_trip(connection, caller.driver_id, key, now), now, told)

    return answered(request, now, answer)


@router.post("/{key}/leave", summary="Keeps what is ticked, and says that the trip leaves, if the button said so")
def tick_or_leave(request: Request, key: str, now: Now, form: LongForm) -> Response:
    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        trip = _locked(connection, caller, key, now)
        told = tick(connection, trip, form.get("tick", []), caller.actor, now)
        trip = own_trip(connection, caller.driver_id, key, now)
        if told is None and form.get("do") == ["leave"]:
            told = leave(connection, trip, caller.actor, now)
            if told is None:
                return RedirectResponse(
                    f"/driver/trips/{trip.head.id}", HTTPStatus.SEE_OTHER, headers=plain_headers()
                )  # fmt: skip
        return _page(request, connection, caller, trip, now, told)

    return answered(request, now, answer)


def _locked(connection: psycopg.Connection, caller: DriverCaller, key: str, now: datetime) -> Trip:
    """The own trip, changed by nobody else until the page is made."""
    trip = own_trip(connection, caller.driver_id, key, now)
    lock_plans(connection, trip.head.premises_id)
    return own_trip(connection, caller.driver_id, key, now, lock=True)


def _page(
    request: Request, connection: psycopg.Connection, caller: DriverCaller, trip: Trip, now: datetime,
    told: Told | None = None,
) -> Response:  # fmt: skip
    words = driver_words(request)
    premises, phone = phone_of_premises(connection, trip.head.premises_id)
    return driver_page(
        request, "driver_load.html", **frame(request, caller, now), page=load_page(connection, trip, words, now),
        told=told, here=f"/driver/trips/{trip.head.id}/load", premises=premises, dial=dialled(phone),
        status=HTTPStatus.OK if told is None or told.good else HTTPStatus.CONFLICT,
    )  # fmt: skip
