"""Writes what tracking found in the transaction of the fixes that showed it. Finds nothing itself."""

from __future__ import annotations

from datetime import datetime

import msgspec
import psycopg

from contract.milestones import Milestone
from gateway.tracking.events import (
    Arrived,
    ArrivingSoon,
    Departed,
    DepartureUnseen,
    Event,
    Left,
    MilestoneEvent,
    Returned,
)
from storage.audit import Actor, AuditEvent, record
from storage.tracking import (
    DEPARTURE_UNSEEN,
    DetectedMilestone,
    TripChange,
    drops_arrived,
    drops_left,
    orders_of_trips,
    orders_on_the_road,
    put_detected,
    trips_departed,
    trips_ended,
    trips_unseen,
)


def write_findings(connection: psycopg.Connection, found: list[tuple[str, Event]], recorded_at: datetime) -> None:
    """Writes events, given as (device name, event), set by set: departures, doors, returns."""
    _write_unseen(connection, [(device, event) for device, event in found if isinstance(event, DepartureUnseen)])
    milestones = [(device, event) for device, event in found if isinstance(event, MilestoneEvent)]
    if not milestones:
        return
    events = [event for _, event in milestones]
    devices = {event.trip_id: device for device, event in milestones}
    departures = [event for event in events if isinstance(event, Departed)]
    returns = [event for event in events if isinstance(event, Returned)]
    departed = trips_departed(connection, [(event.trip_id, event.at) for event in departures])
    out = _on_trips(connection, departures, Milestone.OUT_FOR_DELIVERY)
    put_detected(connection, out + _at_doors(events), recorded_at)
    drops_arrived(connection, [(event.drop_id, event.at) for event in events if isinstance(event, Arrived)])
    drops_left(connection, [(event.drop_id, event.at) for event in events if isinstance(event, Left)])
    ended = trips_ended(connection, [(event.trip_id, event.at) for event in returns])
    put_detected(connection, _on_trips(connection, returns, Milestone.RETURNED), recorded_at)
    record(connection, [_audit(change, "trip.departed", devices) for change in departed])
    record(connection, [_audit(change, "trip.ended", devices) for change in ended])


def _write_unseen(connection: psycopg.Connection, unseen: list[tuple[str, DepartureUnseen]]) -> None:
    devices = {event.trip_id: device for device, event in unseen}
    ended = trips_unseen(connection, [(event.trip_id, event.at) for _, event in unseen])
    record(connection, [_audit(change, "trip.ended", devices, DEPARTURE_UNSEEN) for change in ended])


def _at_doors(events: list[MilestoneEvent]) -> list[DetectedMilestone]:
    found: list[DetectedMilestone] = []
    for event in events:
        if isinstance(event, ArrivingSoon | Arrived):
            milestone = Milestone.ARRIVED if isinstance(event, Arrived) else Milestone.ARRIVING_SOON
            found.append(DetectedMilestone(event.order_id, event.trip_id, milestone, event.at, _evidence(event)))
    return found


# Which of a trip's orders its departure and its return tell something about, by their newest milestone.
_CONCERNED = {
    Milestone.OUT_FOR_DELIVERY: frozenset(Milestone) - {Milestone.CANCELLED},
    Milestone.RETURNED: frozenset({Milestone.FAILED, Milestone.CANCELLED}),
}


_ORDERS = {Milestone.OUT_FOR_DELIVERY: orders_of_trips, Milestone.RETURNED: orders_on_the_road}


def _on_trips(
    connection: psycopg.Connection, events: list[Departed] | list[Returned], milestone: Milestone
) -> list[DetectedMilestone]:
    if not events:
        return []
    by_trip = {event.trip_id: event for event in events}
    return [
        DetectedMilestone(order_id, trip_id, milestone, by_trip[trip_id].at, _evidence(by_trip[trip_id]))
        for trip_id, order_id, newest in _ORDERS[milestone](connection, list(by_trip))
        if newest in _CONCERNED[milestone]
    ]


def _evidence(event: MilestoneEvent) -> str:
    return msgspec.json.encode(event.evidence).decode()


def _audit(change: TripChange, action: str, devices: dict[str, str], reason: str | None = None) -> AuditEvent:
    return AuditEvent(
        at=change.at,
        actor=Actor("device", devices[change.trip_id]),
        action=action,
        object_kind="trip",
        object_id=change.trip_id,
        premises_id=change.premises_id,
        after={"trip_no": change.trip_no, "at": change.at},
        reason=reason,
    )
