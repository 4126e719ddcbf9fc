"""What a vehicle is meant to do: its premises, trips and drops as step needs them. Holds no thresholds."""

from __future__ import annotations

from datetime import datetime

import msgspec


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
    """A trip that has not ended."""

    trip_id: str
    planned_departure_at: datetime
    departed_at: datetime | None
    drops: tuple[PlannedDrop, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The open trips of one vehicle in order of planned departure, and where its premises are."""

    vehicle_id: str
    premises_id: str
    premises_lat_e7: int | None
    premises_lon_e7: int | None
    trips: tuple[PlannedTrip, ...] = ()
