"""Requests that were done, by the keys that they carried. Knows no HTTP."""

from __future__ import annotations

from datetime import datetime

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.sql import statement


class Answered(msgspec.Struct, frozen=True):
    """What was answered to a request."""

    request_digest: bytes
    status: int
    body: bytes
    headers: dict[str, str]


def take_key(connection: psycopg.Connection, caller: str, key: str, request_digest: bytes, now: datetime) -> bool:
    """Whether the key is new; then it is the caller's transaction's until that ends."""
    values = {"caller": caller, "key": key, "request_digest": request_digest, "now": now}
    return connection.execute(statement("take_idempotency_key"), values).rowcount == 1


def answer_of(connection: psycopg.Connection, caller: str, key: str) -> Answered | None:
    row = connection.execute(statement("idempotent_answer"), {"caller": caller, "key": key}).fetchone()
    return None if row is None else Answered(*row)


def keep_answer(
    connection: psycopg.Connection, caller: str, key: str, status: int, body: bytes, headers: dict[str, str]
) -> None:
    values = {"caller": caller, "key": key, "status": status, "body": body, "headers": Jsonb(headers)}
    connection.execute(statement("keep_answer"), values)


def forget_keys(connection: psycopg.Connection, before: datetime) -> int:
    """Deletes the keys of requests before then; how many."""
    return connection.execute(statement("forget_idempotency_keys"), {"before": before}).rowcount
