"""A connection that lasts for days, and that both ends miss within half a minute when the other is gone."""

from __future__ import annotations

import psycopg

from storage.sql import statement

# By default a machine whose power fails is missed after two hours: we would wait so long for an answer, and the
# server would keep our lock from the gateway that stands in for us.
_IDLE_S, _EVERY_S, _TIMES = 10, 5, 3
_UNANSWERED_MS = 30_000


def connect_to_stay(url: str) -> psycopg.Connection:
    """An autocommit connection to `url`; raises psycopg.Error when the database does not answer in 5 s."""
    connection = psycopg.connect(
        url, autocommit=True, connect_timeout=5, keepalives_idle=_IDLE_S, keepalives_interval=_EVERY_S,
        keepalives_count=_TIMES, tcp_user_timeout=_UNANSWERED_MS,
    )  # fmt: skip
    bounds = {"idle_s": _IDLE_S, "every_s": _EVERY_S, "times": _TIMES, "unanswered_ms": _UNANSWERED_MS}
    try:
        connection.execute(statement("miss_dead_client"), bounds)
    except psycopg.Error:
        connection.close()
        raise
    return connection
