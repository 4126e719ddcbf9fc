"""Signs of life of the processes, for `waybill status`. Starts and stops none of them."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import datetime

import psycopg
from psycopg.types.json import Jsonb

from contract.clock import true_now
from storage.sql import statement


def put_part(
    connection: psycopg.Connection, name: str, version: str, started_at: datetime, counters: Mapping[str, object]
) -> None:
    """Records that this process lives; `started_at` is true time."""
    connection.execute(
        statement("put_part"),
        {
            "name": name,
            "version": version,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started_at": started_at,
            "seen_at": true_now(),
            "counters": Jsonb(dict(counters)),
        },
    )
