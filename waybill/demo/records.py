"""The records of a demo's day: vans, trips, orders and how each ends. Makes none of them up."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from contract.reasons import FailureReason
from firmware_bridge.sim.day import Outage, PlannedDrop, PlannedTrip, VehicleDay
from firmware_bridge.sim.polyline import Place
from storage.orders import NewOrder

SOURCE = "demo-shop"  # the order system that the demo's orders come from


class Address(msgspec.Struct, frozen=True):
    """A real house-number address and where it is."""

    text: str
    place: Place


class DemoOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its whole story; failure None: it is handed over."""

    new: NewOrder
    place: Place
    accepted_at: datetime
    preparing_at: datetime
    ready_at: datetime
    planned_arrival_at: datetime
    service_s: float
    failure: FailureReason | None = None


class DemoTrip(msgspec.Struct, frozen=True, kw_only=True):
    """A trip as dispatch planned it, and when the van really leaves."""

    key: str  # the same on every run, as van-3/2026-11-23/2
    queued_at: datetime
    planned_departure_at: datetime
    departs_at: datetime
    orders: tuple[DemoOrder, ...]
    planned_route: tuple[tuple[int, int], ...]

    def driven(self) -> PlannedTrip:
        """What the simulated van is to do."""
        drops = (PlannedDrop(order=one.new.source_ref, place=one.place, service_s=one.service_s) for one in self.orders)
        return PlannedTrip(departs_at=self.departs_at, drops=tuple(drops))


class DemoDriver(msgspec.Struct, frozen=True):
    """Somebody in a crew."""

    employee_no: str
    name: str


class DemoVan(msgspec.Struct, frozen=True, kw_only=True):
    """A van with its unit, its crew and what it does all day."""

    vehicle: str
    device: str
    role: str  # what it shows on the first screen
    crew: tuple[DemoDriver, ...]
    trips: tuple[DemoTrip, ...] = ()
    outages: tuple[Outage, ...] = ()

    def driven(self, premises: Place) -> VehicleDay:
        """The truth of this van's day, for the simulator."""
        trips = tuple(trip.driven() for trip in self.trips)
        return VehicleDay(vehicle=self.vehicle, premises=premises, trips=trips, outages=self.outages)


class DemoDay(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that happens on one day of the demo. The same plan gives the same day."""

    on: date
    seed: int
    opens_at: datetime
    closes_at: datetime
    first_screen_at: datetime
    premises: Address
    vans: tuple[DemoVan, ...]


class DayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a day is made from; kept in demo.json, because the same plan gives the same day."""

    on: date
    first_screen_at: datetime
    seed: int
    vehicles: int
