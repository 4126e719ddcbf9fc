"""Check-ins of crews: recorded with author and place, and exceptions where one is overdue. Commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from contract.reasons import ExceptionKind
from gateway.dispatch.check_in_times import Overdue, due_at, overdue
from gateway.dispatch.crew_words import Word, spoken
from gateway.dispatch.errors import DispatchConflictError, DispatchError, NoSuchTripError
from gateway.dispatch.profiles_of import profile_of_trip
from gateway.dispatch.seen import seen_at
from storage.audit import SYSTEM, Actor, AuditEvent, record
from storage.check_ins import CheckIn, NewCheckIn, acknowledge, check_ins_of_trips, put_check_in
from storage.events import put_event
from storage.exceptions import (
    KnownException,
    NewException,
    change_exception,
    exceptions_of_trip,
    exceptions_of_trips,
    put_exception,
    withdraw_exception,
)
from storage.trips import Trip


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be recorded; `place` (lat_e7, lon_e7) None: where the vehicle's unit says it was."""

    kind: str
    at: datetime
    channel: str
    place: tuple[int, int] | None = None
    note: str | None = None


def check_in(connection: psycopg.Connection, trip: Trip, word: Word, said: Said, now: datetime) -> UUID:
    """Records what somebody of the crew says, in time or not; the caller holds the trip's lock."""
    head = trip.head
    if head.departed_at is None:
        raise DispatchConflictError(f"{head.trip_no} has not left: nothing is to be said of it yet")
    if said.at < head.departed_at or (head.ended_at is not None and said.at > head.ended_at):
        until = "" if head.ended_at is None else f" until {head.ended_at.isoformat()}"
        says = f"{head.trip_no} was under way from {head.departed_at.isoformat()}{until}"
        raise DispatchError(says, field="body.at")
    by = spoken([trip], word, "body.channel")
    interval = interval_of(connection, trip, now)
    earlier = [one.at for one in check_ins_of_trips(connection, [head.id])[head.id] if one.at < said.at]
    lat_e7, lon_e7, source = _place(trip, said)
    recorded_by = f"{word.actor.kind} {word.actor.name}"
    # Whoever in the office writes it down has heard it.
    heard = by.reason is not None
    new = NewCheckIn(
        premises_id=head.premises_id, trip_id=head.id, kind=said.kind, at=said.at, driver_id=by.member.driver_id,
        channel=said.channel, recorded_by=recorded_by, lat_e7=lat_e7, lon_e7=lon_e7, place_source=source,
        note=said.note, due_at=None if interval is None else due_at(head.departed_at, earlier, interval),
        acknowledged_at=now if heard else None, acknowledged_by=recorded_by if heard else None,
    )  # fmt: skip
    check_in_id = put_check_in(connection, new)
    after = {"trip_no": head.trip_no, "employee_no": by.member.employee_no, "kind": said.kind, "at": said.at,
             "channel": said.channel, "due_at": new.due_at}  # fmt: skip
    _record(connection, trip, "trip.checked_in", word.actor, now, after)
    if said.kind == "emergency":
        body = {"trip_no": head.trip_no, "vehicle": head.vehicle, "employee_no": by.member.employee_no}
        put_event(connection, "trip.emergency", said.at, head.premises_id, body, trip_id=head.id)
    sync_overdue(connection, trip, now, actor=word.actor)
    return check_in_id


def hear(connection: psycopg.Connection, trip: Trip, check_in_id: UUID, actor: Actor, at: datetime) -> None:
    """Somebody of the staff has heard it; the first one to say so stays on record."""
    first = acknowledge(connection, trip.head.id, check_in_id, f"{actor.kind} {actor.name}", at)
    if first is None:
        raise NoSuchTripError(f"{trip.head.trip_no} has no check-in {check_in_id}")
    if first:
        after = {"trip_no": trip.head.trip_no, "check_in": check_in_id}
        _record(connection, trip, "trip.check_in_heard", actor, at, after)


def interval_of(connection: psycopg.Connection, trip: Trip, at: datetime) -> timedelta | None:
    """How often the trip's profile wants a word; None: never."""
    seconds = profile_of_trip(connection, trip.head, at).check_in_interval_s
    return timedelta(seconds=seconds) if seconds else None


def intervals_of(connection: psycopg.Connection, trips: Sequence[Trip], at: datetime) -> dict[UUID, timedelta | None]:
    """The same of each of these trips; a version that many run under is read once."""
    by_version: dict[tuple[UUID, str | None, int | None], timedelta | None] = {}
    found: dict[UUID, timedelta | None] = {}
    for trip in trips:
        version = (trip.head.premises_id, trip.head.profile, trip.head.profile_version)
        if version not in by_version:
            by_version[version] = interval_of(connection, trip, at)
        found[trip.head.id] = by_version[version]
    return found


def next_due_at(trip: Trip, said: list[CheckIn], interval: timedelta | None) -> datetime | None:
    """When the next word is due; None: never, not yet, or no more."""
    if interval is None or trip.head.departed_at is None or trip.head.ended_at is not None:
        return None
    return due_at(trip.head.departed_at, [one.at for one in said], interval)


