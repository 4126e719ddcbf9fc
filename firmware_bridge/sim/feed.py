"""A simulated vehicle's receiver as bytes, and the true door visits behind them. Opens no port and keeps no time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import msgspec

from firmware_bridge.sim.day import OutageKind, VehicleDay, plan, seconds
from firmware_bridge.sim.faults import Schedule
from firmware_bridge.sim.faulty_epoch import faulty_epoch
from firmware_bridge.sim.nmea_writer import epoch, epoch_without_fix
from firmware_bridge.sim.receiver import Receiver
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sim.vehicle import Stand


class DoorVisit(msgspec.Struct, frozen=True):
    """The truth of one drop: the vehicle stood at this order's door from-to."""

    order: str
    arrived_at: datetime
    left_at: datetime


class TripTimes(msgspec.Struct, frozen=True):
    """The truth of one trip."""

    departed_at: datetime
    ended_at: datetime


def nmea(
    day: VehicleDay,
    streets: Streets | None,
    seed: int,
    start: datetime,
    until: datetime | None = None,
) -> Iterator[tuple[datetime, bytes]]:
    """One item per simulated second, on whole seconds from start up to but not at until: instant and sentences.

    b"" while the unit is silent. Without until it never ends: the vehicle stands at its premises after its last trip.
    The bytes of an instant do not depend on start.
    """
    truth = plan(day, streets, seed)
    receiver = Receiver(day.vehicle, seed, filtered=day.filtered)
    schedule = Schedule(day.faults)
    name = f"{seed}/{day.vehicle}"
    for instant in seconds(start, until):
        kinds = {outage.kind for outage in day.outages if outage.covers(instant)} if day.outages else ()
        if OutageKind.SILENT in kinds:
            yield instant, b""
        elif OutageKind.NO_FIX in kinds:
            yield instant, epoch_without_fix(instant)
        else:
            sensed = receiver.sense(truth.at(instant), int(instant.timestamp()))
            felt = schedule.felt(instant)
            yield instant, faulty_epoch(instant, sensed, felt, name) if felt else epoch(instant, sensed)


def arrivals(day: VehicleDay, streets: Streets | None, seed: int) -> list[DoorVisit]:
    """When the vehicle comes to each door and leaves it, in the order of the day."""
    return [
        DoorVisit(part.order, starts_at, ends_at)
        for starts_at, ends_at, part in plan(day, streets, seed).spans()
        if isinstance(part, Stand) and part.order is not None
    ]


def trips(day: VehicleDay, streets: Streets | None, seed: int) -> list[TripTimes]:
    """When each trip leaves the premises and is back."""
    spans = plan(day, streets, seed).spans()
    home = [span for span in spans if isinstance(span[2], Stand) and span[2].order is None]
    return [TripTimes(before[1], after[0]) for before, after in pairwise(home)]
