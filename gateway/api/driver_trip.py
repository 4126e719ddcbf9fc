"""The router for drivers: the trip of this shift with its drops in order. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

import psycopg
from fastapi import APIRouter, Request, Response

from gateway.api.clock import Now
from gateway.api.driver_pages import DriverRoute, driver_page, driver_words, waiting_box
from gateway.api.driver_sessions import DriverCaller, answered, frame
from gateway.driver.own_trips import own_trip, own_trips, with_doors
from gateway.driver.road_view import road_page
from gateway.driver.trip_view import dialled, other_trips, trip_page
from gateway.driver.yard import Told
from storage.driver_trips import phone_of_premises
from storage.trips import Trip

router = APIRouter(prefix="/driver", route_class=DriverRoute, include_in_schema=False)

# What a deed that was done leads back with.
_SAID = frozenset({"checked_in", "help", "arrived", "why", "returned"})


@router.get("", summary="The driver's trip that counts now")
def current_trip(request: Request, now: Now) -> Response:
    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        trips = own_trips(connection, caller.driver_id, now)
        if not trips:
            premises, phone = phone_of_premises(connection, caller.premises_id)
            return driver_page(
                request, "driver_no_trip.html", **frame(request, caller, now), premises=premises,
                phone=phone, dial=dialled(phone),
            )  # fmt: skip
        return show_trip(request, connection, caller, trips[0], now)

    return answered(request, now, answer)


@router.get("/trips/{key}", summary="One of the driver's trips of this shift")
def one_trip(request: Request, key: str, now: Now) -> Response:
    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        return show_trip(request, connection, caller, own_trip(connection, caller.driver_id, key, now), now)

    return answered(request, now, answer)


def show_trip(
    request: Request, connection: psycopg.Connection, caller: DriverCaller, trip: Trip, now: datetime,
    told: Told | None = None,
) -> Response:  # fmt: skip
    """The trip's page, with what came of a deed."""
    words = driver_words(request)
    said = request.query_params.get("said")
    if told is None and said in _SAID:
        told = Told(f"said_{said}", good=True)
    shown = trip_page(with_doors(connection, trip, now), caller.driver_id, words, now)
    others = other_trips(own_trips(connection, caller.driver_id, now), trip.head.id, words, now)
    return driver_page(
        request, "driver_trip.html", **frame(request, caller, now), page=shown, others=others, told=told,
        here=f"/driver/trips/{trip.head.id}",
        **waiting_box(words.language), road=road_page(connection, trip, words, now),
        status=HTTPStatus.OK if told is None or told.good else HTTPStatus.CONFLICT,
    )  # fmt: skip
