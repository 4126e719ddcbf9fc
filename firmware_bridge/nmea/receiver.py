"""What a receiver says about itself beside its position. Judges nothing."""

from __future__ import annotations

import re

import msgspec

# u-blox: "ANTSTATUS=OK"; Quectel and MediaTek: "ANTENNA OPEN". Their INIT and DONTKNOW mean that they do not know.
_ANTENNA = re.compile(r"ANT(?:STATUS=|ENNA[ =])(OK|SHORT|OPEN)")


class ReceiverState(msgspec.Struct, frozen=True):
    """As of one epoch, with or without a fix. None = the receiver did not say."""

    fix: bool
    satellites: int | None
    hdop: float | None


def antenna_of(sentence: str) -> str | None:
    """ok, short or open of a TXT sentence (text between `$` and `*`); None when it tells nothing of an antenna."""
    found = _ANTENNA.search(sentence) if sentence[2:6] == "TXT," else None
    return None if found is None else found[1].lower()
