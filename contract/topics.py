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

# Retained, for readers: no device's, so no name of a device stands in them.
FLEET_STATE = f"{ROOT}/fleet/{{vehicle}}/state"
ORDER_MILESTONE = f"{ROOT}/orders/{{order}}/milestone"
STATE_FILTERS = (FLEET_STATE.format(vehicle="+"), ORDER_MILESTONE.format(order="+"))

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


def fleet_topic(premises: str, vehicle: str) -> str:
    """Of one vehicle; several premises may have a vehicle of the same name, and no code has a dot."""
    return FLEET_STATE.format(vehicle=f"{premises}.{vehicle}")


def milestone_topic(premises: str, order_no: str) -> str:
    """Of one order."""
    return ORDER_MILESTONE.format(order=f"{premises}.{order_no}")


def parse_milestone_topic(topic: str) -> tuple[str, str] | None:
    """(premises, order number) of a topic of an order, or None when it is none."""
    before, after = ORDER_MILESTONE.split("{order}")
    if not topic.startswith(before) or not topic.endswith(after):
        return None
    code, dot, number = topic.removeprefix(before).removesuffix(after).partition(".")
    return (code, number) if dot else None


@lru_cache(maxsize=16_384)  # a device sends on the same topic for ever
def parse_topic(topic: str) -> tuple[str, str] | None:
    """(device, channel) of a topic of this protocol, or None when it is none."""
    parts = topic.split("/")
    if len(parts) != 4 or parts[0] != "waybill" or parts[1] != "v1":
        return None
    device, channel = parts[2], parts[3]
    return (device, channel) if DEVICE_NAME.fullmatch(device) else None
