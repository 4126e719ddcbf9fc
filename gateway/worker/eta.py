"""The worker's jobs that forecast when vans come, learn from ended trips, and forget old samples. Computes nothing."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from contract.clock import Clock
from gateway.eta.forecasting import Forecaster
from gateway.eta.keeping import Keeper
from gateway.eta.learning import driven
from gateway.worker.jobs import CONNECT_S, Job
from gateway.worker.live_paces import LiveLook
from storage.eta import forget_samples, give_way
from storage.eta_knowledge import (
    DrivenPace,
    TripToLearnFrom,
    fixes_of_trip,
    pauses_of_trip,
    put_taught_trip,
    trips_to_learn_from,
)

log = logging.getLogger(__name__)

# Vans report every few seconds; what matters to people is minutes.
_EVERY_S = 5.0
# Each look makes the times along streets anew: 0.6 s for 500 vans in a city centre, 10 s in a large city.
_LOOK_EVERY_S = 180.0
_SAMPLES_KEPT = timedelta(days=90)
# Late fixes come in first; what comes later still teaches nothing that the next trip does not.
_SETTLED = timedelta(minutes=10)
_LEARNED_FROM = timedelta(days=60)
_MOST_TRIPS = 20  # in one run: a trip of 700 fixes takes 0.1 s


def eta_jobs(database_url: str, clock: Clock, map_dir: Path | None) -> list[Job]:
    """Forecasts again and again; learns from trips that ended; samples that are too old go once in a while."""
    forecaster, keeper = Forecaster(), Keeper(map_dir)
    live = LiveLook(keeper)

    def forecast() -> None:
        began = time.monotonic()
        try:
            with psycopg.connect(database_url, connect_timeout=CONNECT_S) as connection:
                now = clock.now()
                ways_for, spreads = keeper.ways_for(connection, now), keeper.spreads(connection, now)
                give_way(connection)
                done = forecaster.round(connection, ways_for, spreads, now)
        except psycopg.errors.LockNotAvailable:
            return  # somebody is changing a trip: the next round comes in a moment
        extra = {"action": "forecast", "vans": done.vans, "drops": done.drops, "published": done.published}
        log.debug("forecast", extra={**extra, "took_s": round(time.monotonic() - began, 3)})

    def look() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S) as connection:
            live.look(connection, clock.now())

    def learn() -> None:
        now = clock.now()
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            for trip in trips_to_learn_from(connection, now - _LEARNED_FROM, now - _SETTLED, _MOST_TRIPS):
                with connection.transaction():
                    learn_from(connection, trip, keeper)

    def forget() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S) as connection:
            forget_samples(connection, clock.now() - _SAMPLES_KEPT)

    return [
        Job("eta", _EVERY_S, forecast), Job("eta_live", _LOOK_EVERY_S, look), Job("eta_learning", 60.0, learn),
        Job("eta_samples", 6 * 3600.0, forget),
    ]  # fmt: skip


def learn_from(connection: psycopg.Connection, trip: TripToLearnFrom, keeper: Keeper) -> int:
    """Goes through one ended trip and keeps what it taught; how many cells and hours that were."""
    streets = keeper.streets()
    fixes = fixes_of_trip(connection, trip)
    sums = driven(fixes, pauses_of_trip(connection, trip.id), streets, ZoneInfo(trip.tz))
    rows = [
        DrivenPace(
            trip_id=trip.id, cell_lat=cell[0], cell_lon=cell[1], hour=hour, premises_id=trip.premises_id,
            driven_s=one.driven_s, straight_s=one.straight_s, street_s=None if streets is None else one.street_s,
        )
        for (cell, hour), one in sums.items()
    ]  # fmt: skip
    put_taught_trip(connection, trip, len(fixes), rows)
    return len(rows)
