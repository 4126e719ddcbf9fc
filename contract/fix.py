"""Fix: one position report at the time the receiver took it. Knows no wire format and no storage."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from contract.times import format_instant, truncate_to_ms

DEVICE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
SPOOL_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
MAX_SEQ = 2**63 - 2  # one below bigint's end, so that a half-open range [seq, seq+1) still fits


class Quality(StrEnum):
    """How the receiver knew where it was: the GGA quality indicator in words (NMEA 0183; gpsd calls it status)."""

    GPS = "gps"
    DGPS = "dgps"
    PPS = "pps"
    RTK = "rtk"
    RTK_FLOAT = "rtk_float"
    ESTIMATED = "estimated"
    MANUAL = "manual"
    SIMULATED = "simulated"


class Source(StrEnum):
    """What kind of sender took the fix. Only a dedicated unit counts as the vehicle's own record."""

    DEDICATED = "dedicated"
    PHONE = "phone"


class Fix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One position report. None means not known, never 0.

    Coordinates are integers of 1e-7 degree (WGS 84), so that every hash over them is exact; the other measures
    are rounded to the step named beside them, which binary32 storage keeps.
    """

    device: str  # name of the GPS unit: [a-z0-9][a-z0-9-]{0,31}
    spool_id: str  # the store it was numbered in; foreign senders: the protocol's name
    seq: int  # 1, 2, 3 … without holes within a spool; foreign senders: from a hash of the payload
    fixed_at: datetime  # aware UTC, whole milliseconds: when the receiver took it
    lat_e7: int  # 1e-7 degree, north positive
    lon_e7: int  # 1e-7 degree, east positive
    altitude_m: float | None = None  # metres above mean sea level, step 0.01
    speed_mps: float | None = None  # metres per second over ground, step 0.001
    course_deg: float | None = None  # degrees true, 0 <= course < 360, step 0.01
    hdop: float | None = None  # horizontal dilution of precision, step 0.01
    accuracy_m: float | None = None  # horizontal accuracy as the sender states it, step 0.01
    satellites: int | None = None  # used in the solution
    ignition: bool | None = None
    quality: Quality | None = None
    replayed: bool = False  # played from a capture, not taken now
    source: Source = Source.DEDICATED
    boot_id: int | None = None  # how often this spool was opened; information only

    def __post_init__(self) -> None:
        if self.fixed_at.tzinfo is not UTC or self.fixed_at.microsecond % 1000:
            raise ValueError(f"fixed_at {self.fixed_at!r} must be aware UTC in whole milliseconds")


_STEPS = (
    ("altitude_m", "altitude_cm", 100),
    ("speed_mps", "speed_mmps", 1000),
    ("course_deg", "course_cdeg", 100),
    ("hdop", "hdop_e2", 100),
    ("accuracy_m", "accuracy_cm", 100),
)
_ENCODER = msgspec.json.Encoder(order="sorted")


def stepped(value: float | None, per_unit: int) -> float | None:
    """`value` rounded to whole steps of 1/per_unit: what a Fix may hold."""
    return None if value is None else round(value * per_unit) / per_unit


def normal_course(course_deg: float | None) -> float | None:
    """A course in [0, 360) in steps of 0.01 degree; 360 is 0."""
    return None if course_deg is None else round(course_deg * 100) % 36000 / 100


def utc_ms(instant: datetime) -> datetime:
    """`instant` as a Fix holds it: UTC, whole milliseconds."""
    if instant.tzinfo is UTC and instant.microsecond % 1000 == 0:
        return instant
    return truncate_to_ms(instant.astimezone(UTC))


def canonical(fix: Fix) -> bytes:
    """The bytes that are sealed: JSON with sorted keys, integers and strings only, unknown fields left out.

    Without floats it is RFC 8785 (JCS) form up to seq 2**53 - 1, above it the digits in full; it depends on the facts
    alone, not on how the fix travelled.
    """
    facts: dict[str, object] = {
        "v": 1,
        "device": fix.device,
        "spool": fix.spool_id,
        "seq": fix.seq,
        "fixed_at": format_instant(fix.fixed_at),
        "lat_e7": fix.lat_e7,
        "lon_e7": fix.lon_e7,
        "source": fix.source.value,
    }
    for field, name, per_unit in _STEPS:
        value = getattr(fix, field)
        if value is not None:
            facts[name] = round(value * per_unit)
    for name in ("satellites", "ignition", "boot_id"):
        value = getattr(fix, name)
        if value is not None:
            facts[name] = value
    if fix.quality is not None:
        facts["quality"] = fix.quality.value
    if fix.replayed:
        facts["replayed"] = True
    return _ENCODER.encode(facts)
