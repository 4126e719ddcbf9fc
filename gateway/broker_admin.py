"""Adds, replaces and removes the broker credentials of devices while the broker runs. Decides nothing about topics."""

import json
import queue
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.broker_roles import (
    NOTHING,
    READERS,
    STATES,
    Acl,
    acls_of,
    acls_of_nothing,
    acls_of_readers,
    acls_of_states,
    certificate_role,
    certificate_user,
)

ADMIN = "admin"
_COMMANDS = "$CONTROL/dynamic-security/v1"
_RESPONSES = f"{_COMMANDS}/response"
# Names that the broker's own users have; a device of that name would get their rights.
_TAKEN_NAMES = frozenset({ADMIN, "gateway", STATES})
_DEVICE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
# The plugin writes its whole store after each command, in the broker's only thread: small packets let other
# clients in between (1,000 credentials in one packet stop the broker for 2 s).
_COMMANDS_PER_PACKET = 25
# Two who manage credentials at once take the one administrator's session from each other; every command may be
# repeated, so the loser tries again.
_ATTEMPTS = 8

_Command = Mapping[str, object]


class BrokerAdminError(Exception):
    """The broker's credentials could not be changed."""


class BrokerUnreachableError(BrokerAdminError):
    """No broker answers at this address."""


class BrokerRefusedError(BrokerAdminError):
    """The broker answers, and refuses."""


class _InterruptedError(Exception):
    """The line broke or somebody else took the administrator's session."""


class BrokerAdmin:
    """A door to the broker's dynamic-security plugin; each call connects, changes, checks the answers and leaves."""

    def __init__(self, host: str, port: int, password: str, *, patience_s: float = 10.0) -> None:
        self._host = host
        self._port = port
        self._password = password
        self._patience_s = patience_s

    def put(self, passwords: Mapping[str, str]) -> None:
        """Gives each device of `passwords` its password, whether the broker knew the device or not."""
        for device in passwords:
            _check_name(device)
        created = self._ask([_create(device, password) for device, password in passwords.items()])
        known = [device for device, error in zip(passwords, created, strict=True) if error == "Client already exists"]
        replaced = self._ask([_replace(device, passwords[device]) for device in known])
        _complain(device for device in _failures(passwords, created) if not device.endswith("Client already exists"))
        _complain(_failures(known, replaced))

    def allow(self, device: str, topics: Iterable[str]) -> None:
        """Lets a device that has a credential write these topics too, and no other but those of broker.acl."""
        _check_name(device)
        acls = [{"acltype": "publishClientSend", "topic": topic, "priority": 0, "allow": True} for topic in topics]
        role = _role(device)
        # From nothing each time: changing a role that is not there is an error, making one that is there as well.
        answers = self._ask(
            [
                {"command": "deleteRole", "rolename": role},
                {"command": "createRole", "rolename": role, "acls": acls},
                {"command": "addClientRole", "username": device, "rolename": role, "priority": 0},
            ]
        )
        _complain(failure for failure in _failures([device] * 3, answers) if not failure.endswith("Role not found"))

    def admit(self, device: str, number: int) -> None:
        """Lets in the device's certificate of this number and no older one; a password of the device ends too."""
        _check_name(device)
        self._make_role(NOTHING, acls_of_nothing())
        self._make_role(certificate_role(device), acls_of(device))
        self._put_user(certificate_user(device, number), certificate_role(device))
        self.shut(device, number - 1)
        self.remove([device])

    def shut(self, device: str, newest: int) -> None:
        """No certificate of the device up to this number is good for anything any more; who uses one is cut off."""
        _check_name(device)
        if newest < 1:
            return
        self._make_role(NOTHING, acls_of_nothing())
        # All of them, not the last alone: a broker restored from a backup may have forgotten that older ones ended.
        for number in range(1, newest + 1):
            self._put_user(certificate_user(device, number), NOTHING)

    def let_publish_states(self, password: str) -> None:
        """Gives the user that publishes states this password, and those topics."""
        self._make_role(STATES, acls_of_states())
        self._put_with_role(STATES, password, STATES)

    def let_read_states(self, reader: str, password: str) -> None:
        """Lets this user read states and milestones; its name must be no device's."""
        _check_name(reader)
        self._make_role(READERS, acls_of_readers())
        self._put_with_role(reader, password, READERS)

    def _put_with_role(self, user: str, password: str, role: str) -> None:
        roles = [{"rolename": role}]
        (error,) = self._ask([{"command": "createClient", "username": user, "password": password, "roles": roles}])
        if error == "Client already exists":
            change = {"command": "modifyClient", "username": user, "password": password, "roles": roles}
            (error,) = self._ask([change])
        _complain([] if error is None else [f"{user}: {error}"])

    def _make_role(self, name: str, acls: list[Acl]) -> None:
        (error,) = self._ask([{"command": "createRole", "rolename": name, "acls": acls}])
        _complain([] if error in (None, "Role already exists") else [f"role {name}: {error}"])

    def _put_user(self, user: str, role: str) -> None:
        """A user with exactly this role. Its password is thrown away unseen: the plain door stays closed to it."""
        roles = [{"rolename": role}]
        made = {"command": "createClient", "username": user, "password": secrets.token_hex(20), "roles": roles}
        (error,) = self._ask([made])
        if error == "Client already exists":
            (error,) = self._ask([{"command": "modifyClient", "username": user, "roles": roles}])
        _complain([] if error is None else [f"{user}: {error}"])

    def remove(self, devices: Iterable[str]) -> None:
        """Takes the devices' credentials away and cuts them off; unknown ones are as wanted already."""
        wanted = list(devices)
        for device in wanted:
            _check_name(device)
        self._ask([{"command": "deleteRole", "rolename": _role(device)} for device in wanted])
        answers = self._ask([{"command": "deleteClient", "username": device} for device in wanted])
        _complain(failure for failure in _failures(wanted, answers) if not failure.endswith("Client not found"))

    def _ask(self, commands: list[_Command]) -> list[str | None]:
        """Sends the commands and gives the error of each, None where it worked."""
        if not commands:
            return []
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with _Session(self._host, self._port, self._password, self._patience_s) as session:
                    return session.ask(commands)
            except _InterruptedError as error:
                if attempt == _ATTEMPTS:
                    place = f"{self._host}:{self._port}"
                    raise BrokerUnreachableError(f"the broker at {place} kept cutting us off: {error}") from error
                # Unequal pauses, so that two losers do not meet again.
                time.sleep(secrets.randbelow(200) / 1000)
        raise AssertionError("unreachable")


