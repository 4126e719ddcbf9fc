"""Traccar Client's reports (OsmAnd: query, form or JSON) in the words of our wire. Checks no limit of ours."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qsl

import msgspec

from contract.fix import Quality, Source
from contract.messages import WireFix
from contract.reasons import RejectReason
from contract.times import parse_instant
from contract.translation import UNREADABLE, Translation, decimal, epoch, explain, ignore, known, refuse

_MPS_PER_KNOT = 1852 / 3600
_MOST_FIELDS = 200
_SECONDS_END = 2**31 - 1  # from here on `timestamp` counts milliseconds
_JSON_FIELDS = {
    "fixed_at": "location.timestamp", "lat": "location.coords.latitude", "lon": "location.coords.longitude",
    "altitude_m": "location.coords.altitude", "speed_mps": "location.coords.speed",
    "course_deg": "location.coords.heading", "accuracy_m": "location.coords.accuracy",
}  # fmt: skip
_QUERY_FIELDS = {
    "fixed_at": "timestamp", "altitude_m": "altitude", "speed_mps": "speed", "course_deg": "bearing",
    "accuracy_m": "accuracy",
}  # fmt: skip


class _Coords(msgspec.Struct):
    latitude: float
    longitude: float
    accuracy: float | None = None
    speed: float | None = None  # m/s; negative: unknown
    heading: float | None = None  # degrees; negative: unknown
    altitude: float | None = None


class _Location(msgspec.Struct):
    timestamp: str
    coords: _Coords
    mock: bool = False


class _Report(msgspec.Struct):
    device_id: str | int
    location: _Location


_report = msgspec.json.Decoder(_Report)


def sender_id(body: bytes) -> str | None:
    """The id that a report names, whatever else is wrong with it; None when it names none."""
    if body.lstrip()[:1] == b"{":
        try:
            found = msgspec.json.decode(body)
        except UNREADABLE:
            return None
        named = found.get("device_id")
        return str(named) if isinstance(named, str | int) and str(named) else None
    fields = _query(body) or {}
    return fields.get("id") or fields.get("deviceid") or None


def translate(address: str, body: bytes, now: datetime) -> Translation:
    """One report of the sender `address`; a query that tells no time is of `now`, as the protocol has it."""
    if body.lstrip()[:1] == b"{":
        return _translate_json(address, body)
    fields = _query(body)
    if fields is None:
        detail = f"not a query of at most {_MOST_FIELDS} fields, such as id=phone-3&lat=60.17&lon=24.94&timestamp=…"
        return refuse(body, RejectReason.UNREADABLE, detail)
    return _translate_query(address, fields, body, now)


def _translate_json(address: str, body: bytes) -> Translation:
    try:
        report = _report.decode(body)
    except UNREADABLE as error:
        return explain(body, error)
    if str(report.device_id) != address:
        return _wrong_device(body, "device_id", str(report.device_id))
    said, coords = report.location, report.location.coords
    try:
        fixed_at = parse_instant(said.timestamp)
    except ValueError as error:
        return refuse(body, RejectReason.INVALID_FIELD, str(error), "location.timestamp", said.timestamp)
    entry = WireFix(
        fixed_at=fixed_at,
        lat=coords.latitude,
        lon=coords.longitude,
        altitude_m=coords.altitude,
        speed_mps=known(coords.speed),
        course_deg=known(coords.heading),
        accuracy_m=known(coords.accuracy),
        quality=Quality.SIMULATED if said.mock else None,
        source=Source.PHONE,
    )
    return Translation(entries=[(entry, body)], fields=_JSON_FIELDS)


def _query(body: bytes) -> dict[str, str] | None:
    """The fields of a query; of those that come twice the last, as in JSON."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError:
        return None


def _translate_query(address: str, fields: dict[str, str], body: bytes, now: datetime) -> Translation:
    named = fields.get("id") or fields.get("deviceid")
    if not named:
        return refuse(body, RejectReason.INVALID_FIELD, "a report names its sender", "id")
    if named != address:
        return _wrong_device(body, "id", named)
    if fields.get("valid") in ("0", "false"):
        return refuse(body, RejectReason.NO_POSITION, "the sender says that it has no fix", "valid", fields["valid"])
    if "location" in fields:
        fields["lat"], _, fields["lon"] = fields["location"].partition(",")
    if "lat" not in fields and "lon" not in fields:
        return ignore("a report without a position; the last one is not repeated for it")
    measures: dict[str, float] = {}
    for name in ("lat", "lon", "altitude", "speed", "bearing", "heading", "accuracy", "hdop"):
        if name in fields:
            number = decimal(fields[name])
            if number is None:
                return refuse(body, RejectReason.INVALID_FIELD, f"{name} is no number", name, fields[name])
            measures[name] = number
    fixed_at = _time(fields.get("timestamp"), now)
    if fixed_at is None:
        detail = "seconds or milliseconds since 1970, or RFC 3339 with an offset"
        return refuse(body, RejectReason.INVALID_FIELD, detail, "timestamp", fields["timestamp"])
    knots = known(measures.get("speed"))
    entry = WireFix(
        fixed_at=fixed_at,
        lat=measures.get("lat"),
        lon=measures.get("lon"),
        altitude_m=measures.get("altitude"),
        speed_mps=None if knots is None else knots * _MPS_PER_KNOT,
        course_deg=known(measures.get("bearing", measures.get("heading"))),
        hdop=measures.get("hdop") or None,  # 0 is no dilution that a receiver can have
        accuracy_m=known(measures.get("accuracy")),
        source=Source.PHONE,
    )
    return Translation(entries=[(entry, body)], fields=_QUERY_FIELDS)


def _time(text: str | None, now: datetime) -> datetime | None:
    """None: it is no time. One without an offset is none: nobody knows whose wall clock it is."""
    if text is None:
        return now
    if text.isascii() and text.isdigit() and len(text) <= 15:
        number = int(text)
        return epoch(number if number < _SECONDS_END else number / 1000)
    try:
        return parse_instant(text)
    except ValueError:
        return None


def _wrong_device(body: bytes, field: str, value: str) -> Translation:
    return refuse(body, RejectReason.WRONG_DEVICE, "the report names another sender than it came from", field, value)
