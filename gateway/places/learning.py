"""Learns doors from handoffs: orders that were delivered where the vehicle's arrival was seen. Knows no schedule."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import psycopg

from gateway.places.learned import ENOUGH_FIXES, NEWEST_VISITS, middle_of
from gateway.places.normalise import take_apart
from storage.places import KnownDoor, forget_learned, new_visits, put_door, put_visit, visits

_AT_ONCE = 200


def learn(connection: psycopg.Connection, since: datetime) -> int:
    """Notes where vehicles stood, for orders with a window since then; how many. In the caller's transaction."""
    noted = 0
    for seen in new_visits(connection, since, _AT_ONCE):
        middle = middle_of(seen.fixes)
        if middle is None or middle.n < ENOUGH_FIXES:
            continue
        key = take_apart(seen.address).key
        put_visit(connection, seen, key, (middle.lat_e7, middle.lon_e7))
        _learn_door(connection, seen.premises_id, key, seen.address)
        noted += 1
    return noted


def _learn_door(connection: psycopg.Connection, premises_id: UUID, key: str, address: str) -> None:
    newest = visits(connection, premises_id, key, NEWEST_VISITS)
    middle = middle_of([(visit.lat_e7, visit.lon_e7) for visit in newest])
    if middle is None or not middle.is_reliable:
        forget_learned(connection, premises_id, key)
        return
    door = KnownDoor(
        address_key=key, known="handoffs", address=address, lat_e7=middle.lat_e7, lon_e7=middle.lon_e7,
        quality="door", n=middle.n, spread_m=middle.spread_m, learned_at=newest[0].at,
    )  # fmt: skip
    put_door(connection, premises_id, door)
