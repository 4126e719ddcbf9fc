"""Commands to a unit: settings to be taken live, and what is wrong with those that cannot be. Applies none of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from contract.messages import CommandId, Refused

# Nothing that a unit can be told is longer; a megabyte must not be parsed on a small computer.
MAX_COMMAND_BYTES = 8192

_Interval = Annotated[float, Meta(ge=0.1, le=3600, description="at most so often while moving, in seconds")]
_Heartbeat = Annotated[float, Meta(ge=5, le=3600, description="at least so often while standing, in seconds")]
_Turn = Annotated[float, Meta(ge=1, le=180, description="so much change of course is reported as well")]
_Distance = Annotated[float, Meta(ge=10, le=10_000, description="so many metres are reported as well")]


_Time = Annotated[str, Meta(pattern="^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_Periods = Annotated[list[tuple[_Time, _Time]], Meta(max_length=8)]


class DutyHours(msgspec.Struct, frozen=True, kw_only=True):
    """When the vehicle is on duty; at any other time no position leaves it. A day not named is off."""

    time_zone: Annotated[str, Meta(min_length=1, max_length=64, description="such as Europe/Helsinki")]
    week: Annotated[dict[Day, _Periods], Meta(description="from and to; a `to` not after its `from` is the next day's")]


class UnitSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What can be set from afar. Left out: stays as it is. null: as the unit was started."""

    report_interval_s: _Interval | UnsetType | None = UNSET
    heartbeat_s: _Heartbeat | UnsetType | None = UNSET
    turn_deg: _Turn | UnsetType | None = UNSET
    distance_m: _Distance | UnsetType | None = UNSET
    off_duty: bool | UnsetType | None = UNSET
    duty_hours: DutyHours | UnsetType | None = UNSET


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Body of waybill/v1/<device>/command. The unit takes each id once, whether retained or sent again."""

    id: CommandId
    settings: UnitSettings


class _Envelope(msgspec.Struct):
    id: CommandId
    settings: dict[str, msgspec.Raw]


_envelope = msgspec.json.Decoder(_Envelope)
_FIELDS: dict[str, Any] = {field.name: field.type for field in msgspec.structs.fields(UnitSettings)}
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_command(body: bytes) -> Command | Refused:
    """The command in a body, or why it is none: the first wrong field is named, and nothing of it counts."""
    if len(body) > MAX_COMMAND_BYTES:
        return Refused(why=f"{len(body)} bytes; a command has at most {MAX_COMMAND_BYTES}")
    try:
        envelope = _envelope.decode(body)
    except _UNREADABLE as error:
        return Refused(why=_line(f"no command: {error}"))
    values: dict[str, Any] = {}
    for name, raw in envelope.settings.items():
        if name not in _FIELDS:
            why = f"no such setting; there are {', '.join(_FIELDS)}"
            return Refused(id=envelope.id, field=_line(name), why=_line(why))
        try:
            values[name] = msgspec.json.decode(raw, type=_FIELDS[name])
        except _UNREADABLE as error:
            return Refused(id=envelope.id, field=name, why=_line(str(error)))
    return Command(id=envelope.id, settings=UnitSettings(**values))


def merged(before: UnitSettings, after: UnitSettings) -> UnitSettings:
    """What holds after both: the later value of each; null takes a setting away."""
    said = {**given(before), **given(after)}
    return UnitSettings(**{name: value for name, value in said.items() if value is not None})


def given(settings: UnitSettings) -> dict[str, Any]:
    """The settings that were named, null included."""
    values = {name: getattr(settings, name) for name in UnitSettings.__struct_fields__}
    return {name: value for name, value in values.items() if value is not UNSET}


def _line(text: str) -> str:
    """As the status takes it: one line of at most 200 characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200]
