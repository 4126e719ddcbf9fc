"""Receipts as they were made when goods changed hands, as rows. Words none."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from storage.sql import statement


class KeptReceipt(msgspec.Struct, frozen=True):
    attempt_no: int
    body: bytes
    sha256: str
    signature_png: bytes | None

    @property
    def is_whole(self) -> bool:
        """Whether it still is what was kept."""
        return hashlib.sha256(self.body).hexdigest() == self.sha256


def put_receipt(
    connection: psycopg.Connection, *, handoff_id: UUID, premises_id: UUID, order_id: UUID, body: bytes, at: datetime
) -> None:
    values = {
        "handoff_id": handoff_id, "premises_id": premises_id, "order_id": order_id, "body": body,
        "sha256": hashlib.sha256(body).hexdigest(), "at": at, "recorded_at": true_now(),
    }  # fmt: skip
    connection.execute(statement("put_receipt"), values)


def receipts_of_order(connection: psycopg.Connection, premises_id: UUID, order_id: UUID) -> list[KeptReceipt]:
    """The newest first: an order that was handed over twice, out of reach, has two."""
    values = {"premises_id": premises_id, "order_id": order_id}
    return [KeptReceipt(*row) for row in connection.execute(statement("receipts_of_order"), values)]
