"""Asks the address service for orders whose address nothing here knows, one at a time. Knows no HTTP."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import msgspec
import psycopg

from contract.clock import true_now
from contract.geo import distance_m
from gateway.places.normalise import Address, house_numbers, take_apart
from gateway.places.places import Places, look_again, set_place
from gateway.places.resolve import FAR_M, SERVICE_UNSURE
from gateway.places.service import AddressService, Candidate, ServiceError
from storage.audit import Actor
from storage.places import AddressOfOrder, KnownDoor, claim_address, lock_address, put_door

log = logging.getLogger(__name__)

WORKER = Actor("system", "worker")
_CLAIM = timedelta(minutes=5)  # longer than asking can take
# Down, slow or talking rubbish: asked again and again, at last every three hours.
_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
# An answer this far from the premises is another town's street of that name. No delivery vehicle goes that far.
MOST_AWAY_M = 200_000.0


def ask_next(connection: psycopg.Connection, places: Places, service: AddressService, now: datetime) -> bool:
    """Asks for one order's address and keeps the outcome; False: there was none to ask for. `now` is the clock's."""
    with connection.transaction():
        asked_at = true_now()
        claimed = claim_address(connection, asked_at, asked_at + _CLAIM)
        # Meanwhile somebody may have pinned the same address, or its door may have been learned.
        if claimed is not None and look_again(connection, places, claimed[0], WORKER, now):
            return True
    if claimed is None:
        return False
    order_id, address = claimed
    with connection.transaction():
        order = lock_address(connection, order_id)
    if order is None:
        return True
    try:
        found: list[Candidate] | ServiceError = service.ask(address, order.premises_at)
    except ServiceError as error:
        found = error
    with connection.transaction():
        order = lock_address(connection, order_id)
        if order is not None and order.address == address and order.place.lat_e7 is None:
            _keep(connection, order, places, found, now)
    return True


def choose(candidates: list[Candidate], address: Address, premises_at: tuple[int, int] | None) -> Candidate | str:
    """The one house that the answer surely means; else why there is none."""
    near = [one for one in candidates if premises_at is None or _away_m(one, premises_at) <= MOST_AWAY_M]
    if not near:
        return "the service knows no such address" + (" within 200 km of the premises" if candidates else "")
    for wanted in house_numbers(address.number or ""):
        houses = [one for one in near if one.quality == "house" and one.number == wanted]
        if not houses:
            continue
        if any(_away_m(other, (houses[0].lat_e7, houses[0].lon_e7)) > FAR_M for other in houses[1:]):
            return f"the service has it at several places: {houses[0].label}; {houses[1].label}"
        return houses[0]
    return f"the service knows {near[0].label} ({near[0].quality}), but not this house number"


def _keep(
    connection: psycopg.Connection, order: AddressOfOrder, places: Places, found: list[Candidate] | ServiceError,
    now: datetime,
) -> None:  # fmt: skip
    if isinstance(found, ServiceError):
        pause = _PAUSES[min(order.tries, len(_PAUSES) - 1)]
        waits = msgspec.structs.replace(order.place, ask_at=true_now() + pause)
        set_place(connection, order, waits, WORKER, now, tries=min(order.tries + 1, len(_PAUSES)))
        extra = {"action": "address_service_failed", "error": str(found)}
        log.warning("the address service gave no answer", extra=extra)
        return
    address = take_apart(order.address)
    best = choose(found, address, order.premises_at)
    if isinstance(best, str):
        unsure = msgspec.structs.replace(order.place, problem=SERVICE_UNSURE, note=best, ask_at=None)
        set_place(connection, order, unsure, WORKER, now)
        return
    quality = "house" if best.number == address.number else "near"
    door = KnownDoor(
        address_key=address.key, known="service", address=order.address, lat_e7=best.lat_e7, lon_e7=best.lon_e7,
        quality=quality, learned_at=now, note=best.label,
    )  # fmt: skip
    put_door(connection, order.premises_id, door)
    look_again(connection, places, order.id, WORKER, now)


def _away_m(one: Candidate, point: tuple[int, int]) -> float:
    return distance_m(one.lat_e7, one.lon_e7, *point)
