"""Tells a device its settings, checked and with an audit event. Publishes nothing: the running gateway does."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import psycopg

from contract.commands import decode_command
from contract.messages import Refused
from gateway.master.errors import MasterDataError
from storage.audit import Actor, AuditEvent, record
from storage.device_commands import (
    DeviceCommand,
    lock_device,
    newest_device_commands,
    put_device_command,
)
from storage.master import Device


def command_body(command_id: str, settings: dict[str, Any]) -> bytes:
    """A command as it goes over the wire; null, which means "as you were started", stays in it."""
    return json.dumps({"id": command_id, "settings": settings}, ensure_ascii=False, separators=(",", ":")).encode()


def send_settings(
    connection: psycopg.Connection, device: Device, settings: dict[str, Any], *, actor: Actor, at: datetime
) -> DeviceCommand:
    """Adds `settings` to what the device was told before; it takes all of them with its next connection."""
    lock_device(connection, device.id)
    before = next((one.settings for one in newest_device_commands(connection, device.id)), {})
    after = {**before, **settings}
    refused = decode_command(command_body("checked-only", after))
    if isinstance(refused, Refused):
        raise MasterDataError(f"{refused.field or 'settings'}: {refused.why}")
    command_id = put_device_command(connection, device.id, after, at)
    event = AuditEvent(
        at=at, actor=actor, action="device.settings_sent", object_kind="device", object_id=device.name,
        before=before, after=after,
    )  # fmt: skip
    record(connection, [event])
    return DeviceCommand(command_id, device.name, after, at)
