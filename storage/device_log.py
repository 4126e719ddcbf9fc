"""What devices said about themselves when it changed, as rows, in the caller's transaction. Compares nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.sql import statement

MOST_OF_A_DEVICE = 20_000  # about three a minute for five days: only a unit that flaps gets there


class DeviceEntry(msgspec.Struct, frozen=True):
    """One change; `at` by the device's clock where it says so, else received_at."""

    device_id: int
    at: datetime
    received_at: datetime
    kind: str
    facts: dict[str, Any]


class Speaker(msgspec.Struct, frozen=True):
    """A device by its name, the vehicle that it is fitted in now, and where it was seen last."""

    device: str
    premises_id: UUID | None
    vehicle_id: UUID | None
    lat_e7: int | None
    lon_e7: int | None


def words_of_devices(connection: psycopg.Connection, device_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What each device said of itself last."""
    return dict(connection.execute(statement("words_of_devices"), {"device_ids": list(device_ids)}).fetchall())


def put_device_log(connection: psycopg.Connection, entries: list[DeviceEntry]) -> None:
    rows = [{**msgspec.structs.asdict(entry), "facts": Jsonb(entry.facts)} for entry in entries]
    with connection.cursor() as cursor:
        cursor.executemany(statement("put_device_log"), rows)


def device_log(connection: psycopg.Connection, device_id: int, from_at: datetime, to_at: datetime) -> list[DeviceEntry]:
    """What the device said from-to."""
    values = {"device_id": device_id, "from_at": from_at, "to_at": to_at}
    return [DeviceEntry(*row) for row in connection.execute(statement("device_log"), values)]


def spool_that_spoke(connection: psycopg.Connection, device_id: int, spool: str, since: datetime) -> Speaker | None:
    """The device, when its log says that it named this spool since then; None when the spool is new to it."""
    values = {"device_id": device_id, "spool": spool, "since": since}
    row = connection.execute(statement("spool_that_spoke"), values).fetchone()
    return None if row is None else Speaker(*row)


def given_up_numbers(connection: psycopg.Connection, device_id: int, spool: str) -> tuple[tuple[int, int], ...]:
    """Closed ranges of numbers that the device said its spool had to give up."""
    rows = connection.execute(statement("given_up_numbers"), {"device_id": device_id, "spool": spool})
    return tuple(sorted({(first, last) for (ranges,) in rows for first, last in ranges}))


def trim_device_log(connection: psycopg.Connection, before: datetime) -> int:
    """Deletes what is older than `before`, and of each device all but its newest entries; how many."""
    return connection.execute(statement("trim_device_log"), {"before": before, "most": MOST_OF_A_DEVICE}).rowcount
