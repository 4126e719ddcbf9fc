"""What a foreign message means in the words of our own wire, before its limits are checked. Reads no bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from contract.faults import Fault, find_fault, printable
from contract.messages import WireFix
from contract.reasons import RejectReason

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_S = 253_402_300_799  # 9999-12-31T23:59:59Z
KMH_PER_MPS = 3.6
_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?")


class Translation(msgspec.Struct):
    """Entries and faults with the bytes they came from; `fields` gives the sender's own names for ours."""

    entries: list[tuple[WireFix, bytes]] = []
    faults: list[tuple[Fault, bytes]] = []
    fields: Mapping[str, str] = {}
    ignored: int = 0
    why_ignored: str | None = None


def ignore(why: str) -> Translation:
    """A message that is in order and holds no fix."""
    return Translation(ignored=1, why_ignored=why)


def refuse(
    raw: bytes, reason: RejectReason, detail: str, field: str | None = None, value: object = None
) -> Translation:
    """A message that is kept as one reject."""
    shown = None if value is None else printable(str(value)[:100])
    return Translation(faults=[(Fault(reason=reason, detail=detail, field=field, value=shown), raw)])


def explain(raw: bytes, error: Exception) -> Translation:
    """A message that msgspec stumbled over."""
    return Translation(faults=[(find_fault(raw, error), raw)])


def epoch(seconds: float) -> datetime | None:
    """The instant so many seconds after 1970; None when it is none, as with milliseconds in their place."""
    return _EPOCH + timedelta(milliseconds=round(seconds * 1000)) if 0 <= seconds <= _LAST_S else None


def known(value: float | None) -> float | None:
    """A measure, or None where the sender says "unknown" by a negative one, as phones do."""
    return None if value is None or value < 0 else value


def decimal(text: str) -> float | None:
    """The number that `text` is; None for what float() takes besides: nan, inf, 1_0, digits of other scripts."""
    return float(text) if _DECIMAL.fullmatch(text) else None
