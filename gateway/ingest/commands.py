"""Which devices' commands have to be published now, again after a restart. Publishes and stores none itself."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from contract.topics import COMMAND, device_topic
from gateway.master.commands import command_body
from storage.device_commands import DeviceCommand


class Commands:
    """What was published since the start. All of it once more after each start: a broker may have lost its state,
    and a device takes an id once.
    """

    def __init__(self) -> None:
        self._published: dict[str, UUID] = {}

    def due(self, newest: list[DeviceCommand]) -> Iterator[tuple[str, bytes]]:
        """(topic, body) of each command that was not published yet."""
        for command in newest:
            if self._published.get(command.device_name) != command.id:
                self._published[command.device_name] = command.id
                yield device_topic(command.device_name, COMMAND), command_body(str(command.id), command.settings)
