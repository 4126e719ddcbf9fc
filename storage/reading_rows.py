"""The rows that reads gives back, field by field as its statements list them. Holds no SQL."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec


class PremisesRow(msgspec.Struct, frozen=True):
    """Where vehicles start; hours as {"mon": ["09:00", "21:00"]} in tz, a missing day is closed."""

    id: UUID
    code: str
    name: str
    address: str | None
    lat_e7: int | None
    lon_e7: int | None
    tz: str
    hours: dict[str, list[str]]


class FleetRow(msgspec.Struct, frozen=True):
    """A vehicle, its device, newest fix, trip and next drop; what is None is not known or not there."""

    premises_id: UUID
    vehicle_id: UUID
    vehicle_name: str
    plate: str | None
    device_name: str | None
    fixed_at: datetime | None
    lat_e7: int | None
    lon_e7: int | None
    speed_mps: float | None
    course_deg: float | None
    satellites: int | None
    quality: str | None
    replayed: bool | None
    device_state: str | None
    report_interval_s: float | None
    heartbeat_s: float | None
    backlog: int | None
    trip_id: UUID | None
    trip_no: str | None
    planned_departure_at: datetime | None
    departed_at: datetime | None
    crew: str | None
    drops: int
    drops_done: int
    next_order_id: UUID | None
    next_order_no: str | None
    next_address: str | None
    next_milestone: str | None
    next_window_from: datetime | None
    next_window_to: datetime | None
    next_planned_arrival_at: datetime | None
    next_arrived_at: datetime | None
    next_seq: int | None
    next_lat_e7: int | None
    next_lon_e7: int | None
    next_p50_at: datetime | None = None  # the forecast that counts
    next_p90_at: datetime | None = None
    next_late_risk: float | None = None
    next_at_risk: bool = False  # an episode is open
    later_at_risk: int = 0  # drops after it whose window will probably be missed, or has been


class TripRow(msgspec.Struct, frozen=True):
    """A trip; planned_route as [[lon_e7, lat_e7], …]."""

    id: UUID
    premises_id: UUID
    trip_no: str
    vehicle_name: str
    planned_departure_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None
    plan_version: int
    planned_route: list[list[int]] | None
    crew: str | None


class DropRow(msgspec.Struct, frozen=True):
    """A planned delivery on a trip, with its order's newest milestone."""

    order_id: UUID
    order_no: str
    seq: int
    address: str
    customer_name: str
    lat_e7: int | None
    lon_e7: int | None
    window_from: datetime
    window_to: datetime
    planned_arrival_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    milestone: str
    milestone_at: datetime
    p50_at: datetime | None = None  # the forecast that counts
    p90_at: datetime | None = None
    late_risk: float | None = None


class TrailRow(msgspec.Struct, frozen=True):
    """One place on the way of a vehicle."""

    fixed_at: datetime
    lat_e7: int
    lon_e7: int
    speed_mps: float | None


class OrderRow(msgspec.Struct, frozen=True):
    """An order in a list; late_s is None when it is not late."""

    id: UUID
    premises_id: UUID
    order_no: str
    customer_name: str
    address: str
    window_from: datetime
    window_to: datetime
    placed_at: datetime
    milestone: str
    milestone_at: datetime
    trip_no: str | None
    vehicle_name: str | None
    drop_seq: int | None
    planned_arrival_at: datetime | None
    arrived_at: datetime | None
    late_s: float | None


class OrderDetailRow(msgspec.Struct, frozen=True):
    """One order with the trip it is on, or was on last; late_s is None when it is not late."""

    id: UUID
    premises_id: UUID
    order_no: str
    source: str
    source_ref: str
    customer_name: str
    customer_phone: str | None
    address: str
    lat_e7: int | None
    lon_e7: int | None
    window_from: datetime
    window_to: datetime
    placed_at: datetime
    note: str | None
    currency: str | None
    total_minor: int | None
    milestone: str
    milestone_at: datetime
    trip_id: UUID | None
    trip_no: str | None
    vehicle_name: str | None
    drop_seq: int | None
    planned_arrival_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    planned_departure_at: datetime | None
    departed_at: datetime | None
    ended_at: datetime | None
    late_s: float | None
    customer_note: str | None = None  # written on the customer's page for the driver


class MilestoneRow(msgspec.Struct, frozen=True):
    """One thing that happened to an order: declared by somebody, or detected with the fixes that decided it."""

    id: UUID
    trip_id: UUID | None
    milestone: str
    at: datetime
    known: str
    declared_by: str | None
    reason_code: str | None
    note: str | None
    evidence: Any
    recorded_at: datetime


class ForecastRow(msgspec.Struct, frozen=True):
    """What is said now of when the van is at an order's door; fixed_at None: it begins at the premises."""

    p50_at: datetime
    p90_at: datetime
    late_risk: float
    source: str
    fixed_at: datetime | None
    drops_before: int
    published_at: datetime
    cause: str | None


class MessageRow(msgspec.Struct, frozen=True):
    """What a customer was told on one channel, and what became of it; outcome None: it is on its way."""

    kind: str
    channel: str
    recipient: str
    correction: bool
    subject: str | None
    body: str
    at: datetime
    attempts: int
    outcome: str | None
    because: str | None


class LineRow(msgspec.Struct, frozen=True):
    """One line of an order."""

    line_no: int
    item: str
    category: str | None
    tag: str | None
    quantity: Decimal
    unit: str
    unit_price_minor: int | None


class LegRow(msgspec.Struct, frozen=True):
    """The order on one trip, from-to; to_at None = still."""

    id: UUID
    trip_id: UUID
    trip_no: str
    vehicle_id: UUID
    vehicle_name: str
    crew: str | None
    from_at: datetime
    to_at: datetime | None


class HistoryRow(msgspec.Struct, frozen=True):
    """One stored fix as its vehicle's; refused_by names the rule by which it does not count."""

    fixed_at: datetime
    received_at: datetime
    lat_e7: int
    lon_e7: int
    altitude_m: float | None
    speed_mps: float | None
    course_deg: float | None
    hdop: float | None
    accuracy_m: float | None
    satellites: int | None
    ignition: bool | None
    quality: str | None
    source: str
    device_name: str
    spool: str
    seq: int
    replayed: bool
    refused_by: str | None
