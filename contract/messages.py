"""The messages of the wire protocol, version 1, as records. Encoding and checking is codec's work."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contract.fix import MAX_SEQ, Quality, Source
from contract.reasons import RejectReason

MAX_FIXES = 5000  # in one message
MAX_BOOT = 2**31 - 1

_Lat = Annotated[int, Meta(ge=-900_000_000, le=900_000_000, description="1e-7 degree, north positive")]
_Lon = Annotated[int, Meta(ge=-1_800_000_000, le=1_800_000_000, description="1e-7 degree, east positive")]
_Seq = Annotated[int, Meta(ge=1, le=MAX_SEQ, description="number within the spool, without holes")]
_Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$")]
_Boot = Annotated[int, Meta(ge=0, le=MAX_BOOT, description="how often this spool was opened")]
# Without control characters, because the database's text holds no NUL and a log no line break.
_Line = Annotated[str, Meta(max_length=200, pattern="^[^\\x00-\\x1f\\x7f]*$")]

CommandId = Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,64}$", description="another for each command")]
_Reason = Annotated[str, Meta(pattern="^[a-z0-9_]{1,32}$")]
_Count = Annotated[int, Meta(ge=0, le=MAX_SEQ)]


class WireFix(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """One fix on the wire. Needed: fixed_at and a position, as lat_e7/lon_e7 or as lat/lon in degrees."""

    fixed_at: Annotated[datetime, Meta(tz=True, description="RFC 3339 with offset; when the receiver took it")]
    seq: _Seq | None = None
    lat_e7: _Lat | None = None
    lon_e7: _Lon | None = None
    lat: Annotated[float, Meta(ge=-90, le=90, description="degrees; for senders without e7")] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180, description="degrees; for senders without e7")] | None = None
    altitude_m: Annotated[float, Meta(ge=-1000, le=100_000, description="above mean sea level")] | None = None
    speed_mps: Annotated[float, Meta(ge=0, le=1000)] | None = None
    course_deg: Annotated[float, Meta(ge=0, le=360, description="true; 360 is read as 0")] | None = None
    hdop: Annotated[float, Meta(ge=0, le=100)] | None = None
    accuracy_m: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    satellites: Annotated[int, Meta(ge=0, le=200)] | None = None
    ignition: bool | None = None
    quality: Quality | None = None
    replayed: bool = False
    source: Source = Source.DEDICATED


class FixMessage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Body of waybill/v1/<device>/fixes: a pack of fixes of one spool, in order."""

    fixes: Annotated[list[WireFix], Meta(min_length=1, max_length=MAX_FIXES)]
    v: Annotated[int, Meta(ge=1, description="version; a reader of 1 reads every writer of 1")] = 1
    spool: _Name | None = None
    boot: _Boot | None = None
    device: Annotated[_Name, Meta(description="the topic's device; another one is refused")] | None = None


class Receipt(msgspec.Struct, kw_only=True):
    """Body of waybill/v1/<device>/stored: every number up to `through`, and those in `also`, are committed."""

    spool: _Name
    through: Annotated[int, Meta(ge=0, le=MAX_SEQ, description="0: nothing that starts at 1 is stored yet")]
    also: Annotated[list[tuple[_Seq, _Seq]], Meta(description="closed ranges above through")] = []


class Rejection(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Body of waybill/v1/<device>/rejected: what was refused and why (kept, rate-limited)."""

    reason: Annotated[str, Meta(extra_json_schema={"examples": [reason.value for reason in RejectReason]})]
    detail: Annotated[str, Meta(description="for people")]
    field: str | None = None
    value: str | None = None
    spool: str | None = None
    seq: int | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command that the unit did not carry out, within the status: nothing of it was applied."""

    why: _Line
    id: CommandId | None = None  # unknown: the body could not be read
    field: _Line | None = None


class Gnss(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the receiver says about itself, within the status; a receiver that says nothing is `silent_s` old."""

    fix: Annotated[bool, Meta(description="whether it has a position now")]
    satellites: Annotated[int, Meta(ge=0, le=200, description="used in the solution")] | None = None
    hdop: Annotated[float, Meta(ge=0, le=1000)] | None = None
    antenna: Annotated[_Line, Meta(description="ok, short or open, where the receiver tells")] | None = None
    silent_s: Annotated[float, Meta(ge=0, description="since its last word, when that is long")] | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the connection to the broker does, within the status."""

    connected_s: Annotated[float, Meta(ge=0, description="how long the present connection stands")]
    reconnects: Annotated[int, Meta(ge=0, description="connections made anew since the unit's start")] = 0


class Status(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Body of waybill/v1/<device>/status, retained; the last will is {"state": "offline"}."""

    state: Literal["online", "offline"]
    spool: _Name | None = None
    boot: _Boot | None = None
    version: _Line | None = None
    report_interval_s: Annotated[float, Meta(ge=0, description="at most this far apart when moving")] | None = None
    heartbeat_s: Annotated[float, Meta(ge=0, description="at most this far apart when standing")] | None = None
    backlog: Annotated[int, Meta(ge=0, le=MAX_SEQ, description="fixes that no receipt has confirmed")] | None = None
    dropped: Annotated[list[tuple[_Seq, _Seq]], Meta(description="closed ranges that the spool had to give up")] = []
    dropped_fixes: Annotated[int, Meta(ge=0, description="how many in all, when not every range is named")] = 0
    dropped_because: Annotated[list[Literal["size", "age"]], Meta(description="the cause of each range, in order")] = []
    source: _Line | None = None
    at: Annotated[_Line, Meta(description="RFC 3339, by the device's clock")] | None = None
    uptime_s: Annotated[float, Meta(ge=0, description="since the unit's program started")] | None = None
    oldest_age_s: Annotated[float, Meta(ge=0, description="age of the oldest fix without a receipt")] | None = None
    through: Annotated[int, Meta(ge=0, le=MAX_SEQ, description="of the newest receipt for this spool")] | None = None
    gnss: Gnss | None = None
    clock_offset_s: Annotated[float, Meta(description="receiver's time less the unit's clock")] | None = None
    clock_steps: Annotated[int, Meta(ge=0, description="jumps of that offset since the start")] | None = None
    link: Link | None = None
    stuck_s: Annotated[float, Meta(ge=0, description="the receiver repeats one place although it moves")] | None = None
    left_out: Annotated[dict[_Reason, _Count], Meta(max_length=64, description="read but not spooled, by reason")] = {}
    unwritten: Annotated[int, Meta(ge=0, description="fixes lost because no disk took them")] = 0
    off_duty: Annotated[bool, Meta(description="no position leaves the vehicle now")] = False
    applied: Annotated[CommandId, Meta(description="the command whose settings were taken last")] | None = None
    refused: Annotated[Refused, Meta(description="the command refused since then")] | None = None
    battery_pct: Annotated[float, Meta(ge=0, le=100)] | None = None
    external_power: Annotated[bool, Meta(description="whether it is fed by the vehicle")] | None = None
