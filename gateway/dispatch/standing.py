"""Vehicles that stand by when a van fails: where they are, how far, and their room. Plans nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import psycopg

from contract.geo import distance_m
from gateway.dispatch.estimate import POLICY, STRAIGHT, Point, Ways
from gateway.dispatch.profile import PLAIN, in_force
from gateway.dispatch.profiles_of import newest_settings
from gateway.dispatch.rescuing import place_of
from storage.profiles import profile_of_premises
from storage.transfers import standing_by
from storage.trips import Trip


class Standing(msgspec.Struct, frozen=True):
    """A vehicle without a trip, as one that comes out for goods."""

    name: str
    place: Point | None  # of its newest fix, else of the premises
    fixed_at: datetime | None  # None: no fix is known
    distance_m: float | None
    free_at: datetime | None  # when it could go on with the goods if it left now
    free_value_minor: int | None  # None: no limit
    free_mass_g: int | None


def vehicles_standing_by(
    connection: psycopg.Connection, trip: Trip, now: datetime, ways: Ways = STRAIGHT
) -> list[Standing]:
    """The vehicles of the trip's premises that are on no trip, the nearest to its van first."""
    head, meeting = trip.head, place_of(trip)
    name = profile_of_premises(connection, head.premises_id) or PLAIN
    # What is planned from now on runs under the newest version.
    profile = in_force(newest_settings(connection, name))
    home = _point(head.premises_lat_e7, head.premises_lon_e7)
    found = []
    for one in standing_by(connection, head.premises_id):
        here = _point(one.lat_e7, one.lon_e7) or home
        known = here is not None and meeting is not None
        way = timedelta(seconds=ways.way(here, meeting, now).seconds + POLICY.at_door_s)
        found.append(
            Standing(
                one.name, here, one.fixed_at, None if here is None or meeting is None else distance_m(*here, *meeting),
                now + way if known else None, profile.max_load_value_minor, profile.max_load_mass_g,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.distance_m is None, one.distance_m or 0.0))


def _point(lat_e7: int | None, lon_e7: int | None) -> Point | None:
    return None if lat_e7 is None or lon_e7 is None else (lat_e7, lon_e7)