def sync_overdue(connection: psycopg.Connection, trip: Trip, now: datetime, *, actor: Actor = SYSTEM) -> None:
    """Makes the trip's exceptions those that its check-ins show; the caller holds the trip's lock."""
    interval = interval_of(connection, trip, now)
    if interval is None or trip.head.departed_at is None:
        return
    said = check_ins_of_trips(connection, [trip.head.id])[trip.head.id]
    known = {one.from_at: one for one in _of_check_ins(exceptions_of_trip(connection, trip.head.id))}
    for new in _wanted(trip, said, interval, now):
        _keep(connection, trip, new, known.pop(new.from_at, None), actor, now)
    for one in known.values():
        # A word that was recorded later was said in time after all.
        withdraw_exception(connection, one.id, now)
        _record_exception(connection, trip, "exception.withdrawn", one.id, actor, now, {"kind": one.kind})


def out_of_sync(connection: psycopg.Connection, trips: Sequence[Trip], now: datetime) -> list[UUID]:
    """Those of the trips for which `sync_overdue` has something to do."""
    trip_ids = [trip.head.id for trip in trips]
    said, known = check_ins_of_trips(connection, trip_ids), exceptions_of_trips(connection, trip_ids)
    intervals = intervals_of(connection, trips, now)
    return [
        trip.head.id
        for trip in trips
        if _shown(_wanted(trip, said[trip.head.id], intervals[trip.head.id], now))
        != _shown(_of_check_ins(known[trip.head.id]))
    ]


def _shown(found: Sequence[NewException | KnownException]) -> set[tuple[datetime, datetime | None, str]]:
    return {(one.from_at, one.to_at, one.rule) for one in found}


def _wanted(trip: Trip, said: list[CheckIn], interval: timedelta | None, now: datetime) -> list[NewException]:
    if interval is None or trip.head.departed_at is None:
        return []
    late = overdue(trip.head.departed_at, trip.head.ended_at, [one.at for one in said], interval, now)
    return [_exception(trip, one, interval) for one in late]


def _of_check_ins(known: list[KnownException]) -> list[KnownException]:
    return [one for one in known if one.kind == ExceptionKind.CHECK_IN_OVERDUE]


def _keep(
    connection: psycopg.Connection, trip: Trip, new: NewException, known: KnownException | None, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    if known is not None:
        if (known.to_at, known.rule) != (new.to_at, new.rule):
            change_exception(connection, known.id, new)
        return
    exception_id, _ = put_exception(connection, trip.head.id, new, now)
    after = {"kind": new.kind, "from_at": new.from_at, "to_at": new.to_at, "rule": new.rule}
    _record_exception(connection, trip, "exception.opened", exception_id, actor, now, after)
    body = {"trip_no": trip.head.trip_no, "vehicle": trip.head.vehicle, "due_at": new.from_at}
    put_event(connection, "trip.check_in_overdue", now, trip.head.premises_id, body, trip_id=trip.head.id)


def _exception(trip: Trip, late: Overdue, interval: timedelta) -> NewException:
    rule = f"no check-in by {late.due_at.isoformat(timespec='seconds')}; one is due every {_told(interval)}"
    if late.said_at is not None:
        rule += f"; it came {_told(late.said_at - late.due_at)} late"
    elif late.ended_at is not None:
        rule += "; the trip ended without it"
    seen = trip.head.fixed_at is not None and trip.head.fixed_at >= late.due_at - interval
    return NewException(
        kind=ExceptionKind.CHECK_IN_OVERDUE, zone_id=None, from_at=late.due_at, to_at=late.said_at or late.ended_at,
        lat_e7=trip.head.lat_e7 if seen else None, lon_e7=trip.head.lon_e7 if seen else None, rule=rule,
    )  # fmt: skip


def _told(lasted: timedelta) -> str:
    minutes, seconds = divmod(round(lasted.total_seconds()), 60)
    return f"{minutes} min" if not seconds else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _place(trip: Trip, said: Said) -> tuple[int | None, int | None, str | None]:
    if said.place is not None:
        return *said.place, "said"
    seen = seen_at(trip.head, said.at)
    return (None, None, None) if seen is None else (*seen, "vehicle")


def _record(
    connection: psycopg.Connection, trip: Trip, action: str, actor: Actor, at: datetime, after: dict[str, object]
) -> None:
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="trip", object_id=str(trip.head.id),
        premises_id=trip.head.premises_id, after=after,
    )  # fmt: skip
    record(connection, [event])


def _record_exception(
    connection: psycopg.Connection, trip: Trip, action: str, exception_id: UUID, actor: Actor, at: datetime,
    after: dict[str, object],
) -> None:  # fmt: skip
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="exception", object_id=str(exception_id),
        premises_id=trip.head.premises_id, after={**after, "trip_no": trip.head.trip_no},
    )  # fmt: skip
    record(connection, [event])
