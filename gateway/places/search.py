"""Candidates for an address while somebody types it: known doors first, then the map. Asks no service."""

from __future__ import annotations

from uuid import UUID

import msgspec
import psycopg

from gateway.places.index import Found
from gateway.places.normalise import take_apart
from gateway.places.places import Places
from gateway.places.resolve import NO_MAP, UNKNOWN_STREET, remedy
from storage.places import KnownDoor, doors

_FIRST = ("handoffs", "pin", "service")


class Candidate(msgspec.Struct, frozen=True):
    """A place that the address may mean, how it is known and how near it comes to a door."""

    lat_e7: int
    lon_e7: int
    source: str
    quality: str
    label: str


def candidates(
    connection: psycopg.Connection, places: Places, premises_id: UUID, text: str
) -> tuple[list[Candidate], str | None]:
    """Best first; and, when there are none, why and the way out."""
    address = take_apart(text)
    known = sorted(doors(connection, premises_id, address.key), key=lambda door: _FIRST.index(door.known))
    index = places.index()
    mapped = [] if index is None else index.search(text)
    found = [_door(door) for door in known] + [_mapped(one, address.number) for one in mapped]
    if found:
        return found, None
    if index is None:
        return [], f"there is no map with addresses: {remedy(NO_MAP)}"
    return [], f"no street on the map has such a name: {remedy(UNKNOWN_STREET)}"


def _door(door: KnownDoor) -> Candidate:
    return Candidate(door.lat_e7, door.lon_e7, door.known, door.quality, door.address)


def _mapped(found: Found, wanted: str | None) -> Candidate:
    quality = "street" if found.number is None else "house" if found.number == wanted else "near"
    return Candidate(found.lat_e7, found.lon_e7, "index", quality, found.label)
