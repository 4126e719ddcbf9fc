"""The worker's jobs that tell order systems what happened. Knows no signature and no retry."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from contract.clock import true_now
from gateway.outbox.delivery import send_due, sender, tell
from gateway.worker.jobs import CONNECT_S, Job
from storage.idempotency import forget_keys
from storage.webhooks import forget_deliveries

# A receiver that does not answer holds up its sender for 15 s: with four, the others' events still go out.
_SENDERS = 4
_KEYS_KEPT = timedelta(days=7)  # a request that is sent again later than this is done again
_LOG_KEPT = timedelta(days=90)


def webhook_jobs(database_url: str, *, allow_private: bool) -> list[Job]:
    """From the feed to deliveries, from deliveries to receivers, and out with what is old."""
    send = sender(allow_private=allow_private)

    def make() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            tell(connection)

    def go() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            send_due(connection, send)

    def forget() -> None:
        now = true_now()
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            forget_keys(connection, now - _KEYS_KEPT)
            forget_deliveries(connection, now - _LOG_KEPT)

    senders = [Job(f"webhooks_{number}", 1.0, go) for number in range(1, _SENDERS + 1)]
    return [Job("webhook_feed", 1.0, make), *senders, Job("webhook_log", 6 * 3600.0, forget)]
