"""MQTT topics of the wire protocol, version 1. Knows no client library."""

from __future__ import annotations

from functools import lru_cache

from contract.fix import DEVICE_NAME

ROOT = "waybill/v1"
FIXES = "fixes"  # device -> gateway: fixes
STATUS = "status"  # device -> gateway, retained: what the unit announces about itself
STORED = "stored"  # gateway -> device, retained: receipts
REJECTED = "rejected"  # gateway -> device: what was refused and why
COMMAND = "command"  # gateway -> device

# MQTT 5 user properties on every message of fixes, so that an unreadable body can be confirmed too.
PROPERTY_SPOOL = "spool"
PROPERTY_FIRST = "first"
PROPERTY_LAST = "last"


def device_topic(device: str, channel: str) -> str:
    """The topic of one device and channel, for example waybill/v1/gps-07/fixes."""
    return f"{ROOT}/{device}/{channel}"


def channel_filter(channel: str) -> str:
    """The subscription filter for one channel of every device."""
    return f"{ROOT}/+/{channel}"


@lru_cache(maxsize=16_384)  # a device sends on the same topic for ever
def parse_topic(topic: str) -> tuple[str, str] | None:
    """(device, channel) of a topic of this protocol, or None when it is none."""
    parts = topic.split("/")
    if len(parts) != 4 or parts[0] != "waybill" or parts[1] != "v1":
        return None
    device, channel = parts[2], parts[3]
    return (device, channel) if DEVICE_NAME.fullmatch(device) else None
