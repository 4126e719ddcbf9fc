"""The sentences of one second under faults. Knows nothing of days and vehicles' plans."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import msgspec

from firmware_bridge.sim.chance import seeded
from firmware_bridge.sim.faults import BadChecksums, ClockError, Fault, Jump, PowerLoss, Silence, Tunnel
from firmware_bridge.sim.nmea_writer import epoch, epoch_without_fix, epoch_without_time
from firmware_bridge.sim.polyline import METRES_PER_DEG
from firmware_bridge.sim.receiver import Sensed

# A changed byte must not look like a frame's own: a reader may then see two sentences, and count them otherwise.
FRAMING = frozenset(b"$!*\\\r\n")
# Half of the damaged sentences have a byte changed, the other half lost one.
LOST_SHARE = 0.5


def faulty_epoch(instant: datetime, sensed: Sensed, felt: Sequence[Fault], name: str) -> bytes:
    """What the unit sends for this second; the same name and instant give the same damage."""
    if any(_is_mute(fault, instant) for fault in felt):
        return b""
    shown = instant + timedelta(seconds=sum(fault.offset_s for fault in felt if isinstance(fault, ClockError)))
    if any(isinstance(fault, PowerLoss) and instant < fault.time_at for fault in felt):
        data = epoch_without_time()
    elif any(_hides_the_sky(fault, instant) for fault in felt):
        data = epoch_without_fix(shown)
    else:
        data = epoch(shown, _moved(sensed, instant, felt))
    shares = [fault.share for fault in felt if isinstance(fault, BadChecksums)]
    return _damaged(data, max(shares), seeded(name, "line", instant.isoformat())) if shares else data


def _is_mute(fault: Fault, instant: datetime) -> bool:
    return isinstance(fault, Silence) or (isinstance(fault, PowerLoss) and instant < fault.ends_at)


def _hides_the_sky(fault: Fault, instant: datetime) -> bool:
    if isinstance(fault, Tunnel):
        return instant < fault.ends_at
    return isinstance(fault, PowerLoss) and instant < fault.fix_at


def _moved(sensed: Sensed, instant: datetime, felt: Sequence[Fault]) -> Sensed:
    east_m = north_m = 0.0
    for fault in felt:
        if isinstance(fault, Jump):
            by_m = (fault.east_m, fault.north_m)
        elif isinstance(fault, Tunnel | PowerLoss):
            by_m = fault.off_m(instant)
        else:
            continue
        east_m, north_m = east_m + by_m[0], north_m + by_m[1]
    lat_deg = sensed.lat_deg + north_m / METRES_PER_DEG
    lon_deg = sensed.lon_deg + east_m / (METRES_PER_DEG * math.cos(math.radians(sensed.lat_deg)))
    return msgspec.structs.replace(sensed, lat_deg=lat_deg, lon_deg=lon_deg)


def _damaged(data: bytes, share: float, chance: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(_damaged_sentence(line, chance) if chance.random() < share else line for line in lines)


def _damaged_sentence(line: bytes, chance: Random) -> bytes:
    """One byte between $ and * is another or missing: either way the checksum is wrong."""
    at = chance.randrange(1, line.rindex(b"*"))
    if chance.random() < LOST_SHARE:
        return line[:at] + line[at + 1 :]
    others = [line[at] ^ (1 << bit) for bit in range(7)]
    fit = [byte for byte in others if byte >= 0x20 and byte != 0x7F and byte not in FRAMING]
    return line[:at] + bytes([chance.choice(fit)]) + line[at + 1 :]
