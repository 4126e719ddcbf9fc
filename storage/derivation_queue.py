"""The queues of trips and hours that are to be derived again: who asks, who works them off. Derives nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from contract.reasons import DerivationCause
from storage.sql import statement

# So long a trip waits for more of what made it due: a backlog comes in many packs, and each would be a version.
SETTLE = timedelta(seconds=5)


class Due(msgspec.Struct, frozen=True):
    """A trip that is due; `asked` tells whether somebody asked again meanwhile."""

    trip_id: UUID
    cause: str
    asked: int
    failures: int


class DueHour(msgspec.Struct, frozen=True):
    """An hour of a vehicle whose facts are to be made anew."""

    vehicle_id: UUID
    hour_at: datetime
    premises_id: UUID
    asked: int


class LateSpan(msgspec.Struct, frozen=True):
    """Times of fixes of one device that the trips of those times have not seen yet."""

    device_id: int
    from_at: datetime
    to_at: datetime
    cause: DerivationCause


def queue_spans(connection: psycopg.Connection, spans: Iterable[LateSpan]) -> int:
    """Queues the trips that the fixes may belong to; how many."""
    listed = list(spans)
    if not listed:
        return 0
    now = true_now()
    values = {
        "device_ids": [span.device_id for span in listed],
        "from_at": [span.from_at for span in listed],
        "to_at": [span.to_at for span in listed],
        "causes": [span.cause.value for span in listed],
        "now": now,
        "due_at": now + SETTLE,
    }
    return connection.execute(statement("queue_late_trips"), values).rowcount


def queue_trips(
    connection: psycopg.Connection, trips: Iterable[tuple[UUID | str, DerivationCause]], wait: timedelta = SETTLE
) -> int:
    """Queues these trips; how many."""
    listed = list(dict(trips).items())
    if not listed:
        return 0
    now = true_now()
    values = {"trip_ids": [trip for trip, _ in listed], "causes": [cause.value for _, cause in listed], "now": now,
              "due_at": now + wait}  # fmt: skip
    return connection.execute(statement("queue_trips"), values).rowcount


def queue_trips_of_device(
    connection: psycopg.Connection, device_id: int, from_at: datetime, cause: DerivationCause
) -> int:
    """Queues trips since `from_at` of the vehicles that the device is or was in; how many."""
    now = true_now()
    values = {"device_id": device_id, "from_at": from_at, "cause": cause.value, "now": now, "due_at": now + SETTLE}
    return connection.execute(statement("queue_trips_of_device"), values).rowcount


def queue_next(connection: psycopg.Connection, trip_id: UUID, cause: DerivationCause, until: datetime) -> int:
    """Queues the vehicle's next trip after this one, unless it is planned for long after `until`; how many."""
    now = true_now()
    values = {"trip_id": trip_id, "cause": cause.value, "until": until, "now": now, "due_at": now + SETTLE}
    return connection.execute(statement("queue_next_trip"), values).rowcount


def queue_overdue(connection: psycopg.Connection, before: datetime) -> int:
    """Queues trips that were planned before a time and never left; how many."""
    return connection.execute(statement("queue_overdue_trips"), {"before": before, "now": true_now()}).rowcount


def queue_unsettled(connection: psycopg.Connection, device_ids: Iterable[int], since: datetime) -> int:
    """Queues trips of the devices' vehicles that ended after `since` and are not final; how many."""
    now = true_now()
    values = {"device_ids": list(device_ids), "since": since, "now": now, "due_at": now + SETTLE}
    return connection.execute(statement("queue_unsettled_trips"), values).rowcount


def due_trips(connection: psycopg.Connection, limit: int) -> list[UUID]:
    """Trips that are due; of each vehicle only the earliest."""
    rows = connection.execute(statement("due_trips"), {"now": true_now(), "limit": limit})
    return [trip_id for (trip_id,) in rows]


def take_due(connection: psycopg.Connection, trip_id: UUID) -> Due | None:
    """The trip, ours until the transaction ends; None when another worker has it or had it."""
    row = connection.execute(statement("take_due_trip"), {"trip_id": trip_id}).fetchone()
    return None if row is None else Due(*row)


def lock_trip(connection: psycopg.Connection, trip_id: UUID) -> None:
    """Waits until nobody else derives the trip; ours until the transaction ends."""
    connection.execute(statement("lock_derivation"), {"trip_id": str(trip_id)})


def done(connection: psycopg.Connection, due: Due) -> None:
    """Takes the trip out of the queue, unless somebody asked again meanwhile."""
    connection.execute(statement("leave_queue"), {"trip_id": due.trip_id, "asked": due.asked})


def failed(connection: psycopg.Connection, due: Due, error: str) -> None:
    """Puts the trip off, twice as long with every failure up to an hour."""
    wait = min(timedelta(hours=1), timedelta(seconds=10) * 2 ** min(due.failures, 10))
    values = {"trip_id": due.trip_id, "error": error, "due_at": true_now() + wait}
    connection.execute(statement("queue_failed"), values)


def queue_length(connection: psycopg.Connection) -> tuple[int, int, datetime | None]:
    """How many trips wait, how many of them failed, and since when the oldest waits."""
    row = connection.execute(statement("queue_length")).fetchone()
    assert row is not None, "an aggregate is a row"
    return row[0], row[1], row[2]


def clear_failed_marks(connection: psycopg.Connection) -> int:
    """Takes the mark of a raised step from devices whose trips are all derived again; how many."""
    return connection.execute(statement("clear_failed_marks")).rowcount


def queue_hours(connection: psycopg.Connection, hours: Iterable[tuple[int, datetime]]) -> None:
    """Queues (device_id, beginning of the hour) by the install of the time."""
    listed = sorted(set(hours))
    if listed:
        values = {"device_ids": [device for device, _ in listed], "hours": [at for _, at in listed],
                  "due_at": true_now() + SETTLE}  # fmt: skip
        connection.execute(statement("queue_hours"), values)


def queue_hours_since(connection: psycopg.Connection, device_ids: Iterable[int], since: datetime) -> None:
    """Queues every hour since then in which the devices have fixes."""
    values = {"device_ids": list(device_ids), "since": since, "due_at": true_now() + SETTLE}
    connection.execute(statement("queue_hours_since"), values)


def next_hours(connection: psycopg.Connection, limit: int) -> list[DueHour]:
    """Hours that are due."""
    return [DueHour(*row) for row in connection.execute(statement("next_hours"), {"now": true_now(), "limit": limit})]


def hour_done(connection: psycopg.Connection, due: DueHour) -> None:
    """Takes the hour out of the queue, unless somebody asked again meanwhile."""
    values = {"vehicle_id": due.vehicle_id, "hour_at": due.hour_at, "asked": due.asked}
    connection.execute(statement("leave_hours"), values)
