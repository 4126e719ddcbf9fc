"""The router for a driver at a door: the page of one order, the arrival, and the handoff as a whole. Holds no rules."""

from __future__ import annotations

import json
from uuid import UUID

import psycopg
from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel

from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.driver_pages import DriverRoute, driver_page_in, waiting_box
from gateway.api.driver_sessions import DriverCaller, DriverHere, answered
from gateway.api.handoff_models import HandoffIn, HandoffOut, needs_out
from gateway.api.handoffs import handoff_out, happened_at
from gateway.custody.arriving import arrive
from gateway.custody.door import hand_over
from gateway.custody.door_page import script_values, template_values
from gateway.custody.needs import needs_of
from gateway.dispatch.errors import NoSuchTripError
from gateway.driver.own_trips import own_trip
from gateway.pages.words import LANGUAGES, words_of
from gateway.refusals import NotThereError
from storage.handoffs import is_order_of_crew
from storage.trips import as_uuid

pages = APIRouter(prefix="/driver", route_class=DriverRoute, include_in_schema=False)
router = APIRouter(prefix="/driver", include_in_schema=False)
_DOOR = "/trips/{trip}/orders/{order}"


class ArrivalIn(BaseModel):
    """Somebody is at the door; what else the phone says with everything is not looked at."""

    phone_at: AwareDatetime
    sent_at: AwareDatetime


class ArrivalOut(BaseModel):
    order_no: str


@pages.get(_DOOR, summary="The page for the handoff of one order")
def door_page(request: Request, trip: str, order: str, now: Now) -> Response:
    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        head = own_trip(connection, caller.driver_id, trip, now).head
        # Looked at here: whoever is not signed in is told so first, whatever they ask for.
        order_id = as_uuid(order)
        if order_id is None or not is_order_of_crew(connection, caller.driver_id, head.id, order_id):
            raise NoSuchTripError(f"there is no order {order} on your trip {head.trip_no}")
        needs = needs_of(connection, order_id, LANGUAGES, now, trip_id=head.id, driver_id=caller.driver_id)
        words, url = words_of("handoff", caller.lang), f"/driver/trips/{head.id}/orders/{order_id}"
        told = needs_out(needs)
        data = {
            **script_values(needs, words), "needs": told.model_dump(mode="json"), "url": f"{url}/handoffs",
            "arrived_url": f"{url}/arrival",
        }  # fmt: skip
        return driver_page_in(
            words, "handoff.html", needs=told, data=json.dumps(data), trip_url=f"/driver/trips/{head.id}",
            milestone=words_of("driver", caller.lang)(f"milestone_{needs.head.milestone}"),
            **waiting_box(caller.lang), **template_values(needs, words),
        )  # fmt: skip

    return answered(request, now, answer)


@router.post(_DOOR + "/arrival", status_code=201, summary="The driver is at the door")
def tell_arrival(
    request: Request, trip: UUID, order: UUID, wanted: ArrivalIn, caller: DriverHere, connection: Database
) -> ArrivalOut:
    _must_be_own(connection, caller, trip, order)
    at = happened_at(request, wanted.phone_at, wanted.sent_at)
    return ArrivalOut(order_no=arrive(connection, order, trip, at, caller.actor).order_no)


@router.post(_DOOR + "/handoffs", status_code=201, summary="Tells a whole handoff; told twice, it is kept once")
def tell_handoff(
    request: Request, trip: UUID, order: UUID, wanted: HandoffIn, caller: DriverHere, connection: Database
) -> HandoffOut:
    # Of whichever day: a phone that was out of reach for long tells it all the same.
    _must_be_own(connection, caller, trip, order)
    at = happened_at(request, wanted.phone_at, wanted.sent_at)
    kept = hand_over(connection, order, wanted.told(trip), at, caller.actor, driver_id=caller.driver_id)
    return handoff_out(kept, wanted.id)


def _must_be_own(connection: psycopg.Connection, caller: DriverCaller, trip_id: UUID, order_id: UUID) -> None:
    if not is_order_of_crew(connection, caller.driver_id, trip_id, order_id):
        raise NotThereError("there is no such order on a trip of yours: look at your trip, or ask dispatch")
