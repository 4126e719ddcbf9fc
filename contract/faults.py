"""What is wrong with bytes that msgspec refused: field, value and reason in words. Makes no record of it."""

from __future__ import annotations

import re

import msgspec

from contract.reasons import RejectReason

_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_SHOWN = 100  # characters of a wrong value that are worth repeating; all of it stays in the message's bytes


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that is wrong with a message or one entry of it."""

    reason: RejectReason
    detail: str
    field: str | None = None
    value: str | None = None
    seq: int | None = None


def find_fault(raw: bytes, error: Exception) -> Fault:
    """The fault that `error` stumbled over in `raw`."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return Fault(reason=RejectReason.UNREADABLE, detail=printable(text))
    found = _PATH.search(text)
    path = found["path"].lstrip(".") if found else ""
    if not path and "missing required field" not in text:
        return Fault(reason=RejectReason.UNREADABLE, detail=printable(text))
    if not path:
        path = text.rpartition("`")[0].rpartition("`")[2]
    detail, value = printable(_PATH.sub("", text)), _value_at(raw, path)
    return Fault(reason=RejectReason.INVALID_FIELD, detail=detail, field=path, value=value, seq=_number(raw, "seq"))


def printable(text: str) -> str:
    """`text` as a database column and a log line can hold it: PostgreSQL's text has no NUL, a log no line breaks."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def _value_at(raw: bytes, path: str) -> str | None:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None else printable(str(value)[:_SHOWN])


def _number(raw: bytes, name: str) -> int | None:
    text = _value_at(raw, name)
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    return int(text) or None  # a receipt that holds a number 0 is one that no device can read
