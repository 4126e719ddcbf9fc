"""What really happened on a vehicle's day, as records for a truth file. Knows nothing of what the receiver said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from firmware_bridge.sim.day import VehicleDay, plan
from firmware_bridge.sim.faults import Fault
from firmware_bridge.sim.feed import trips
from firmware_bridge.sim.polyline import Place
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sim.vehicle import Run, Stand


class StopReason(StrEnum):
    """Why a vehicle stands. Lights and giving way are stops too, but nobody's business."""

    PREMISES = "premises"
    DOOR = "door"
    LIGHT = "light"
    GIVE_WAY = "give_way"
    HELD_UP = "held_up"


class _Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    vehicle: str


class TrueTrip(_Record, frozen=True, kw_only=True, tag="trip"):
    departed_at: datetime
    ended_at: datetime


class TrueDeparture(_Record, frozen=True, kw_only=True, tag="departure"):
    """order is the one whose door it leaves; without it leaves the premises."""

    at: datetime
    lat_e7: int
    lon_e7: int
    order: str | None = None


class TrueArrival(_Record, frozen=True, kw_only=True, tag="arrival"):
    """order is the one whose door it comes to; without it comes to the premises."""

    at: datetime
    lat_e7: int
    lon_e7: int
    order: str | None = None


class TrueStop(_Record, frozen=True, kw_only=True, tag="stop"):
    """A standstill; ends_at is absent for the last one at the premises."""

    starts_at: datetime
    ends_at: datetime | None = None
    reason: StopReason
    lat_e7: int
    lon_e7: int
    order: str | None = None


class TrueRoute(_Record, frozen=True, kw_only=True, tag="route"):
    """One way from standstill to standstill at a door or the premises, with its line; order is where it leads."""

    departed_at: datetime
    arrived_at: datetime
    length_m: float
    order: str | None = None
    line_e7: tuple[tuple[int, int], ...]


class TrueFault(_Record, frozen=True, kw_only=True, tag="fault"):
    fault: Fault


TruthRecord = TrueTrip | TrueDeparture | TrueArrival | TrueStop | TrueRoute | TrueFault


def truth_records(
    day: VehicleDay,
    streets: Streets | None,
    seed: int,
    start: datetime,
    until: datetime,
) -> list[TruthRecord]:
    """Everything of the day that touches start-until, in order of time. Times are exact, not cut to start and until."""
    found: list[tuple[datetime, datetime, TruthRecord]] = []
    spans = plan(day, streets, seed).spans()
    for i, (from_at, to_at, part) in enumerate(spans):
        if isinstance(part, Run):
            found += _of_run(day.vehicle, part, from_at, to_at, spans[i - 1][2].order)
        else:
            found.append(_of_stand(day.vehicle, part, from_at, None if i == len(spans) - 1 else to_at))
    for trip in trips(day, streets, seed):
        record = TrueTrip(vehicle=day.vehicle, departed_at=trip.departed_at, ended_at=trip.ended_at)
        found.append((trip.departed_at, trip.ended_at, record))
    for fault in day.faults:
        found.append((fault.starts_at, fault.felt_until, TrueFault(vehicle=day.vehicle, fault=fault)))
    touched = [entry for entry in found if entry[0] < until and entry[1] >= start]
    return [record for *_, record in sorted(touched, key=lambda entry: entry[0])]


Dated = tuple[datetime, datetime, TruthRecord]


def _of_run(vehicle: str, run: Run, from_at: datetime, to_at: datetime, left: str | None) -> Iterator[Dated]:
    first, last = run.line.points[0], run.line.points[-1]
    yield from_at, from_at, TrueDeparture(vehicle=vehicle, at=from_at, order=left, **_where(first))
    yield from_at, to_at, TrueRoute(
        vehicle=vehicle, departed_at=from_at, arrived_at=to_at, length_m=round(run.line.length_m, 1), order=run.order,
        line_e7=tuple((round(p.lat_deg * 1e7), round(p.lon_deg * 1e7)) for p in run.line.points),
    )  # fmt: skip
    for stop in _halts(vehicle, run, from_at):
        assert stop.ends_at is not None, "a halt on the way ends"
        yield stop.starts_at, stop.ends_at, stop
    yield to_at, to_at, TrueArrival(vehicle=vehicle, at=to_at, order=run.order, **_where(last))


def _of_stand(vehicle: str, stand: Stand, from_at: datetime, to_at: datetime | None) -> Dated:
    reason = StopReason.PREMISES if stand.order is None else StopReason.DOOR
    stop = TrueStop(
        vehicle=vehicle, starts_at=from_at, ends_at=to_at, reason=reason, order=stand.order, **_where(stand.place)
    )
    return from_at, to_at or datetime.max.replace(tzinfo=from_at.tzinfo), stop


def _halts(vehicle: str, run: Run, from_at: datetime) -> Iterator[TrueStop]:
    """The phases without speed: their place tells why."""
    motion, line = run.motion, run.line
    ends_s = [*motion.starts_s[1:], motion.duration_s]
    rows = zip(motion.starts_s, ends_s, motion.along_m, motion.speeds_mps, motion.accelerations_mps2, strict=True)
    for start_s, end_s, along_m, speed_mps, acceleration in rows:
        if speed_mps or acceleration:
            continue
        reason = StopReason.HELD_UP
        if along_m in line.lights_m:
            reason = StopReason.LIGHT
        elif along_m in line.junctions_m:
            reason = StopReason.GIVE_WAY
        lat_deg, lon_deg, _ = line.at(along_m)
        yield TrueStop(
            vehicle=vehicle, starts_at=from_at + timedelta(seconds=start_s), ends_at=from_at + timedelta(seconds=end_s),
            reason=reason, order=None, **_where(Place(lat_deg, lon_deg)),
        )  # fmt: skip


def _where(place: Place) -> dict[str, int]:
    return {"lat_e7": round(place.lat_deg * 1e7), "lon_e7": round(place.lon_deg * 1e7)}
