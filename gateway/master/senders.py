"""Registers how foreign senders name themselves and hands out the tokens of those that come by HTTP. Opens no door."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime

import psycopg

from contract.foreign import FLESPI, OSMAND, OWNTRACKS, Sender, by_broker
from gateway.master.errors import MasterDataError
from storage import senders as rows
from storage.audit import Actor, AuditEvent, record
from storage.master import Device

_PART = r"[^/+#\x00-\x1f\x7f]{1,45}"
_FORMS = {
    OWNTRACKS: (re.compile(f"{_PART}/{_PART}"), "USER/DEVICE, as in the app's topic owntracks/USER/DEVICE"),
    OSMAND: (re.compile(r"[A-Za-z0-9._-]{1,64}"), "1 to 64 letters, digits, dots and hyphens, as in the app"),
    FLESPI: (re.compile(r"[0-9]{1,18}"), "the device's number at flespi"),
}
_PHONES = frozenset({OWNTRACKS, OSMAND})  # apps: what they report is never a vehicle's dedicated unit


def kind_of(senders: list[Sender], said: str | None) -> str:
    """The kind of a device with these senders, when `said` is what was said of it."""
    apps = [sender for sender in senders if sender.protocol in _PHONES]
    if apps and said == "dedicated":
        raise MasterDataError(f"{apps[0].label} is an app: its device is of the kind phone, never a dedicated unit")
    return said or ("phone" if apps else "dedicated")


def add_sender(
    connection: psycopg.Connection, device: Device, sender: Sender, *, actor: Actor, at: datetime
) -> str | None:
    """From now on what this sender reports is the device's; the token it must show when it comes by HTTP."""
    form, allowed = _FORMS[sender.protocol]
    if not form.fullmatch(sender.address):
        raise MasterDataError(f"{sender.protocol} address {sender.address!r} must be {allowed}")
    token = None if by_broker(sender) else _new_token()
    try:
        with connection.transaction():
            rows.put_foreign_sender(
                connection, sender.protocol, sender.address, device.id,
                token_hash=None if token is None else hash_token(token), created_at=at,
            )  # fmt: skip
    except psycopg.errors.UniqueViolation:
        raise MasterDataError(f"{sender.label} is registered as another device already: waybill device list") from None
    rows.forget_unknown(connection, sender.protocol, sender.address)
    record(connection, [_event("device.sender_added", device.name, sender, actor, at)])
    return token


def change_token(
    connection: psycopg.Connection, device: Device, *, actor: Actor, at: datetime
) -> tuple[str, str] | None:
    """(id, new token) of the device's sender by HTTP; the old token ends. None when it has no such sender."""
    token = _new_token()
    address = rows.change_token(connection, device.name, OSMAND, hash_token(token))
    if address is None:
        return None
    record(connection, [_event("device.token_issued", device.name, Sender(OSMAND, address), actor, at)])
    return address, token


def hash_token(token: str) -> bytes:
    """What a token is kept as: 192 random bits need no slow hash."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _new_token() -> str:
    return secrets.token_urlsafe(24)


def _event(action: str, name: str, sender: Sender, actor: Actor, at: datetime) -> AuditEvent:
    return AuditEvent(
        at=at, actor=actor, action=action, object_kind="device", object_id=name, after={"sender": sender.label}
    )
