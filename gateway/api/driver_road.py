"""The router for drivers on the road: check-ins, help, arrivals, reasons of stops. Holds no rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

import psycopg
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from gateway.api.clock import Now
from gateway.api.driver_pages import DriverRoute, driver_page, plain_headers
from gateway.api.driver_sessions import DriverCaller, answered, frame
from gateway.api.driver_trip import show_trip
from gateway.api.forms import Form
from gateway.driver import road
from gateway.driver.own_trips import own_trip
from gateway.driver.trip_view import dialled
from gateway.driver.yard import Told
from storage.driver_trips import phone_of_premises
from storage.trips import Trip

router = APIRouter(prefix="/driver/trips", route_class=DriverRoute, include_in_schema=False)

_MOST_NOTE = 500
Deed = Callable[[psycopg.Connection, Trip, DriverCaller], Told | None]


@router.post("/{key}/check-in", summary="The driver says that all is well")
def check_in(request: Request, key: str, now: Now) -> Response:
    return _done(request, key, now, "checked_in", lambda connection, trip, caller: road.all_is_well(
        connection, trip, caller.driver_id, caller.actor, now))  # fmt: skip


@router.get("/{key}/help", summary="Asks whether help is wanted: whoever holds the button is not asked")
def ask_help(request: Request, key: str, now: Now) -> Response:
    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        trip = own_trip(connection, caller.driver_id, key, now)
        premises, phone = phone_of_premises(connection, trip.head.premises_id)
        return driver_page(
            request, "driver_help.html", **frame(request, caller, now), trip_id=trip.head.id, premises=premises,
            dial=dialled(phone),
        )  # fmt: skip

    return answered(request, now, answer)


@router.post("/{key}/help", summary="Calls for help: everybody on duty is warned")
def call_help(request: Request, key: str, now: Now) -> Response:
    return _done(request, key, now, "help", lambda connection, trip, caller: road.call_for_help(
        connection, trip, caller.driver_id, caller.actor, now))  # fmt: skip


@router.post("/{key}/arrived", summary="The driver is at the door of an order")
def arrive(request: Request, key: str, now: Now, form: Form) -> Response:
    order = form.get("order", [""])[0]
    return _done(request, key, now, "arrived", lambda connection, trip, caller: road.arrive(
        connection, trip, order, caller.actor, now))  # fmt: skip


@router.post("/{key}/why", summary="Why the van stood")
def say_why(request: Request, key: str, now: Now, form: Form) -> Response:
    stop, code, note = (form.get(name, [""])[0].strip() for name in ("stop", "code", "note"))
    note = "".join(letter for letter in note if letter.isprintable())[:_MOST_NOTE]
    return _done(request, key, now, "why", lambda connection, trip, caller: road.say_why(
        connection, trip, stop, code, note, caller.actor, now))  # fmt: skip


def _done(request: Request, key: str, now: datetime, said: str, deed: Deed) -> Response:
    """Back to the trip, which says what was done; or the trip with what was refused, and why."""

    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        trip = own_trip(connection, caller.driver_id, key, now, lock=True)
        told = deed(connection, trip, caller)
        if told is None:
            target = f"/driver/trips/{trip.head.id}?said={said}"
            return RedirectResponse(target, HTTPStatus.SEE_OTHER, headers=plain_headers())
        return show_trip(request, connection, caller, trip, now, told)

    return answered(request, now, answer)