class _Session:
    """One connection of the administrator; `with` opens and closes it."""

    def __init__(self, host: str, port: int, password: str, patience_s: float) -> None:
        self._place = f"{host}:{port}"
        self._host = host
        self._port = port
        self._patience_s = patience_s
        self._happened: queue.Queue[bytes | ReasonCode | None] = queue.Queue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, ADMIN, protocol=mqtt.MQTTv5, reconnect_on_failure=False)
        self._client.username_pw_set(ADMIN, password)
        self._client.on_connect = lambda _client, _data, _flags, reason, _properties: self._happened.put(reason)
        self._client.on_subscribe = lambda _client, _data, _mid, reasons, _properties: self._happened.put(reasons[0])
        self._client.on_message = lambda _client, _data, message: self._happened.put(bytes(message.payload))
        self._client.on_disconnect = lambda _client, _data, _flags, _reason, _properties: self._happened.put(None)

    def __enter__(self) -> "_Session":
        try:
            self._client.connect(self._host, self._port, clean_start=True, properties=_no_session())
        except OSError as error:
            self._close()
            raise BrokerUnreachableError(f"no broker at {self._place}: {error}") from error
        self._client.loop_start()
        try:
            self._expect_success("the administrator's name and password (WAYBILL_BROKER_ADMIN_PASSWORD)")
            self._client.subscribe(_RESPONSES, qos=1)
            self._expect_success("the administrator reading answers; is the dynamic-security plugin loaded?")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_why: object) -> None:
        self._close()

    def ask(self, commands: list[_Command]) -> list[str | None]:
        errors: list[str | None] = []
        for first in range(0, len(commands), _COMMANDS_PER_PACKET):
            errors += self._ask_at_once(commands[first : first + _COMMANDS_PER_PACKET])
        return errors

    def _ask_at_once(self, commands: list[_Command]) -> list[str | None]:
        mark = secrets.token_hex(8)
        body = [{**command, "correlationData": f"{mark}.{number}"} for number, command in enumerate(commands)]
        self._client.publish(_COMMANDS, json.dumps({"commands": body}), qos=1)
        while True:
            answer = self._next()
            if not isinstance(answer, bytes):
                continue
            # Everybody who asks hears everybody's answers; ours carry our mark.
            errors = {str(one.get("correlationData")): one.get("error") for one in json.loads(answer)["responses"]}
            if f"{mark}.0" in errors:
                return [errors[f"{mark}.{number}"] for number in range(len(commands))]

    def _expect_success(self, what: str) -> None:
        answer = self._next()
        if isinstance(answer, ReasonCode) and answer.is_failure:
            raise BrokerRefusedError(f"the broker at {self._place} refuses {what}: {answer}")

    def _next(self) -> bytes | ReasonCode:
        try:
            happened = self._happened.get(timeout=self._patience_s)
        except queue.Empty:
            raise BrokerUnreachableError(
                f"the broker at {self._place} gave no answer in {self._patience_s:g} s"
            ) from None
        if happened is None:
            raise _InterruptedError(f"connection to {self._place} lost")
        return happened

    def _close(self) -> None:
        with suppress(OSError, ValueError):
            self._client.disconnect()
        self._client.loop_stop()
        # Without the way back to us the client goes at once, and closes its own sockets: paho leaves that to __del__.
        self._client.on_connect = self._client.on_disconnect = None
        self._client.on_message = self._client.on_subscribe = None


def _role(device: str) -> str:
    """The role with what this device may write besides its own topics."""
    return f"sender-{device}"


def _create(device: str, password: str) -> _Command:
    return {"command": "createClient", "username": device, "password": password}


def _replace(device: str, password: str) -> _Command:
    return {"command": "setClientPassword", "username": device, "password": password}


def _check_name(device: str) -> None:
    if device in _TAKEN_NAMES:
        raise BrokerAdminError(f"device name {device!r} is a user of the broker itself; choose another")
    if not _DEVICE.fullmatch(device):
        raise BrokerAdminError(f"device name {device!r} is not 1 to 32 of a-z, 0-9, '-' with no '-' in front")


def _failures(devices: Iterable[str], errors: Iterable[str | None]) -> list[str]:
    return [f"{device}: {error}" for device, error in zip(devices, errors, strict=True) if error is not None]


def _complain(failures: Iterable[str]) -> None:
    if listed := list(failures):
        raise BrokerRefusedError("the broker refused " + "; ".join(listed[:5]) + (" …" if len(listed) > 5 else ""))


def _no_session() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types here
    properties.SessionExpiryInterval = 0
    return properties
