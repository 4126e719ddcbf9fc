"""Records of what lies in a spool: places, packs, gaps. Touches no disk."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from contract.fix import Fix


class Place(NamedTuple):
    """A place in the order of sending: the spool's number within the file, then the fix's number."""

    no: int
    seq: int


START = Place(0, 0)
END = Place(2**62, 0)


class Pack(NamedTuple):
    """Fixes of one spool in order, without what was dropped or confirmed in between."""

    no: int
    fixes: list[Fix]

    @property
    def end(self) -> Place:
        return Place(self.no, self.fixes[-1].seq)


class Held(msgspec.Struct, frozen=True):
    """What waits for receipts: how many fixes, and the fix times of the first and the last number given."""

    count: int
    oldest_at: datetime | None
    newest_at: datetime | None


class Gap(msgspec.Struct, frozen=True):
    """A closed range of numbers that had to be given up unsent, and why: the spool was full, or they were too old."""

    first: int
    last: int
    cause: Literal["size", "age"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What the bridge adds to a position on its way to a Fix."""

    device: str
    replayed: bool = False
