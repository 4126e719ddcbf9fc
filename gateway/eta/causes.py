"""Why a delivery came later than it was planned, in parts that add up to the whole. Pure: asks nobody.

The whole runs from the planned arrival and the usual time at the door to the handover; until there is one, from the
planned arrival to the arrival. What no other part explains of the way is the road's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from gateway.dispatch.estimate import POLICY

Interval = tuple[datetime, datetime]


class Stand(msgspec.Struct, frozen=True):
    """A door of the trip: what was planned of it and what came of it."""

    seq: int
    planned_arrival_at: datetime | None
    ready_at: datetime | None  # when its goods were packed
    arrived_at: datetime | None
    left_at: datetime | None
    handed_at: datetime | None  # delivered, or failed


class Lateness(msgspec.Struct, frozen=True):
    """Seconds by cause; positive: later than planned."""

    whole_s: float
    ready_late_s: float  # the trip's goods were not packed at the planned departure
    departed_late_s: float  # the rest of a late departure
    earlier_drops_s: float  # longer at the doors before than is usual, or at more of them
    unplanned_stops_s: float  # elsewhere, traffic left out
    slow_road_s: float
    waiting_at_door_s: float  # longer at the door itself than is usual, until the handover


def lateness(
    planned_departure_at: datetime, departed_at: datetime, stands: Sequence[Stand], stops: Sequence[Interval], seq: int
) -> Lateness | None:
    """Of the door `seq`; None when the van was not there, or nothing was planned of it."""
    own = next(one for one in stands if one.seq == seq)
    if own.arrived_at is None or own.planned_arrival_at is None:
        return None
    delay_s = _s(departed_at - planned_departure_at)
    ready_s = _ready_late_s(planned_departure_at, delay_s, stands)
    visits = _visits(stands, own, departed_at)
    stood_s = sum(_s(to - since) for since, to in visits)
    planned_before = sum(
        one.planned_arrival_at is not None and one.planned_arrival_at < own.planned_arrival_at for one in stands
    )
    usual_s = planned_before * POLICY.at_door_s
    stops_s = sum(_s(to - since) for since, to in _outside(stops, visits, departed_at, own.arrived_at))
    planned_road_s = _s(own.planned_arrival_at - planned_departure_at) - usual_s
    road_s = _s(own.arrived_at - departed_at) - stood_s - stops_s
    waited_s = 0.0 if own.handed_at is None else _s(own.handed_at - own.arrived_at) - POLICY.at_door_s
    return Lateness(
        whole_s=_s(own.arrived_at - own.planned_arrival_at) + waited_s, ready_late_s=ready_s,
        departed_late_s=delay_s - ready_s, earlier_drops_s=stood_s - usual_s, unplanned_stops_s=stops_s,
        slow_road_s=road_s - planned_road_s, waiting_at_door_s=waited_s,
    )  # fmt: skip


def _ready_late_s(planned_departure_at: datetime, delay_s: float, stands: Sequence[Stand]) -> float:
    last = max((one.ready_at for one in stands if one.ready_at is not None), default=planned_departure_at)
    return min(max(0.0, delay_s), max(0.0, _s(last - planned_departure_at)))


def _visits(stands: Sequence[Stand], own: Stand, departed_at: datetime) -> list[Interval]:
    """When the van stood at other doors before it came, each moment once."""
    assert own.arrived_at is not None
    spans = [
        (max(one.arrived_at, departed_at), min(one.left_at or own.arrived_at, own.arrived_at))
        for one in stands
        if one is not own and one.arrived_at is not None and one.arrived_at < own.arrived_at
    ]
    return _merged(spans)


def _outside(stops: Sequence[Interval], visits: Sequence[Interval], begin: datetime, end: datetime) -> list[Interval]:
    """The parts of stops within the way that no visit covers."""
    left: list[Interval] = []
    for since, to in _merged([(max(since, begin), min(to, end)) for since, to in stops]):
        at = since
        for visit_since, visit_to in visits:
            if visit_to <= at or visit_since >= to:
                continue
            if visit_since > at:
                left.append((at, visit_since))
            at = max(at, visit_to)
        if at < to:
            left.append((at, to))
    return left


def _merged(spans: Sequence[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for since, to in sorted(span for span in spans if span[0] < span[1]):
        if merged and since <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(to, merged[-1][1])
        else:
            merged.append((since, to))
    return merged


def _s(span: timedelta) -> float:
    return span.total_seconds()
