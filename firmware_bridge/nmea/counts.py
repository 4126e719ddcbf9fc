"""Why bytes and sentences became no position, counted by reason. Reports to nobody."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum


class Dropped(StrEnum):
    """A closed list: what the decoder left out and why. Values are what `waybill decode` prints."""

    NOISE_BYTES = "noise_bytes"  # bytes outside any sentence: binary protocols, TAG blocks, comments
    OVER_LONG = "over_long"  # no line end within the bound
    GARBLED = "garbled"  # control or non-ASCII bytes inside, or text after the checksum
    NO_CHECKSUM = "no_checksum"
    BAD_CHECKSUM = "bad_checksum"
    AIS = "ais"  # other ships' positions on the same wire
    OTHER_TYPE = "other_type"  # sentences that say nothing about our position
    UNPARSED = "unparsed"  # pynmea2 cannot read it although the checksum is right
    BAD_FIELD = "bad_field"  # right checksum, impossible content: bit errors that cancel out
    BAD_DATE = "bad_date"  # 31 February, 2208-1, leap second 60
    VOID = "void"  # the receiver itself says that it has no fix
    EMPTY = "empty"  # a sentence of a known kind without any content yet
    NULL_ISLAND = "null_island"  # exactly 0, 0: a receiver without position
    NO_DATE = "no_date"  # a position whose day nobody has told yet
    TOO_OLD = "too_old"  # before the bound the caller set: a GPS week roll-over
    LATE = "late"  # belongs to an epoch that was already handed out


MEANINGS: dict[Dropped, str] = {
    Dropped.NOISE_BYTES: "bytes outside any sentence: binary protocols, TAG blocks, comments (counted in bytes)",
    Dropped.OVER_LONG: "no line end within 1024 bytes",
    Dropped.GARBLED: "control or non-ASCII bytes inside a sentence, or text after its checksum",
    Dropped.NO_CHECKSUM: "a sentence without a checksum",
    Dropped.BAD_CHECKSUM: "a sentence whose checksum is wrong",
    Dropped.AIS: "other ships' positions",
    Dropped.OTHER_TYPE: "sentences that say nothing about our position",
    Dropped.UNPARSED: "right checksum, but no sentence of its kind",
    Dropped.BAD_FIELD: "right checksum, but a value that no receiver can mean",
    Dropped.BAD_DATE: "a date or time that does not exist",
    Dropped.VOID: "the receiver says that it has no fix",
    Dropped.EMPTY: "a sentence without content yet",
    Dropped.NULL_ISLAND: "exactly 0, 0: a receiver without position",
    Dropped.NO_DATE: "a position whose day nobody has told; --date gives the first one's",
    Dropped.TOO_OLD: "before the earliest day allowed: a GPS week roll-over",
    Dropped.LATE: "sentences of an epoch that was complete already",
}

Counts = Counter[str]
