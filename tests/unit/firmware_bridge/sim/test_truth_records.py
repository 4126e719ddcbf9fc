"""The truth file's records: what happened, in order, and told apart from what the receiver said."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TypeVar

import msgspec

from firmware_bridge.sim.day import plan
from firmware_bridge.sim.fault_plan import random_faults
from firmware_bridge.sim.faults import FaultKind
from firmware_bridge.sim.feed import arrivals, trips
from firmware_bridge.sim.truth_records import (
    StopReason,
    TrueArrival,
    TrueDeparture,
    TrueFault,
    TrueRoute,
    TrueStop,
    TrueTrip,
    TruthRecord,
    truth_records,
)
from firmware_bridge.sim.vehicle import Activity
from tests.unit.firmware_bridge.sim.days import DEPARTS_AT, STREETS, a_day

T = TypeVar("T")
ENDS_AT = trips(a_day(held_up_s=90.0), STREETS, 1)[-1].ended_at + timedelta(minutes=1)
DAY = msgspec.structs.replace(a_day(held_up_s=90.0), faults=random_faults(a_day(held_up_s=90.0), STREETS, 1, FaultKind))
RECORDS = truth_records(DAY, STREETS, 1, DEPARTS_AT - timedelta(minutes=1), ENDS_AT)


def of(kind: type[T]) -> list[T]:
    return [record for record in RECORDS if isinstance(record, kind)]


def test_records_go_through_json_and_back() -> None:
    lines = [msgspec.json.encode(record) for record in RECORDS]

    assert [msgspec.json.decode(line, type=TruthRecord) for line in lines] == RECORDS


def test_every_trip_way_and_fault_is_told() -> None:
    assert [(trip.departed_at, trip.ended_at) for trip in of(TrueTrip)] == [
        (trip.departed_at, trip.ended_at) for trip in trips(DAY, STREETS, 1)
    ]
    assert [route.order for route in of(TrueRoute)] == ["o-1", "o-2", "o-3", None, "o-4", "o-5", "o-6", None]
    assert [record.fault for record in of(TrueFault)] == list(DAY.faults)


def test_arrivals_and_departures_are_the_ends_of_the_ways() -> None:
    routes = of(TrueRoute)

    assert [(one.at, one.order) for one in of(TrueArrival)] == [(way.arrived_at, way.order) for way in routes]
    assert [one.at for one in of(TrueDeparture)] == [way.departed_at for way in routes]
    assert [one.order for one in of(TrueDeparture)] == [None, "o-1", "o-2", "o-3", None, "o-4", "o-5", "o-6"]


def test_stops_are_all_standstills_with_their_reasons() -> None:
    stops = of(TrueStop)

    doors = [stop for stop in stops if stop.reason is StopReason.DOOR]
    assert [(one.order, one.starts_at, one.ends_at) for one in doors] == [
        (visit.order, visit.arrived_at, visit.left_at) for visit in arrivals(DAY, STREETS, 1)
    ]
    assert sum(stop.reason is StopReason.HELD_UP for stop in stops) == 6
    assert {StopReason.LIGHT, StopReason.GIVE_WAY, StopReason.PREMISES} <= {stop.reason for stop in stops}
    truth = plan(DAY, STREETS, 1)
    for stop in stops:
        middle_at = stop.starts_at + ((stop.ends_at or stop.starts_at) - stop.starts_at) / 2
        state = truth.at(middle_at)
        assert state.speed_mps == 0.0
        assert (state.activity is Activity.WAITING) == (stop.reason not in (StopReason.DOOR, StopReason.PREMISES))
        assert abs(state.lat_e7 - stop.lat_e7) <= 1
    moving = [(a.ends_at, b.starts_at) for a, b in pairwise(stops)]
    assert all(left is not None and left <= came for left, came in moving)


def test_only_what_touches_the_time_asked_for_is_told() -> None:
    way = of(TrueRoute)[1]

    told = truth_records(DAY, STREETS, 1, way.departed_at + timedelta(seconds=1), way.arrived_at)

    assert [record for record in told if isinstance(record, TrueRoute)] == [way]
    assert not any(isinstance(record, TrueArrival | TrueDeparture) for record in told)
