"""JSON Schema and AsyncAPI of the wire protocol, made from the records. Writes no file."""

from __future__ import annotations

from typing import Any

import msgspec

from contract.codec import MAX_BODY_BYTES
from contract.commands import Command
from contract.fix import MAX_SEQ
from contract.messages import FixMessage, Receipt, Rejection, Status, WireFix
from contract.states import OrderState, VehicleState
from contract.topics import (
    COMMAND,
    FIXES,
    FLEET_STATE,
    ORDER_MILESTONE,
    PROPERTY_FIRST,
    PROPERTY_LAST,
    PROPERTY_SPOOL,
    REJECTED,
    STATUS,
    STORED,
    device_topic,
)

Json = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# By the name of its file: what a message's body must be.
_RECORDS: dict[str, type[msgspec.Struct]] = {
    "fixes": FixMessage,
    "fix": WireFix,
    "stored": Receipt,
    "rejected": Rejection,
    "status": Status,
    "command": Command,
    "vehicle-state": VehicleState,
    "order-state": OrderState,
}
_POSITION = {"anyOf": [{"required": ["lat_e7", "lon_e7"]}, {"required": ["lat", "lon"]}]}


def json_schemas() -> dict[str, Json]:
    """File name without ending -> JSON Schema of that message; `fix` is a lone fix as a plain sender sends it."""
    return {name: _schema(name, record) for name, record in _RECORDS.items()}


def _schema(name: str, record: type[msgspec.Struct]) -> Json:
    made: Json = msgspec.json.schema(record, ref_template="#/$defs/{name}")
    definitions = made.pop("$defs")
    if "WireFix" in definitions:
        definitions["WireFix"].update(_POSITION)
    body = definitions.pop(record.__name__)
    return {
        "$schema": _DIALECT,
        "$id": f"{name}.schema.json",
        **body,
        **({"$defs": definitions} if definitions else {}),
    }


def asyncapi(version: str) -> Json:
    """AsyncAPI 3.0 document of the protocol as a device sees it; `version` is Waybill's."""
    _, components = msgspec.json.schema_components(_RECORDS.values(), ref_template="#/components/schemas/{name}")
    components["WireFix"].update(_POSITION)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Waybill wire protocol, version 1",
            "version": version,
            "description": "What a GPS unit and Waybill's gateway say to each other over MQTT, as the unit sees it. "
            "docs/wire-protocol.md is the text; this file is made from the code.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {channel: _channel(channel, *about) for channel, about in _CHANNELS.items()} | _STATE_CHANNELS,
        "operations": {f"{about[0]}_{channel}": _operation(channel, about[0]) for channel, about in _CHANNELS.items()}
        | {f"receive_{channel}": _operation(channel, "receive") for channel in _STATE_CHANNELS},
        "components": {"schemas": components, "messages": _messages()},
    }


# channel -> (what the device does, name of its message, what it is for)
_CHANNELS: dict[str, tuple[str, str, str]] = {
    FIXES: ("send", "fixes", f"Fixes, packed or alone; at most {MAX_BODY_BYTES} bytes."),
    STATUS: ("send", "status", "What the unit announces about itself; also its last will."),
    STORED: ("receive", "stored", "Receipts: which numbers are committed."),
    REJECTED: ("receive", "rejected", "What was refused and why; at most one a second."),
    COMMAND: ("receive", "command", "Settings to be taken live; best retained."),
}
_RETAINED = frozenset({STATUS, STORED})


_STATE_CHANNELS: Json = {
    "vehicle_state": {
        "address": FLEET_STATE,
        "description": "For readers, not for units: a vehicle as it is known now. Retained; off unless switched on.",
        "parameters": {"vehicle": {"description": "Premises and vehicle", "examples": ["helsinki.van-7"]}},
        "messages": {"vehicle_state": {"$ref": "#/components/messages/vehicle_state"}},
    },
    "order_milestone": {
        "address": ORDER_MILESTONE,
        "description": "For readers: an order's newest milestone. Retained; the last one is told unretained, and then "
        "the topic is empty.",
        "parameters": {"order": {"description": "Premises and order number", "examples": ["helsinki.1001"]}},
        "messages": {"order_milestone": {"$ref": "#/components/messages/order_milestone"}},
    },
}


def _server() -> Json:
    return {
        "host": "{host}:{port}",
        "protocol": "mqtt",
        "protocolVersion": "5.0",
        "description": "MQTT 5; 3.1.1 is enough for senders without numbers. 8883 with TLS.",
        "variables": {
            "host": {"default": "localhost", "description": "the installation's broker"},
            "port": {"default": "1883"},
        },
        "security": [{"type": "userPassword", "description": "user name = client id = device name"}],
    }


def _channel(channel: str, _action: str, message: str, description: str) -> Json:
    return {
        "address": device_topic("{device}", channel),
        "description": description,
        "parameters": {"device": {"description": "Name of the unit: [a-z0-9][a-z0-9-]{0,31}", "examples": ["gps-07"]}},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def _operation(channel: str, action: str) -> Json:
    binding: Json = {"qos": 1, "bindingVersion": "0.2.0"}
    if action == "send":
        binding["retain"] = channel in _RETAINED
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "bindings": {"mqtt": binding}}


def _messages() -> Json:
    def message(title: str, payload: Json, **more: Any) -> Json:
        return {"title": title, "contentType": "application/json", "payload": payload, **more}

    def body(record: type[msgspec.Struct]) -> Json:
        return {"$ref": f"#/components/schemas/{record.__name__}"}

    return {
        "fixes": message("Fixes", {"anyOf": [body(FixMessage), body(WireFix)]}, headers=_user_properties()),
        "status": message("Status", body(Status)),
        "stored": message("Receipt", body(Receipt)),
        "rejected": message("Rejection", body(Rejection)),
        "command": message("Command", body(Command)),
        "vehicle_state": message("State of a vehicle", body(VehicleState)),
        "order_milestone": message("Milestone of an order", body(OrderState)),
    }


def _user_properties() -> Json:
    number = {"type": "string", "pattern": "^[0-9]{1,19}$"}
    return {
        "type": "object",
        "description": "MQTT 5 user properties: the numbers that this message delivers, so that a receipt can confirm "
        f"them even when the body is unreadable. Numbers go from 1 to {MAX_SEQ}.",
        "properties": {
            PROPERTY_SPOOL: {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,31}$"},
            PROPERTY_FIRST: number,
            PROPERTY_LAST: number,
        },
        "dependentRequired": {PROPERTY_SPOOL: [PROPERTY_FIRST, PROPERTY_LAST]},
    }
