"""A vehicle's way and who was near a place, as words and rows. Draws nothing and reads no clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from contract.geo import from_e7
from dashboard import wording
from storage.reading_rows import TrailRow
from storage.route_reads import NearRow, RouteEvent

Row = dict[str, Any]
KINDS = {"stop": "Stop", "gap": "Gap", "zone": "Zone", "deviation": "Off the planned way"}


def place_of(text: str) -> tuple[float, float] | None:
    """Latitude and longitude in degrees of '60.1709, 24.9432'; None when it is no such pair."""
    parts = text.replace(",", " ").split()
    try:
        lat, lon = (float(part) for part in parts)
    except ValueError:
        return None
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None


def at(trail: Sequence[TrailRow], moment: datetime) -> TrailRow | None:
    """The newest fix at that moment; None before the first."""
    place = bisect_right(trail, moment, key=lambda row: row.fixed_at)
    return trail[place - 1] if place else None


def standing_words(trail: Sequence[TrailRow], events: Sequence[RouteEvent], moment: datetime, tz: ZoneInfo) -> str:
    """What the vehicle did at that moment, in a sentence."""
    when = wording.time_to_the_second(moment, tz)
    for event in events:
        if event.kind in ("gap", "stop") and event.began_at <= moment <= (event.ended_at or moment):
            return f"{when}: {_says(event)}"
    here = at(trail, moment)
    if here is None:
        return f"{when}: no fix before"
    age_s = (moment - here.fixed_at).total_seconds()
    old = f", fix of {wording.age(age_s)}" if age_s > 60 else ""
    return f"{when}: {wording.speed(here.speed_mps) or 'speed not known'}{old}"


def _says(event: RouteEvent) -> str:
    if event.kind == "gap":
        return f"gap, {event.what.replace('_', ' ')}: {event.why}"
    return f"stop, {wording.stop_words(event.what)}{f' ({event.why})' if event.why else ''}"


def event_table(events: Sequence[RouteEvent], tz: ZoneInfo) -> list[Row]:
    """Rows for the list of what was found, with the key that `waybill explain` takes."""
    return [
        {
            "Kind": KINDS[event.kind],
            "From": wording.time_to_the_second(event.began_at, tz),
            "To": "" if event.ended_at is None else wording.time_to_the_second(event.ended_at, tz),
            "Lasted": "" if event.ended_at is None else wording.span((event.ended_at - event.began_at).total_seconds()),
            "What": wording.stop_words(event.what) if event.kind == "stop" else event.what.replace("_", " "),
            "Why": event.why,
            "Trip": event.trip_no,
            "Latitude": None if event.lat_e7 is None else from_e7(event.lat_e7),
            "Longitude": None if event.lon_e7 is None else from_e7(event.lon_e7),
            "Key": str(event.id),
        }
        for event in events
    ]


def near_table(rows: Sequence[NearRow], tz: ZoneInfo) -> list[Row]:
    """Rows for who was near a place."""
    return [
        {
            "Vehicle": row.vehicle_name,
            "Trip": row.trip_no or "none",
            "Crew": row.crew or "",
            "First seen": wording.time_to_the_second(row.first_at, tz),
            "Last seen": wording.time_to_the_second(row.last_at, tz),
            "Nearest, m": round(row.nearest_m),
            "Nearest at": wording.time_to_the_second(row.nearest_at, tz),
            "Fixes": row.fixes,
        }
        for row in rows
    ]


def speeds(trail: Sequence[TrailRow], tz: ZoneInfo) -> list[Row]:
    """Values of the graph of speed, at most 600 of them."""
    step = max(1, len(trail) // 600)
    return [
        {"at": f"{row.fixed_at.astimezone(tz):%Y-%m-%dT%H:%M:%S}", "km/h": round(row.speed_mps * wording.MPS_TO_KMH, 1)}
        for row in trail[::step]
        if row.speed_mps is not None
    ]
