"""Roles of the broker's dynamic-security plugin for devices with certificates. Speaks no MQTT.

The broker takes the name in a certificate as user name and asks the plugin for no password. So each certificate has a
user of its own, DEVICE.NUMBER, with a role that holds the device's topics: taking the role away is what ends a
certificate, at once and without a revocation list that the broker would have to be told of.
"""

from __future__ import annotations

from contract.topics import COMMAND, FIXES, REJECTED, STATE_FILTERS, STATUS, STORED, device_topic

NOTHING = "nothing"
STATES = "states"  # the user that publishes states; its role has the same name
READERS = "state-readers"
Acl = dict[str, object]


def certificate_user(device: str, number: int) -> str:
    """The broker user of a certificate, and the name in it. No device name has a dot."""
    return f"{device}.{number}"


def certificate_role(device: str) -> str:
    """The role of the one certificate that counts."""
    return f"certificate-{device}"


def acls_of_nothing(priority: int = 0) -> list[Acl]:
    """Of certificates that have ended: a refusal of the plugin is final, without one it would ask broker.acl."""
    kinds = ("publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern")
    return [{"acltype": kind, "topic": "#", "priority": priority, "allow": False} for kind in kinds]


def acls_of(device: str) -> list[Acl]:
    """What broker.acl gives to a device with a password, and nothing else."""
    written = [device_topic(device, channel) for channel in (FIXES, STATUS)]
    read = [device_topic(device, channel) for channel in (STORED, REJECTED, COMMAND)]
    rights = [("publishClientSend", topic) for topic in written]
    rights += [(kind, topic) for topic in read for kind in ("subscribeLiteral", "publishClientReceive")]
    rights += [("unsubscribeLiteral", topic) for topic in read]
    allowed: list[Acl] = [{"acltype": kind, "topic": topic, "priority": 0, "allow": True} for kind, topic in rights]
    # Below them, so that broker.acl, whose %u would be the certificate's user, is asked nothing.
    return allowed + acls_of_nothing(priority=-1)


def acls_of_states() -> list[Acl]:
    """Of the user that publishes states: these topics and nothing else."""
    allowed: list[Acl] = [
        {"acltype": "publishClientSend", "topic": topic, "priority": 0, "allow": True} for topic in STATE_FILTERS
    ]
    return allowed + acls_of_nothing(priority=-1)


def acls_of_readers() -> list[Acl]:
    """Of people and programs that look on: states and milestones, and nothing of devices."""
    kinds = ("subscribePattern", "publishClientReceive", "unsubscribePattern")
    allowed: list[Acl] = [
        {"acltype": kind, "topic": topic, "priority": 0, "allow": True} for topic in STATE_FILTERS for kind in kinds
    ]
    return allowed + acls_of_nothing(priority=-1)
