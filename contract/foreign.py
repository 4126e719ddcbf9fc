"""Messages of foreign senders (OwnTracks, OsmAnd, flespi) -> fixes and rejects. Knows no device: an address only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from contract import flespi, osmand, owntracks
from contract.codec import MAX_BODY_BYTES, Reject, decode_fixes
from contract.fix import Fix
from contract.reasons import RejectReason
from contract.translation import Translation

OWN = "waybill"  # those that speak our own wire
OWNTRACKS = "owntracks"
OSMAND = "osmand"
FLESPI = "flespi"
_FLESPI_DEVICES = ["message", "gw", "devices"]  # between the protocol's name and the device's number
# What the gateway subscribes to. OsmAnd has no topic of its own at the broker: its reports come by HTTP.
FOREIGN_FILTERS = (f"{OWNTRACKS}/+/+", f"{FLESPI}/{'/'.join(_FLESPI_DEVICES)}/+")


class Sender(msgspec.Struct, frozen=True, order=True):
    """How a foreign sender names itself: USER/DEVICE with OwnTracks, the id with OsmAnd, the number with flespi."""

    protocol: str
    address: str

    @property
    def label(self) -> str:
        """What stands for it where no device is registered; never a device's name, for it has a stroke."""
        return f"{self.protocol}/{self.address}"

    @property
    def topic(self) -> str:
        if self.protocol == FLESPI:
            return "/".join([FLESPI, *_FLESPI_DEVICES, self.address])
        return self.label


def by_broker(sender: Sender) -> bool:
    """Whether it reports to the broker, with a password there; else by HTTP, with a token."""
    return sender.protocol != OSMAND


class ForeignMessage(msgspec.Struct, frozen=True):
    """What a message held: fixes numbered by a hash of their content, rejects, and how much of it meant no fix."""

    fixes: list[Fix]
    rejects: list[Reject]
    ignored: int = 0
    why_ignored: str | None = None


_TRANSLATORS: dict[str, Callable[[str, bytes, datetime], Translation]] = {
    OWNTRACKS: owntracks.translate,
    OSMAND: osmand.translate,
    FLESPI: flespi.translate,
}
PROTOCOLS = tuple(_TRANSLATORS)


def parse_foreign_topic(topic: str) -> Sender | None:
    """The foreign sender that a topic names, or None when it names none."""
    protocol, *path = topic.split("/")
    if protocol == OWNTRACKS and len(path) == 2 and all(path):
        return Sender(OWNTRACKS, "/".join(path))
    if protocol == OSMAND and len(path) == 1 and path[0]:
        return Sender(OSMAND, path[0])
    if protocol == FLESPI and len(path) == 4 and path[:3] == _FLESPI_DEVICES and path[3]:
        return Sender(FLESPI, path[3])
    return None


def decode_foreign(sender: Sender, device: str, body: bytes, now: datetime) -> ForeignMessage:
    """Fixes and rejects of one message, as those of `device`. Never raises on bad input.

    `now` bounds the times as it does for our own senders, and is the time of an OsmAnd report that tells none. Every
    fix goes through the codec of our own wire, so that no other rules apply to it.
    """
    if len(body) > MAX_BODY_BYTES:
        detail = f"{len(body)} bytes; a message has at most {MAX_BODY_BYTES}"
        reject = Reject(device=device, reason=RejectReason.TOO_LARGE, detail=detail, raw=body[:MAX_BODY_BYTES])
        return ForeignMessage([], [reject])
    said = _TRANSLATORS[sender.protocol](sender.address, body, now)
    fixes: list[Fix] = []
    rejects = [
        Reject(device=device, reason=fault.reason, detail=fault.detail, raw=raw, field=fault.field, value=fault.value)
        for fault, raw in said.faults
    ]
    for entry, raw in said.entries:
        made = decode_fixes(device, msgspec.json.encode(entry), None, now)
        fixes += [msgspec.structs.replace(fix, spool_id=sender.protocol) for fix in made.fixes]
        for reject in made.rejects:
            field = said.fields.get(reject.field or "", reject.field)
            rejects.append(msgspec.structs.replace(reject, raw=raw, field=field, seq=None))
    return ForeignMessage(fixes, rejects, said.ignored, said.why_ignored)
