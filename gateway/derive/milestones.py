"""Compares what was told of a trip's orders with what fixes show now. What was told is not told twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import psycopg

from contract.milestones import Milestone
from gateway.derive.material import Material
from storage.derivation import Told, put_correction, told_milestones
from storage.derived_rows import Evidence, Findings
from storage.tracking import DetectedMilestone, orders_on_the_road, put_detected

# Below it two derivations say the same: times are whole milliseconds, and nobody is told of less.
SAME = timedelta(seconds=1)
_BACK = frozenset({Milestone.FAILED, Milestone.CANCELLED, Milestone.RETURNED})


def correct_milestones(
    connection: psycopg.Connection, material: Material, found: Findings, recorded_at: datetime
) -> int:
    """Adds what is new, corrects what has another time, withdraws what did not happen; how many corrections.

    The first telling stays in every case, with its own evidence.
    """
    newest = {drop.order_id: Milestone(drop.milestone) for drop in material.drops}
    # What was told of an order that another trip has taken over happened all the same.
    told = {
        (row.order_id, row.milestone): row
        for row in told_milestones(connection, material.trip.id)
        if row.order_id in newest
    }
    left = {order_id for _, order_id, _ in orders_on_the_road(connection, [str(material.trip.id)])}
    # Of an order that was cancelled meanwhile nothing new is told but that its goods are back, if they had left.
    shown = {
        key: row
        for row in _shown(material, found)
        if (key := (row.order_id, row.milestone)) in told
        or (
            _concerns(newest[row.order_id], row.milestone)
            and (row.milestone is not Milestone.RETURNED or row.order_id in left)
        )
    }
    corrections = 0
    for key, row in told.items():
        corrections += _correct(connection, row, shown.get(key), recorded_at)
    put_detected(connection, [row for key, row in shown.items() if key not in told], recorded_at)
    return corrections


def _correct(connection: psycopg.Connection, told: Told, shown: DetectedMilestone | None, recorded_at: datetime) -> int:
    if shown is None:
        if told.withdrawn:
            return 0
        note = f"{told.milestone} told for {told.at.isoformat()}: what is known now does not show it"
        put_correction(connection, told, told.at, evidence=None, withdrawn=True, note=note, recorded_at=recorded_at)
        return 1
    if not told.withdrawn and abs(shown.at - told.at) < SAME:
        return 0
    note = f"{told.milestone} told for {told.at.isoformat()}, corrected to {shown.at.isoformat()}"
    points: Evidence = msgspec.json.decode(shown.evidence)
    put_correction(connection, told, shown.at, evidence=points, withdrawn=False, note=note, recorded_at=recorded_at)
    return 1


def _concerns(newest: Milestone, milestone: Milestone) -> bool:
    return newest in _BACK if milestone is Milestone.RETURNED else newest is not Milestone.CANCELLED


def _shown(material: Material, found: Findings) -> Iterator[DetectedMilestone]:
    """Every milestone that the findings show of any order of the trip."""
    trip_id = str(material.trip.id)

    def row(order_id: str, milestone: Milestone, at: datetime, points: Evidence | None) -> DetectedMilestone:
        return DetectedMilestone(order_id, trip_id, milestone, at, msgspec.json.encode(points or []).decode())

    for moment, milestone in ((found.departed, Milestone.OUT_FOR_DELIVERY), (found.returned, Milestone.RETURNED)):
        if moment is not None:
            orders = [drop.order_id for drop in material.drops if drop.joined_at is None or drop.joined_at < moment.at]
            yield from (row(order_id, milestone, moment.at, moment.evidence) for order_id in orders)
    for visit in found.visits:
        if visit.soon_at is not None:
            yield row(visit.order_id, Milestone.ARRIVING_SOON, visit.soon_at, visit.soon_evidence)
        if visit.arrived_at is not None:
            yield row(visit.order_id, Milestone.ARRIVED, visit.arrived_at, visit.arrived_evidence)
