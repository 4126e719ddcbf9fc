"""Looks at the records, the disk and the backups for what staff may have to be warned of. Warns nobody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from contract.clock import Clock, true_now
from gateway.alerts.episodes import Condition
from gateway.alerts.kinds import AlertKind
from storage.alerts import emergencies, exceptions_to_warn_of, failed_orders, silent_trips
from storage.backup import newest_backup
from storage.eta import open_episodes
from storage.health import holds_real_fixes

# Older than that it is on the lists, and no news for anybody.
_RECENT = timedelta(days=2)
_A_TRIP = timedelta(days=1)
_LEAST_SILENCE = timedelta(minutes=1)
# Kinds of exceptions that staff are warned of.
_WORDS = {
    AlertKind.UNEXPLAINED_STOP: "stands without a reason",
    AlertKind.STOP_NOT_PERMITTED: "stopped for a reason that its profile does not permit",
    AlertKind.LEFT_STATE: "left the state",
    AlertKind.PROHIBITED_PLACE: "is at a prohibited place",
    AlertKind.CHECK_IN_OVERDUE: "has not checked in",
    AlertKind.CONTRADICTED: "reported something else of the same moments than before",
}


class Looked(msgspec.Struct, frozen=True):
    """What is so, and the kinds that were looked at: of another one nothing can be said."""

    conditions: list[Condition]
    kinds: frozenset[AlertKind]


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What is watched beside the records."""

    disk: Path | None = None  # a folder on the disk that is watched; None: it is another machine's
    backup_max_age: timedelta = timedelta(hours=48)


def look(connection: psycopg.Connection, clock: Clock, watched: Watched) -> Looked:
    now = clock.now()
    found = [*_exceptions(connection, now), *_late(connection), *_silent(connection, clock, now)]
    found += [*_failed(connection, now), *_emergencies(connection, now)]
    kinds = {*AlertKind} - {AlertKind.DISK}
    found += _backup(connection, clock, watched.backup_max_age)
    if watched.disk is not None:
        found.append(_disk(watched.disk, now))
        kinds.add(AlertKind.DISK)
    return Looked(found, frozenset(kinds))


def _exceptions(connection: psycopg.Connection, now: datetime) -> Iterator[Condition]:
    for one in exceptions_to_warn_of(connection, now - _RECENT):
        if one.kind not in _WORDS:
            continue
        kind = AlertKind(one.kind)
        place = f" ({one.zone})" if one.zone else ""
        trip = f" on {one.trip_no}" if one.trip_no else ""
        since = f"{one.from_at.astimezone(ZoneInfo(one.tz)):%H:%M}"
        yield Condition(
            kind=kind, subject=one.id, says=f"{one.vehicle}{trip} {_WORDS[kind]}{place}, since {since}: {one.rule}",
            measure=((one.to_at or now) - one.from_at).total_seconds() / 60, began_at=one.from_at,
            premises_id=one.premises_id, trip_id=one.trip_id, vehicle_id=one.vehicle_id,
        )  # fmt: skip


def _late(connection: psycopg.Connection) -> Iterator[Condition]:
    """The risk and then the lateness of one order are one episode: it is about the same promise."""
    worst = {one.order_id: one for one in sorted(open_episodes(connection), key=lambda one: one.kind == "late")}
    for one in worst.values():
        late = one.kind == "late"
        says = f"order {one.order_no} " + ("is late" if late else f"will probably be late ({one.late_risk:.0%})")
        yield Condition(
            kind=AlertKind.LATE_RISK, subject=str(one.order_id), says=says, measure=1.0 if late else one.late_risk,
            began_at=one.began_at, premises_id=one.premises_id, order_id=one.order_id, trip_id=one.trip_id,
        )  # fmt: skip


def _silent(connection: psycopg.Connection, clock: Clock, now: datetime) -> Iterator[Condition]:
    """By when something came in, not by when it was measured: a unit that catches up is not silent."""
    before = clock.wall_at(now - _LEAST_SILENCE)
    for trip in silent_trips(connection, departed_since=now - _A_TRIP, heard_before=before):
        # A unit that was heard last before it left is silent since then: before, nobody waited for it.
        heard_at = None if trip.received_at is None else clock.at(trip.received_at)
        since = trip.departed_at if heard_at is None else max(heard_at, trip.departed_at)
        yield Condition(
            kind=AlertKind.SILENT, subject=str(trip.id),
            says=f"nothing is heard of {trip.vehicle} on {trip.trip_no}", measure=(now - since).total_seconds() / 60,
            began_at=since, premises_id=trip.premises_id, trip_id=trip.id, vehicle_id=trip.vehicle_id,
        )  # fmt: skip


def _failed(connection: psycopg.Connection, now: datetime) -> Iterator[Condition]:
    for order in failed_orders(connection, now - _RECENT):
        by = f" by {order.vehicle}" if order.vehicle else ""
        why = f": {order.reason_code}" if order.reason_code else ""
        yield Condition(
            kind=AlertKind.FAILED_HANDOFF, subject=f"{order.id} {order.failed_at.isoformat()}",
            says=f"order {order.order_no} for {order.customer_name} was not handed over{by}{why}",
            measure=(now - order.failed_at).total_seconds() / 60, began_at=order.failed_at,
            premises_id=order.premises_id, order_id=order.id, trip_id=order.trip_id, vehicle_id=order.vehicle_id,
        )  # fmt: skip


def _emergencies(connection: psycopg.Connection, now: datetime) -> Iterator[Condition]:
    for one in emergencies(connection, now - _RECENT):
        note = f": {one.note}" if one.note else ""
        yield Condition(
            kind=AlertKind.EMERGENCY, subject=one.id, says=f"{one.vehicle} on {one.trip_no} calls for help{note}",
            measure=(now - one.at).total_seconds() / 60, began_at=one.at, premises_id=one.premises_id,
            trip_id=one.trip_id, vehicle_id=one.vehicle_id,
        )  # fmt: skip


def _backup(connection: psycopg.Connection, clock: Clock, max_age: timedelta) -> Iterator[Condition]:
    """Only where real vehicles report: what a simulator made can be made again."""
    if not holds_real_fixes(connection):
        return
    newest = newest_backup(connection)
    made_at = None if newest is None else datetime.fromisoformat(str(newest.details["made_at"]))
    hours = float("inf") if made_at is None else (true_now() - made_at - max_age).total_seconds() / 3600
    says = "no backup was ever made" if made_at is None else f"the newest backup is of {made_at:%Y-%m-%d %H:%M} UTC"
    yield Condition(
        kind=AlertKind.BACKUP_OVERDUE, subject="backup", says=says, measure=hours,
        began_at=clock.now() if made_at is None else clock.at(made_at),
    )  # fmt: skip


def _disk(folder: Path, now: datetime) -> Condition:
    usage = shutil.disk_usage(folder)
    percent = 100 * (usage.total - usage.free) / usage.total
    return Condition(
        kind=AlertKind.DISK, subject=str(folder), measure=percent, began_at=now,
        says=f"the disk of {folder} is {percent:.0f} % full, {usage.free / 1e9:.1f} GB are left",
    )  # fmt: skip
