"""What a vehicle is meant to do: premises, trips, drops, roads, zones and places as step needs them. No thresholds."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contract.places import PlaceKind
from gateway.tracking.route import Route
from gateway.tracking.zones import ZoneSet


class PlannedDrop(msgspec.Struct, frozen=True, kw_only=True):
    """One order's drop; coordinates None when the address is not resolved yet."""

    drop_id: str
    order_id: str
    seq: int
    lat_e7: int | None
    lon_e7: int | None
    arrived_at: datetime | None
    left_at: datetime | None
    closed: bool  # delivered, failed, returned or cancelled


class PlannedTrip(msgspec.Struct, frozen=True, kw_only=True):
    """A trip that has not ended, or one that is derived again.

    `departed_at`: the departure that is on record when fixes are tracked live; the declared one, or None, when the
    trip is derived again. `ended_at`: a declared end, after which nothing belongs to the trip.
    """

    trip_id: str
    planned_departure_at: datetime
    departed_at: datetime | None
    drops: tuple[PlannedDrop, ...]
    ended_at: datetime | None = None
    route: Route | None = None  # the planned way; None: none is planned and nothing deviates


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A known place (fuel, repair, rest, hub): a stop within `radius_m` of it has its reason."""

    place_id: str
    kind: PlaceKind
    lat_e7: int
    lon_e7: int
    radius_m: float
    name: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle's premises, open trips in order of planned departure, and what is known of the ground it drives on.

    The announced intervals are those of the device whose fixes are stepped through; None: it announced none.
    """

    vehicle_id: str
    premises_id: str
    premises_lat_e7: int | None
    premises_lon_e7: int | None
    trips: tuple[PlannedTrip, ...] = ()
    premises_zone_id: str | None = None  # of `zones`: the yard's outline instead of the policy's circle
    zones: ZoneSet | None = None
    places: tuple[Place, ...] = ()
    report_interval_s: float | None = None
    heartbeat_s: float | None = None
    # Every fix of its trips is stepped through, from before their departure: a recording, or a trip derived again.
    # Live, another unit may have seen what this one did not.
    from_departure: bool = False
    without_trips: bool = False  # a recording without trips: all of it is tracked as if under way, with trip_id None
