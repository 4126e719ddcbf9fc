"""Finds where orders' addresses are, fast and on this machine; keeps what is found, pinned or changed on the record."""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from gateway.places.index import AddressIndex, open_index, version_of
from gateway.places.normalise import take_apart
from gateway.places.resolve import NO_HOUSE_NUMBER, SERVICE_UNSURE, Point, decide, look_up
from gateway.refusals import ConflictError, NotThereError, RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.events import put_event
from storage.places import (
    AddressOfOrder,
    KnownDoor,
    OrderPlace,
    door_used,
    doors,
    forget_learned,
    lock_address,
    put_door,
    set_order_place,
    unresolved_orders,
)

log = logging.getLogger(__name__)

_MOST_OTHERS = 1000  # orders without a place that a pin is tried on
_OVER = ("delivered", "returned", "cancelled")


class Places:
    """The map's address index, opened when it is first needed and again when its file is another one."""

    def __init__(self, map_dir: Path | None = None, *, asks_service: bool = False) -> None:
        self._map_dir = map_dir
        self._asks_service = asks_service
        self._opened: tuple[float | None, AddressIndex | None] = (None, None)

    @property
    def version(self) -> float | None:
        """Another one whenever the map is another; None: there is none."""
        return None if self._map_dir is None else version_of(self._map_dir)

    def index(self) -> AddressIndex | None:
        """The index; None when there is none, or none that can be read: an order is not refused for that."""
        version, (opened, index) = self.version, self._opened
        if version == opened or self._map_dir is None:
            return index
        try:
            index = open_index(self._map_dir)
        except (sqlite3.Error, OSError, ValueError, KeyError) as error:
            index = None
            extra = {"action": "address_index_failed", "folder": str(self._map_dir), "error": str(error)}
            log.warning("the address index cannot be read: build the map again", extra=extra)
        self._opened = (version, index)
        return index

    def place_of(
        self, connection: psycopg.Connection, premises_id: UUID, address: str, given: Point | None, at: datetime
    ) -> OrderPlace:
        """Where an order with this address and this point of its own is. Asks nobody outside."""
        parts = take_apart(address)
        index = self.index()
        place = decide(given, doors(connection, premises_id, parts.key), look_up(index, parts), index)
        if place.source in ("handoffs", "pin", "service"):
            door_used(connection, premises_id, parts.key, place.source, at)
        if place.lat_e7 is None and self._asks_service and place.problem != NO_HOUSE_NUMBER:
            place = msgspec.structs.replace(place, ask_at=true_now())
        return place


def look_again(connection: psycopg.Connection, places: Places, order_id: UUID, actor: Actor, at: datetime) -> bool:
    """Tries an order without a place once more; whether it has one now."""
    order = lock_address(connection, order_id)
    if order is None or order.place.lat_e7 is not None or order.milestone in _OVER:
        return False
    place = places.place_of(connection, order.premises_id, order.address, order.given, at)
    if place.lat_e7 is None and order.place.problem in (place.problem, SERVICE_UNSURE):
        return False  # the service's own time table and its last word stay
    set_place(connection, order, place, actor, at)
    return place.lat_e7 is not None


def set_place(
    connection: psycopg.Connection, order: AddressOfOrder, place: OrderPlace, actor: Actor, at: datetime, *,
    reason: str | None = None, tries: int = 0,
) -> None:  # fmt: skip
    """Writes the place; a change is told to order systems and stands in the audit trail."""
    set_order_place(connection, order.id, place, tries=tries)
    old, new = _told(order.place), _told(place)
    if old == new:
        return
    event = AuditEvent(
        at=at, actor=actor, action="order.place_set", object_kind="order", object_id=str(order.id),
        premises_id=order.premises_id, before=old, after=new, reason=reason,
    )  # fmt: skip
    record(connection, [event])
    body = {"order_no": order.order_no, "source": order.source, "source_ref": order.source_ref, "changed": ["place"]}
    put_event(connection, "order.changed", at, order.premises_id, body, order_id=order.id, test=order.test)


def pin(
    connection: psycopg.Connection, places: Places, order_id: UUID, point: Point, note: str, actor: Actor, at: datetime
) -> int:  # fmt: skip
    """A dispatcher says where the door is: of this order, and of its address from now on; how many others it helped.

    What handoffs taught before counts no longer: somebody who looked knows better.
    """
    order = lock_address(connection, order_id)
    if order is None:
        raise NotThereError(f"there is no order {order_id}")
    if order.milestone in _OVER:
        raise ConflictError(f"order {order.order_no} is {order.milestone}: its place stays as it was")
    says = f"pinned by {actor.name}" + (f": {note}" if note else "")
    place = OrderPlace(lat_e7=point[0], lon_e7=point[1], source="pin", quality="door", note=says)
    set_place(connection, order, place, actor, at, reason=note or None)
    if order.test:
        return 0
    key = take_apart(order.address).key
    door = KnownDoor(
        address_key=key, known="pin", address=order.address, lat_e7=point[0], lon_e7=point[1], quality="door",
        learned_at=at, said_by=actor.name, note=note or None,
    )  # fmt: skip
    put_door(connection, order.premises_id, door)
    forget_learned(connection, order.premises_id, key)
    others = unresolved_orders(connection, premises_id=order.premises_id, most=_MOST_OTHERS)
    same = [other for other, address in others if other != order_id and take_apart(address).key == key]
    return sum(look_again(connection, places, other, actor, at) for other in same)


def check_point(lat: float, lon: float) -> None:
    """0, 0 is what a form sends that was not filled in; no order goes to the Gulf of Guinea."""
    if lat == 0 and lon == 0:
        raise RefusedError("0, 0 is no door: give the point's own latitude and longitude", field="body.lat")


def _told(place: OrderPlace) -> dict[str, object]:
    return {name: value for name, value in msgspec.to_builtins(place).items() if name != "ask_at"}
