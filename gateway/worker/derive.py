"""The worker's job that derives trips and hours again, one in a transaction. Decides nothing about fixes."""

from __future__ import annotations

import logging
from datetime import timedelta

import psycopg

from contract.clock import Clock, true_now
from contract.faults import printable
from contract.reasons import DerivationCause
from gateway.derive.deriving import Outcome, derive_and_keep
from gateway.derive.ground import Grounds
from gateway.derive.hours import derive_hour
from gateway.derive.material import LONGEST
from gateway.tracking.policy import Policy
from gateway.worker.jobs import Job
from storage.audit import Actor
from storage.derivation_queue import (
    Due,
    clear_failed_marks,
    done,
    due_trips,
    failed,
    hour_done,
    next_hours,
    queue_overdue,
    take_due,
)
from storage.device_log import trim_device_log

log = logging.getLogger(__name__)

WORKER = Actor("system", "worker")
_CONNECT_S = 5
_AT_ONCE = 100  # then the job ends, so that its sign of life and its failures are seen
_LOG_KEPT = timedelta(days=180)  # of what devices said about themselves: as long as their fixes


def deriving(database_url: str, base: Policy, clock: Clock) -> Job:
    """Trips with late data, corrected installs or another policy, and hours whose fixes came late."""

    grounds = Grounds(base)

    def run() -> None:
        with psycopg.connect(database_url, connect_timeout=_CONNECT_S, autocommit=True) as connection:
            while work_off(connection, grounds, clock):
                pass

    return Job("derive", 1.0, run)


def overdue(database_url: str, clock: Clock) -> Job:
    """Trips that nobody saw leave end with the reason, and wait no longer."""

    def run() -> None:
        with psycopg.connect(database_url, connect_timeout=_CONNECT_S) as connection:
            queue_overdue(connection, clock.now() - LONGEST)

    return Job("overdue_trips", 600.0, run)


def trimming(database_url: str) -> Job:
    """The devices' log stays bounded."""

    def run() -> None:
        with psycopg.connect(database_url, connect_timeout=_CONNECT_S) as connection:
            trim_device_log(connection, true_now() - _LOG_KEPT)

    return Job("device_log", 3600.0, run)


def work_off(connection: psycopg.Connection, grounds: Grounds, clock: Clock) -> int:
    """Derives what is due, at most so many at once; how many trips and hours."""
    count = 0
    for trip_id in due_trips(connection, _AT_ONCE):
        with connection.transaction():
            due = take_due(connection, trip_id)
            if due is not None:
                _derive(connection, due, grounds, clock)
                count += 1
    for hour in next_hours(connection, _AT_ONCE):
        with connection.transaction():
            derive_hour(connection, hour, grounds)
            hour_done(connection, hour)
        count += 1
    if count:
        clear_failed_marks(connection)
    return count


def _derive(connection: psycopg.Connection, due: Due, grounds: Grounds, clock: Clock) -> Outcome | None:
    """One trip; when it cannot be derived it waits longer and the others go on."""
    extra = {"action": "trip_derived", "trip": str(due.trip_id), "cause": due.cause}
    try:
        with connection.transaction():
            cause = DerivationCause(due.cause)
            outcome = derive_and_keep(connection, due.trip_id, cause, grounds, WORKER, clock.now())
            done(connection, due)
    except Exception as error:
        if connection.closed:
            raise
        failed(connection, due, printable(f"{type(error).__name__}: {error}"))
        log.exception("trip not derived", extra={**extra, "action": "trip_not_derived"})
        return None
    if outcome.refused is not None:
        log.warning("trip stays as it was found: %s", outcome.refused, extra=extra)
        return outcome
    log.info("trip derived", extra={**extra, "version": outcome.version, "changed": outcome.changed})
    return outcome
