"""Where an order's address is, decided from what is known of it. Pure: looks nothing up."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from contract.geo import distance_m
from gateway.places.index import AddressIndex, Found
from gateway.places.normalise import Address
from storage.places import KnownDoor, OrderPlace

Point = tuple[int, int]  # lat, lon in 1e-7 degree

# A point farther from its address than this is told. Maps and shops put a house's point on its entrance, its middle or
# its plot: up to some 100 m apart. 300 m is beyond the next crossing: a driver there does not see the door.
FAR_M = 300.0

NO_MAP = "no_map"
UNKNOWN_STREET = "unknown_street"
UNKNOWN_HOUSE = "unknown_house"
NO_HOUSE_NUMBER = "no_house_number"
OTHER_TOWN = "other_town"
SEVERAL_PLACES = "several_places"
FAR = "far_from_address"
OUTSIDE_MAP = "outside_map"
SERVICE_UNSURE = "service_unsure"

BUILD = "waybill map build EXTRACT.osm.pbf"
REMEDIES = {
    NO_MAP: f"{BUILD} --out DIR and set map_dir, or set geocoder_url; or pin the order",
    UNKNOWN_STREET: f"correct the address or pin the order; {BUILD} with a larger extract, when the map ends before it",
    UNKNOWN_HOUSE: "pin the order, and the address is known from then on; or correct the house number",
    NO_HOUSE_NUMBER: "correct the address: it has no house number; or pin the order",
    OTHER_TOWN: "correct the town or pin the order",
    SEVERAL_PLACES: "name the town in the address, or pin the order",
    FAR: "check which of the two is right: correct the address or the point, or pin the order",
    OUTSIDE_MAP: f"check the point; if it is right, {BUILD} --around LAT,LON makes a map of there",
    SERVICE_UNSURE: "correct the address or pin the order",
}
_NOT_LOOKED_UP = "it is looked up within a minute while the worker runs; or pin the order"


class Looked(msgspec.Struct, frozen=True):
    """What a map says of an address: one house, or what is in the way of it."""

    house: Found | None = None
    near: bool = False  # of nearly this number
    problem: str | None = None
    note: str | None = None


def remedy(problem: str | None) -> str:
    """What somebody can do about it."""
    return _NOT_LOOKED_UP if problem is None else REMEDIES[problem]


def look_up(index: AddressIndex | None, address: Address) -> Looked:
    """The one house of the map that the address means."""
    if index is None:
        return Looked(problem=NO_MAP, note="no map with addresses is set up")
    if address.number is None:
        return Looked(problem=NO_HOUSE_NUMBER, note="the address has no house number")
    houses = index.houses(address)
    if not houses:
        return _not_found(index, address)
    first = houses[0]
    if any(_apart_m(first, other) > FAR_M for other in houses[1:]):
        several = "; ".join(dict.fromkeys(house.label for house in houses[:4]))
        return Looked(problem=SEVERAL_PLACES, note=f"the map has it at several places: {several}")
    return Looked(house=first, near=first.number != address.number)


def decide(given: Point | None, known: Sequence[KnownDoor], looked: Looked, index: AddressIndex | None) -> OrderPlace:
    """The place that counts: taught by handoffs, pinned, given, on the map, found by the service, in this order."""
    by = {door.known: door for door in known}
    if "handoffs" in by:
        return _door(by["handoffs"], f"middle of {by['handoffs'].n} handoffs at this address", given)
    if "pin" in by:
        return _door(by["pin"], f"pinned by {by['pin'].said_by}", given)
    if given is not None:
        return _given(given, by.get("service"), looked, index)
    if looked.house is not None:
        quality = "near" if looked.near else "house"
        note = f"{looked.house.label} on the map" if looked.near else None
        return OrderPlace(
            lat_e7=looked.house.lat_e7, lon_e7=looked.house.lon_e7, source="index", quality=quality, note=note
        )
    if "service" in by:
        door = by["service"]
        return OrderPlace(
            lat_e7=door.lat_e7, lon_e7=door.lon_e7, source="service", quality=door.quality, note=door.note
        )
    return OrderPlace(problem=looked.problem, note=looked.note)


def _door(door: KnownDoor, says: str, given: Point | None) -> OrderPlace:
    place = OrderPlace(lat_e7=door.lat_e7, lon_e7=door.lon_e7, source=door.known, quality="door", note=says)
    if given is None:
        return place
    away_m = distance_m(door.lat_e7, door.lon_e7, *given)
    if away_m <= FAR_M:
        return place
    note = f"the order's own point is {_far(away_m)} from there ({says}); its own is not taken"
    return msgspec.structs.replace(place, problem=FAR, note=note)


def _given(given: Point, service: KnownDoor | None, looked: Looked, index: AddressIndex | None) -> OrderPlace:
    place = OrderPlace(lat_e7=given[0], lon_e7=given[1], source="order", quality="given")
    other: tuple[int, int, str] | None = None
    if looked.house is not None:
        other = looked.house.lat_e7, looked.house.lon_e7, f"{looked.house.label} on the map"
    elif service is not None:
        other = service.lat_e7, service.lon_e7, f"the address by the service ({service.note})"
    if other is not None:
        away_m = distance_m(*given, other[0], other[1])
        if away_m > FAR_M:
            note = f"the point is {_far(away_m)} from {other[2]}; more than {FAR_M:.0f} m are told"
            return msgspec.structs.replace(place, problem=FAR, note=note)
    elif index is not None and index.extent is not None and not index.extent.holds(*given):
        where = f"{given[0] / 1e7:.5f},{given[1] / 1e7:.5f}"
        return msgspec.structs.replace(place, problem=OUTSIDE_MAP, note=f"the point {where} lies outside the map")
    return place


def _not_found(index: AddressIndex, address: Address) -> Looked:
    if elsewhere := index.elsewhere(address):
        towns = ", ".join(sorted({house.town for house in elsewhere}))
        return Looked(problem=OTHER_TOWN, note=f"the map has this street and number in {towns} only")
    if streets := index.streets(address):
        return Looked(problem=UNKNOWN_HOUSE, note=f"the map knows {streets[0].street}, but no number {address.number}")
    return Looked(problem=UNKNOWN_STREET, note="the map has no street of this name")


def _apart_m(one: Found, other: Found) -> float:
    return distance_m(one.lat_e7, one.lon_e7, other.lat_e7, other.lon_e7)


def _far(metres: float) -> str:
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"
