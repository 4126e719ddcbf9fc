"""OwnTracks' JSON in the words of our wire: only `_type=location` is a fix. Checks no limit of ours."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contract.fix import Source
from contract.messages import WireFix
from contract.reasons import RejectReason
from contract.translation import KMH_PER_MPS, UNREADABLE, Translation, epoch, explain, ignore, known, refuse

_FIELDS = {"fixed_at": "tst", "altitude_m": "alt", "speed_mps": "vel", "course_deg": "cog", "accuracy_m": "acc"}


class _Kind(msgspec.Struct):
    kind: str = msgspec.field(name="_type")


class _Location(msgspec.Struct):
    """Units are OwnTracks': seconds since 1970, degrees, metres, km/h. What is not known is left out, or -1."""

    lat: float
    lon: float
    tst: float
    acc: float | None = None
    alt: float | None = None
    vel: float | None = None
    cog: float | None = None
    topic: str | None = None


_kind = msgspec.json.Decoder(_Kind)
_location = msgspec.json.Decoder(_Location)


def translate(address: str, body: bytes, now: datetime) -> Translation:
    """One message on owntracks/<address>."""
    del now
    if not body:
        return ignore("empty: it clears a retained message")
    try:
        kind = _kind.decode(body).kind
        if kind == "encrypted":
            detail = "encrypted, and the gateway has no key: switch the app's own encryption off and use TLS"
            return refuse(body, RejectReason.UNREADABLE, detail, "_type", kind)
        if kind != "location":
            return ignore(f"_type {kind[:40]!r} is no position")
        said = _location.decode(body)
    except UNREADABLE as error:
        return explain(body, error)
    if said.topic is not None and said.topic != f"owntracks/{address}":
        detail = "the body names another topic than it came by"
        return refuse(body, RejectReason.WRONG_DEVICE, detail, "topic", said.topic)
    fixed_at = epoch(said.tst)
    if fixed_at is None:
        return refuse(body, RejectReason.INVALID_FIELD, "tst must be seconds since 1970", "tst", f"{said.tst:.0f}")
    kmh = known(said.vel)
    entry = WireFix(
        fixed_at=fixed_at,
        lat=said.lat,
        lon=said.lon,
        altitude_m=said.alt,
        speed_mps=None if kmh is None else kmh / KMH_PER_MPS,
        course_deg=known(said.cog),
        accuracy_m=known(said.acc),
        source=Source.PHONE,
    )
    return Translation(entries=[(entry, body)], fields=_FIELDS)
