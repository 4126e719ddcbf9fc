"""What the people of a demo's day do and when: shop, dispatcher, drivers. Does none of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum

import msgspec

from contract.milestones import Milestone
from firmware_bridge.sim.feed import arrivals, trips
from firmware_bridge.sim.streets import Streets
from waybill.demo.records import DemoDay, DemoOrder, DemoTrip, DemoVan

# The door closes, the driver taps "delivered", walks to the van and drives off.
BEFORE_LEAVING = timedelta(seconds=20)
# The crew has the bags in the van.
LOADED_BEFORE = timedelta(minutes=4)
# Back at the premises the goods are counted back in.
RESTOCKING = timedelta(minutes=3)


class DeedKind(IntEnum):
    """In the order in which they follow one another for one order."""

    PLACE = 0
    ACCEPT = 1
    PREPARE = 2
    READY = 3
    PLAN = 4
    LOAD = 5
    DEPART = 6
    HAND_OVER = 7
    RETURN = 8


MILESTONES = {
    DeedKind.PLACE: Milestone.RECEIVED,
    DeedKind.ACCEPT: Milestone.ACCEPTED,
    DeedKind.PREPARE: Milestone.PREPARING,
    DeedKind.READY: Milestone.READY,
    DeedKind.PLAN: Milestone.QUEUED,
    DeedKind.DEPART: Milestone.OUT_FOR_DELIVERY,
    DeedKind.RETURN: Milestone.RETURNED,
}


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody does with an order; what is done with a whole trip stands with its first order."""

    at: datetime
    kind: DeedKind
    order: DemoOrder
    trip: DemoTrip
    van: DemoVan

    @property
    def ref(self) -> str:
        return self.order.new.source_ref

    @property
    def milestone(self) -> Milestone | None:
        """What the deed declares; nothing while goods are only loaded."""
        if self.kind is DeedKind.HAND_OVER:
            return Milestone.FAILED if self.order.failure else Milestone.DELIVERED
        return MILESTONES.get(self.kind)


def agenda(day: DemoDay, streets: Streets | None) -> list[Deed]:
    """Every deed of the day in order of time."""
    deeds: list[Deed] = []
    for van in day.vans:
        driven = van.driven(day.premises.place)
        visits = {visit.order: visit for visit in arrivals(driven, streets, day.seed)}
        for trip, times in zip(van.trips, trips(driven, streets, day.seed), strict=True):
            for number, order in enumerate(trip.orders):
                left_at = visits[order.new.source_ref].left_at
                moments = [
                    (order.new.placed_at, DeedKind.PLACE),
                    (order.accepted_at, DeedKind.ACCEPT),
                    (order.preparing_at, DeedKind.PREPARE),
                    (order.ready_at, DeedKind.READY),
                    *(_of_trip(trip) if number == 0 else []),
                    (_whole(left_at - BEFORE_LEAVING), DeedKind.HAND_OVER),
                    *([(_whole(times.ended_at + RESTOCKING), DeedKind.RETURN)] if order.failure else []),
                ]
                deeds += [Deed(at=at, kind=kind, order=order, trip=trip, van=van) for at, kind in moments]
    return sorted(deeds, key=lambda deed: (deed.at, deed.kind, deed.ref))


def _of_trip(trip: DemoTrip) -> list[tuple[datetime, DeedKind]]:
    return [
        (trip.queued_at, DeedKind.PLAN),
        (trip.planned_departure_at - LOADED_BEFORE, DeedKind.LOAD),
        (_whole(trip.departs_at), DeedKind.DEPART),
    ]


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
