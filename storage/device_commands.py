"""What devices were told to do, as rows, and what they say of it. Sends nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from storage.ids import new_id
from storage.sql import statement


class DeviceCommand(msgspec.Struct, frozen=True):
    """The settings that a device is to have; null in them: as it was started. The rest is its own word, if any."""

    id: UUID
    device_name: str
    settings: dict[str, Any]
    created_at: datetime
    applied_id: str | None = None
    refused_id: str | None = None
    refused_field: str | None = None
    refused_why: str | None = None


def put_device_command(
    connection: psycopg.Connection, device_id: int, settings: dict[str, Any], created_at: datetime
) -> UUID:
    """The id of the new command."""
    command_id = new_id(created_at)
    values = {"id": command_id, "device_id": device_id, "settings": Jsonb(settings), "created_at": created_at}
    connection.execute(statement("put_device_command"), values)
    return command_id


def newest_device_commands(connection: psycopg.Connection, device_id: int | None = None) -> list[DeviceCommand]:
    """The command that counts of each device that has one; of one device when it is named."""
    rows = connection.execute(statement("newest_device_commands"), {"device_id": device_id})
    return [DeviceCommand(*row) for row in rows]


def lock_device(connection: psycopg.Connection, device_id: int) -> None:
    """Nobody else commands this device until the transaction ends."""
    connection.execute(statement("lock_device"), {"device_id": device_id})
