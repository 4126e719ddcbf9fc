"""Messages for the gateway that did not come by the broker, kept until they are stored. Reads none of them."""

from __future__ import annotations

from datetime import datetime

import msgspec
import psycopg

from storage.sql import statement


class Posted(msgspec.Struct, frozen=True):
    """One message; spool and number are those of a lone fix that had them."""

    id: int
    topic: str
    payload: bytes
    received_at: datetime  # true time
    spool: str | None
    seq: int | None


def put_posted(
    connection: psycopg.Connection,
    topic: str,
    payload: bytes,
    received_at: datetime,
    *,
    spool: str | None = None,
    seq: int | None = None,
) -> None:
    """From the caller's commit on the message cannot be lost."""
    values = {"topic": topic, "payload": payload, "received_at": received_at, "spool": spool, "seq": seq}
    connection.execute(statement("put_posted"), values)


def oldest_posted(connection: psycopg.Connection, limit: int) -> list[Posted]:
    return [Posted(*row) for row in connection.execute(statement("posted"), {"limit": limit})]


def delete_posted(connection: psycopg.Connection, ids: list[int]) -> None:
    """In the transaction that stores what was in them."""
    if ids:
        connection.execute(statement("delete_posted"), {"ids": ids})


def posted_waiting(connection: psycopg.Connection, limit: int) -> int:
    """How many wait; `limit` means so many or more."""
    row = connection.execute(statement("posted_waiting"), {"limit": limit}).fetchone()
    return 0 if row is None else int(row[0])
