"""flespi's JSON, an array of messages, in the words of our wire. Checks no limit of ours."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contract.messages import MAX_FIXES, WireFix
from contract.reasons import RejectReason
from contract.translation import KMH_PER_MPS, UNREADABLE, Translation, epoch, explain, known, refuse

_FIELDS = {
    "fixed_at": "timestamp", "lat": "position.latitude", "lon": "position.longitude",
    "altitude_m": "position.altitude", "speed_mps": "position.speed", "course_deg": "position.direction",
    "hdop": "position.hdop", "satellites": "position.satellites",
}  # fmt: skip


class _Message(msgspec.Struct):
    """Units are flespi's: seconds since 1970, degrees, metres, km/h."""

    timestamp: float
    lat: float | None = msgspec.field(name="position.latitude", default=None)
    lon: float | None = msgspec.field(name="position.longitude", default=None)
    altitude_m: float | None = msgspec.field(name="position.altitude", default=None)
    speed_kmh: float | None = msgspec.field(name="position.speed", default=None)
    course_deg: float | None = msgspec.field(name="position.direction", default=None)
    hdop: float | None = msgspec.field(name="position.hdop", default=None)
    satellites: int | None = msgspec.field(name="position.satellites", default=None)
    valid: bool = msgspec.field(name="position.valid", default=True)


_array = msgspec.json.Decoder(list[msgspec.Raw])
_message = msgspec.json.Decoder(_Message)


def translate(address: str, body: bytes, now: datetime) -> Translation:
    """One array of messages, or one of its messages alone; each that is wrong is refused alone."""
    del address, now
    try:
        raws = [msgspec.Raw(body)] if body.lstrip()[:1] == b"{" else _array.decode(body)
    except UNREADABLE as error:
        return explain(body, error)
    if len(raws) > MAX_FIXES:
        return refuse(body, RejectReason.TOO_LARGE, f"{len(raws)} messages; one holds at most {MAX_FIXES}")
    whole = Translation(fields=_FIELDS, entries=[], faults=[])
    for raw in raws:
        one = _translate_one(bytes(raw))
        whole.entries += one.entries
        whole.faults += one.faults
        whole.ignored += one.ignored
    whole.why_ignored = "a message without a position" if whole.ignored else None
    return whole


def _translate_one(raw: bytes) -> Translation:
    try:
        said = _message.decode(raw)
    except UNREADABLE as error:
        return explain(raw, error)
    if said.lat is None and said.lon is None:
        return Translation(ignored=1)
    if not said.valid:
        detail = "the sender says that this position is not valid"
        return refuse(raw, RejectReason.NO_POSITION, detail, "position.valid", "false")
    fixed_at = epoch(said.timestamp)
    if fixed_at is None:
        detail = "timestamp must be seconds since 1970"
        return refuse(raw, RejectReason.INVALID_FIELD, detail, "timestamp", f"{said.timestamp:.0f}")
    kmh = known(said.speed_kmh)
    entry = WireFix(
        fixed_at=fixed_at,
        lat=said.lat,
        lon=said.lon,
        altitude_m=said.altitude_m,
        speed_mps=None if kmh is None else kmh / KMH_PER_MPS,
        course_deg=known(said.course_deg),
        hdop=said.hdop or None,  # 0 is no dilution that a receiver can have
        satellites=said.satellites,
    )
    return Translation(entries=[(entry, raw)])
