"""Looks up a driver's own trips of this shift, with what their doors need. Shows no trip of anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from gateway.dispatch.errors import NoSuchTripError
from gateway.dispatch.profile import Profile
from gateway.dispatch.profiles_of import profile_of_trip
from storage.driver_trips import DoorCustomer, customers_of_trip, phone_of_premises, trips_of_driver
from storage.trips import Trip, as_uuid, read_trips

# A night shift begins yesterday; what is planned for tomorrow is not today's page.
_BEFORE, _AFTER = timedelta(hours=18), timedelta(hours=18)
_MOST_TRIPS = 20


class OwnTrip(msgspec.Struct, frozen=True):
    """A trip as its crew needs it."""

    trip: Trip
    customers: Mapping[UUID, DoorCustomer]
    profile: Profile
    premises: str
    premises_phone: str | None


def own_trips(connection: psycopg.Connection, driver_id: UUID, now: datetime) -> list[Trip]:
    """The one that counts now comes first: under way, else the next one, else the last."""
    found = trips_of_driver(connection, driver_id, now - _BEFORE, now + _AFTER, _MOST_TRIPS)
    trips = {trip.head.id: trip for trip in read_trips(connection, found)}
    return [trips[trip_id] for trip_id in found]


def own_trip(connection: psycopg.Connection, driver_id: UUID, key: str, now: datetime, *, lock: bool = False) -> Trip:
    """The trip with this id; raises as if there were none when it is not the driver's, or not of this shift."""
    found = trips_of_driver(connection, driver_id, now - _BEFORE, now + _AFTER, _MOST_TRIPS)
    trip_id = as_uuid(key)
    if trip_id not in found:
        raise NoSuchTripError(f"you have no trip {key} in this shift")
    (trip,) = read_trips(connection, [trip_id], lock=lock)
    return trip


def with_doors(connection: psycopg.Connection, trip: Trip, now: datetime) -> OwnTrip:
    """The trip with its customers and what its profile asks for."""
    premises, phone = phone_of_premises(connection, trip.head.premises_id)
    profile = profile_of_trip(connection, trip.head, now)
    return OwnTrip(trip, customers_of_trip(connection, trip.head.id), profile, premises, phone)
