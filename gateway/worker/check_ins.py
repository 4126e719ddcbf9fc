"""The worker's job for check-ins: what is overdue is an exception within seconds. Knows no rule of them."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from contract.clock import Clock
from gateway.dispatch.check_ins import out_of_sync, sync_overdue
from gateway.worker.jobs import CONNECT_S, Job
from storage.check_ins import trips_to_check_in
from storage.trips import read_trips

# A trip's end becomes known late when its unit was out of reach; what is recorded later still is synced as it comes.
_ENDED_WITHIN = timedelta(days=1)


def check_in_job(database_url: str, clock: Clock) -> Job:
    """Looks every 15 s whether a crew that has to check in has not."""

    def run() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            look_for_overdue(connection, clock)

    return Job("check_ins", 15.0, run)


def look_for_overdue(connection: psycopg.Connection, clock: Clock) -> None:
    """Every trip of which something is new in a transaction of its own: one that somebody is changing is waited for."""
    trips = read_trips(connection, trips_to_check_in(connection, None, clock.now() - _ENDED_WITHIN))
    for trip_id in out_of_sync(connection, trips, clock.now()):
        with connection.transaction():
            (trip,) = read_trips(connection, [trip_id], lock=True)
            sync_overdue(connection, trip, clock.now())
