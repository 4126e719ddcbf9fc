"""What step found out, each with the fixes that decided it. Stores and tells nothing."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Point(msgspec.Struct, frozen=True):
    """As much of a fix as a decision needs; copied into evidence, so that it outlives the fix."""

    fixed_at: datetime
    lat_e7: int
    lon_e7: int
    seq: int
    speed_mps: float | None = None


class Departed(msgspec.Struct, frozen=True, kw_only=True, tag="departed"):
    """The vehicle left its premises on this trip; `at` is the last fix inside."""

    trip_id: str
    at: datetime
    evidence: tuple[Point, ...]


class ArrivingSoon(msgspec.Struct, frozen=True, kw_only=True, tag="arriving_soon"):
    """The vehicle came near the door of its next drop."""

    trip_id: str
    drop_id: str
    order_id: str
    at: datetime
    evidence: tuple[Point, ...]


class Arrived(msgspec.Struct, frozen=True, kw_only=True, tag="arrived"):
    """The vehicle stands at the door; `at` is the first fix inside, not the confirming one."""

    trip_id: str
    drop_id: str
    order_id: str
    at: datetime
    evidence: tuple[Point, ...]


class Left(msgspec.Struct, frozen=True, kw_only=True, tag="left"):
    """The vehicle left the door; `at` is the last fix inside."""

    trip_id: str
    drop_id: str
    order_id: str
    at: datetime
    evidence: tuple[Point, ...]


class Returned(msgspec.Struct, frozen=True, kw_only=True, tag="returned"):
    """The vehicle is back at its premises: the trip ends; `at` is the first fix inside."""

    trip_id: str
    at: datetime
    evidence: tuple[Point, ...]


Event = Departed | ArrivingSoon | Arrived | Left | Returned
