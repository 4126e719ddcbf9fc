"""What the worker does again and again, each job one small function. Knows no schedule and no threads."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version

import msgspec
import psycopg

from contract.clock import true_now
from gateway.worker.fleet import FleetMetrics, look
from gateway.worker.housekeeping import run_retention
from storage.health import database_figures
from storage.ids import new_id
from storage.parts import put_part
from storage.retention import Compression, Periods, compress_oldest_fixes, put_database_size

log = logging.getLogger(__name__)

CONNECT_S = 5
# A day of 576,000 fixes took 0.3 s; an installation that changes to the Community edition catches up in two days.
_MOST_DAYS_A_RUN = 5


class Job(msgspec.Struct, frozen=True):
    """A function and how long to rest between two runs (true seconds)."""

    name: str
    period_s: float
    run: Callable[[], None]


def heartbeat(database_url: str, started_at: datetime, counters: Callable[[], dict[str, object]]) -> Job:
    """The worker's sign of life with what its jobs did."""

    def run() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S) as connection:
            put_part(connection, "worker", version("waybill"), started_at, counters())

    return Job("heartbeat", 5.0, run)


def figures(database_url: str, fleet: FleetMetrics) -> Job:
    """What monitors hear of fleet and database; a scrape itself asks no database."""

    def run() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S) as connection:
            fleet.newest = look(connection, true_now())

    return Job("figures", 15.0, run)


def measure(database_url: str) -> Job:
    """Remembers how large the database is, once a day and again, so that its growth can be told."""

    def run() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S) as connection:
            put_database_size(connection, true_now().date(), database_figures(connection).bytes)

    return Job("measure", 3600.0, run)


def retention(retention_url: str, periods: Periods) -> Job:
    """Every class of record by its age; every 6 hours, because a day has only to go once."""

    def run() -> None:
        with psycopg.connect(retention_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            run_retention(connection, periods)

    return Job("retention", 6 * 3600.0, run)


def compression(retention_url: str) -> Job:
    """Days of fixes older than a week are compressed where TimescaleDB can, each in its own transaction."""
    told: set[Compression] = set()

    def run() -> None:
        days, outcome = 0, Compression.COMPRESSED
        with psycopg.connect(retention_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            while days < _MOST_DAYS_A_RUN and outcome is Compression.COMPRESSED:
                outcome = compress_oldest_fixes(connection, new_id(true_now()))
                days += outcome is Compression.COMPRESSED
        if days:
            log.info("old fixes compressed", extra={"action": "fixes_compressed", "days": days})
        if outcome not in told:
            told.add(outcome)
            _tell_why_not(outcome)

    return Job("compression", 3600.0, run)


def _tell_why_not(outcome: Compression) -> None:
    extra = {"action": "compression_off", "job": "compression"}
    if outcome is Compression.NOT_AVAILABLE:
        log.debug("not available in this edition", extra=extra)
    elif outcome is Compression.TOO_OLD:
        log.warning("old fixes stay uncompressed: TimescaleDB before 2.20.1 cannot restore their backup", extra=extra)
