"""Settings of one unit that came over the command topic, kept beside its spool. Hears no broker and samples nothing."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path

import msgspec

from contract.commands import Command, UnitSettings, decode_command, given, merged
from contract.messages import Refused
from firmware_bridge.duty import Duty, UnknownZoneError
from firmware_bridge.sampling import SamplingPolicy

log = logging.getLogger(__name__)

# A retained command comes again with every connection, also after a newer one that was not retained: ids that were
# taken are remembered, and more than so many are not under way at once.
MAX_IDS = 32
_POLICY_FIELDS = ("report_interval_s", "heartbeat_s", "turn_deg", "distance_m")


class _Kept(msgspec.Struct, frozen=True):
    """The file's content; `taken` are the ids of commands, the newest last."""

    settings: UnitSettings = UnitSettings()
    taken: list[str] = []


class RemoteSettings:
    """Holds also without a link and after a restart. `base` is what the unit was started with."""

    def __init__(self, spool_path: Path, base: SamplingPolicy) -> None:
        self.path = spool_path.with_name(f"{spool_path.stem}.settings.json")
        self.refused: Refused | None = None
        self._base = base
        self._kept = self._load()
        self._duty = self._duty_of_start()

    @property
    def settings(self) -> UnitSettings:
        return self._kept.settings

    @property
    def applied(self) -> str | None:
        """Id of the command that was taken last."""
        return self._kept.taken[-1] if self._kept.taken else None

    @property
    def policy(self) -> SamplingPolicy:
        return self._policy_with(self._kept.settings)

    def is_off_duty(self, at: datetime) -> bool:
        """Whether no position of that instant may leave the vehicle."""
        return self._duty is None or self._duty.is_off(at)

    def take(self, body: bytes) -> bool:
        """Takes a command whole or not at all, on disk before it counts; whether anything became different."""
        if not body:
            return False  # how a retained command is taken back from the broker
        command = decode_command(body)
        if isinstance(command, Command):
            if command.id in self._kept.taken:
                return False
            command = self._applied(command)
        if isinstance(command, Refused):
            log.warning("command %s refused: %s: %s", command.id, command.field, command.why,
                        extra={"action": "command"})  # fmt: skip
            self.refused = command
        else:
            log.info("command %s taken", command.id, extra={"action": "command"})
            self.refused = None
        return True

    def _applied(self, command: Command) -> Command | Refused:
        settings = merged(self._kept.settings, command.settings)
        policy = self._policy_with(settings)
        if policy.heartbeat_s < policy.report_interval_s:
            why = f"{policy.heartbeat_s:g} s is shorter than report_interval_s, {policy.report_interval_s:g} s"
            return Refused(id=command.id, field="heartbeat_s", why=why)
        try:
            duty = Duty(settings)
        except UnknownZoneError as error:
            return Refused(id=command.id, field="duty_hours", why=str(error)[:200])
        kept = _Kept(settings, [*self._kept.taken, command.id][-MAX_IDS:])
        try:
            _write(self.path, msgspec.json.encode(kept))
        except OSError as error:
            return Refused(id=command.id, why=f"cannot be kept on the unit's disk: {error.strerror}")
        self._kept, self._duty = kept, duty
        return command

    def _policy_with(self, settings: UnitSettings) -> SamplingPolicy:
        named = {name: value for name, value in given(settings).items() if name in _POLICY_FIELDS}
        return msgspec.structs.replace(self._base, **named)

    def _duty_of_start(self) -> Duty | None:
        """None: hours are set but their zone is gone. Then nothing is sent: a private trip once sent stays sent."""
        try:
            return Duty(self._kept.settings)
        except UnknownZoneError:
            log.exception("duty_hours of %s; off duty until a command changes them", self.path,
                          extra={"action": "command"})  # fmt: skip
            return None

    def _load(self) -> _Kept:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return _Kept()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            # With the ids gone, a retained command is taken again with the next connection.
            log.error(  # noqa: TRY400 - the file is wrong, not the program
                "%s: %s; going on with the settings of the start until the next command comes",
                self.path,
                error,
                extra={"action": "command"},
            )
            return _Kept()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also when the power is cut."""
    half_done = path.with_name(f".{path.name}.half-done")
    with half_done.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half_done.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
