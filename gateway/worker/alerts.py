"""The worker's jobs that warn staff and make the day's list. Knows no condition."""

from __future__ import annotations

import msgspec
import psycopg

from contract.clock import SYSTEM, Clock
from gateway.alerts.conditions import Watched, look
from gateway.alerts.digest import tell_digests
from gateway.alerts.warning import warn
from gateway.worker.jobs import CONNECT_S, Job


class AlertOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is watched beside the records, and when the day's list is made."""

    watched: Watched = Watched()
    digest_at: str = ""
    clock: Clock = SYSTEM


def alert_jobs(database_url: str, options: AlertOptions) -> list[Job]:
    def watch() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            warn(connection, look(connection, options.clock, options.watched), options.clock)

    def digest() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            tell_digests(connection, options.clock, options.digest_at)

    return [Job("alerts", 10.0, watch), Job("digest", 30.0, digest)]
