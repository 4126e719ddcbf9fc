"""What readers at the broker are told, retained: where vehicles are, how far orders have come. Names no customer."""

from __future__ import annotations

from datetime import datetime

import msgspec


class VehicleState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A vehicle as the newest fix that counts and its trip show it; what is not known is absent."""

    v: int
    premises: str
    vehicle: str
    under_way: bool
    fixed_at: datetime | None = None
    lat_e7: int | None = None
    lon_e7: int | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    trip_no: str | None = None  # that it is on, or goes on next
    drops: int | None = None
    drops_open: int | None = None


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """An order's newest milestone. Told once more, not retained, when the order has ended; then the topic is empty."""

    v: int
    premises: str
    order_no: str
    milestone: str
    at: datetime
