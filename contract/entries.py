"""Cuts a message of fixes into its entries, each with the bytes it came in. Reads none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from contract.messages import MAX_BOOT


class Envelope(msgspec.Struct):
    """What stands around the entries."""

    fixes: list[msgspec.Raw]
    v: int = 1
    spool: str | None = None
    device: Any = None
    boot: Annotated[int, Meta(ge=0, le=MAX_BOOT)] | None = None


_decoder = msgspec.json.Decoder(Envelope)


def read_envelope(body: bytes) -> Envelope:
    """The envelope of `body`; raises as msgspec does when it is none."""
    return _decoder.decode(body)


class Entries:
    """A message's bytes, and those of each of its entries; cut up only when one is to be kept."""

    def __init__(self, body: bytes, entries: Sequence[bytes | msgspec.Raw] | None = None) -> None:
        self.body = body
        self._entries = entries

    def entry(self, place: int) -> bytes:
        if self._entries is None:
            self._entries = read_envelope(self.body).fixes
        return bytes(self._entries[place])
