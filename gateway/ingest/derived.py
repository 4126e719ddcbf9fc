"""Writes what tracking found of trips under way into their growing versions. Derives nothing again: it queues that."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from contract.reasons import DerivationCause
from gateway.derive.exceptions import sync_exceptions
from gateway.derive.findings import Collector, facts_row
from gateway.derive.ground import GroundHistory
from gateway.derive.knowledge import judge_of
from gateway.ingest.tracker import Tracked
from gateway.tracking.events import Event, HourDriven
from storage.audit import SYSTEM
from storage.derivation_queue import queue_hours, queue_trips
from storage.derived import (
    Finding,
    LiveVersion,
    VehicleHour,
    add_vehicle_hours,
    note_policy_version,
    open_live,
    put_departure,
    put_findings,
    put_return,
    put_unseen,
)
from storage.derived_rows import Findings

# After the return, what is confirmed a little later and what is still on its way.
_SETTLED_AFTER = timedelta(seconds=30)
_HOUR = timedelta(hours=1)


def write_derived(connection: psycopg.Connection, tracked: Tracked, now: datetime) -> None:
    """The findings of a batch, trip by trip, and hours that are over. What happened on no trip is not kept."""
    by_trip: dict[str, list[tuple[int, Event]]] = {}
    hours: list[tuple[int, VehicleHour]] = []
    for device_id, event in tracked.events:
        trip_id = getattr(event, "trip_id", None)
        if isinstance(event, HourDriven):
            vehicle_id, ground = tracked.states[device_id].vehicle_id, tracked.grounds.get(device_id)
            if vehicle_id is not None and ground is not None:
                facts = facts_row(event.at, event.at + _HOUR, event.driven)
                hours.append((device_id, (vehicle_id, facts, _noted(connection, tracked, ground, event.at, now))))
        elif trip_id is not None:
            by_trip.setdefault(trip_id, []).append((device_id, event))
    # An hour that is there already was derived when late fixes came: what was driven since then belongs to it as well.
    new = add_vehicle_hours(connection, [hour for _, hour in hours], now)
    known = [(device_id, hour[1].began_at) for (device_id, hour), is_new in zip(hours, new, strict=True) if not is_new]
    queue_hours(connection, known)
    if by_trip:
        _write_trips(connection, tracked, by_trip, now)


def _write_trips(
    connection: psycopg.Connection, tracked: Tracked, by_trip: dict[str, list[tuple[int, Event]]], now: datetime
) -> None:
    grounds = {
        trip_id: ground for trip_id, events in by_trip.items()
        if (ground := tracked.grounds.get(events[0][0])) is not None
    }  # fmt: skip
    versions = {
        trip_id: _noted(connection, tracked, ground, by_trip[trip_id][0][1].at, now)
        for trip_id, ground in grounds.items()
    }
    live = open_live(connection, versions, now)
    rows: list[tuple[UUID, UUID, Finding]] = []
    for trip_id, ground in grounds.items():
        found = _collected(connection, tracked, by_trip[trip_id], ground, now)
        version = live.get(trip_id)
        _queue(connection, trip_id, found, counts=version is not None and version.counts)
        if version is None:  # late fixes showed its departure before it was seen live: there is no version that grows
            continue
        rows += [(version.id, version.premises_id, row) for row in _rows(found)]
        _moments(connection, version, found)
        sync_exceptions(connection, UUID(trip_id), found, ground, actor=SYSTEM, at=now, whole=False)
    put_findings(connection, rows, now)


def _collected(
    connection: psycopg.Connection,
    tracked: Tracked,
    events: list[tuple[int, Event]],
    ground: GroundHistory,
    now: datetime,
) -> Findings:
    device_id = events[0][0]
    collector = Collector(
        judge_of(connection, lambda _at: device_id), lambda at: _noted(connection, tracked, ground, at, now)
    )
    for _, event in events:
        collector.add(event)
    return collector.findings(None, None)


def _rows(found: Findings) -> list[Finding]:
    facts = [] if found.facts is None else [found.facts]
    return [*found.stops, *found.visits, *found.zone_visits, *found.gaps, *found.deviations, *facts]


def _moments(connection: psycopg.Connection, version: LiveVersion, found: Findings) -> None:
    if found.departed is not None:
        put_departure(connection, version.id, found.departed)
    if found.returned is not None:
        put_return(connection, version.id, found.returned)
    if found.unseen is not None:
        put_unseen(connection, version.id, found.unseen)


def _queue(connection: psycopg.Connection, trip_id: str, found: Findings, *, counts: bool) -> None:
    """A trip that is over is derived once more from all that is stored; so is one that a later version counts for."""
    if found.returned is not None or found.unseen is not None:
        queue_trips(connection, [(trip_id, DerivationCause.TRIP_ENDED)], _SETTLED_AFTER)
    elif not counts:
        queue_trips(connection, [(trip_id, DerivationCause.LATE_DATA)])


def _noted(connection: psycopg.Connection, tracked: Tracked, ground: GroundHistory, at: datetime, now: datetime) -> str:
    """The version of the policy at a time; kept with its thresholds when it is used the first time."""
    held = ground.at(at)
    if held.policy_version not in ground.noted:
        thresholds = msgspec.to_builtins(held.policy)
        note_policy_version(connection, ground.premises_id, held.policy_version, thresholds, now)
        tracked.noted.append((ground, held.policy_version))
    return held.policy_version


def remember_noted(tracked: Tracked) -> None:
    """After the commit: the versions of the policy that were written need not be written again."""
    for ground, version in tracked.noted:
        ground.noted.add(version)
