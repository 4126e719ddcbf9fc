"""What the engine told about a recording, as flat records for people and programs. Finds nothing itself."""

from __future__ import annotations

from datetime import datetime

from contract.geo import from_e7
from contract.times import format_instant
from gateway.tracking.events import (
    Arrived,
    ArrivingSoon,
    Departed,
    DepartureUnseen,
    DeviationEnded,
    Driven,
    Event,
    Gap,
    HourDriven,
    Left,
    Point,
    Returned,
    StopEnded,
    TripDriven,
    ZoneDwelt,
    ZoneEntered,
    ZoneLeft,
)
from gateway.tracking.gaps import Knowledge, verdict
from gateway.tracking.matching import unseen_words

Record = dict[str, object]


def record_of(event: Event, vehicle: str, *, at_end: bool) -> Record | None:
    """One record; None for events that only announce a later one. `at_end`: it lasted when the recording ended."""
    match event:
        case StopEnded():
            details = _stop(event)
        case ZoneEntered() | ZoneLeft() | ZoneDwelt():
            details = _zone(event)
        case Gap():
            details = _gap(event)
        case DeviationEnded():
            details = _deviation(event)
        case TripDriven() | HourDriven():
            details = _driven(event)
        case Departed() | Returned() | Arrived() | Left() | ArrivingSoon():
            details = _milestone(event)
        case DepartureUnseen():
            details = _unseen(event)
        case _:
            return None
    record: Record = {"kind": details.pop("kind"), "vehicle": vehicle, **details}
    if at_end and not isinstance(event, HourDriven):
        record["open_at_end"] = True
    return {name: _text(value) for name, value in record.items() if value is not None}


def _stop(event: StopEnded) -> Record:
    return {
        "kind": "stop",
        **_span(event.began_at, event.at),
        "lat": from_e7(event.lat_e7),
        "lon": from_e7(event.lon_e7),
        "reason": event.reason.value,
        "trip": event.trip_id,
        "order": event.order_id,
        "place": event.place_id,
        "fixes": event.fixes,
        "after_gap": event.after_gap or None,
        "before_gap": event.before_gap or None,
    }


def _zone(event: ZoneEntered | ZoneLeft | ZoneDwelt) -> Record:
    left = isinstance(event, ZoneLeft)
    return {
        "kind": "zone_left" if left else "zone_dwelt" if isinstance(event, ZoneDwelt) else "zone_entered",
        **_span(event.at if isinstance(event, ZoneEntered) else event.entered_at, event.at if left else None),
        **_place(event.evidence[-1]),
        "zone": event.zone_id,
        "zone_kind": event.kind.value,
        "trip": event.trip_id,
        "first_seen": (isinstance(event, ZoneEntered) and event.first_seen) or None,
        "after_gap": (isinstance(event, ZoneLeft) and event.after_gap) or None,
    }


def _gap(event: Gap) -> Record:
    found = verdict(event, Knowledge())
    return {
        "kind": "gap",
        **_span(event.began_at, event.at),
        **_place(event.evidence[0]),
        "reason": found.cause.value,
        "why": found.why,
        "limit_s": event.limit_s,
        "trip": event.trip_id,
    }


def _deviation(event: DeviationEnded) -> Record:
    return {
        "kind": "deviation",
        **_span(event.began_at, event.at),
        **_place(event.worst),
        "worst_m": event.worst_m,
        "driven_m": round(event.driven_m, 1),
        "came_back": event.returned,
        "trip": event.trip_id,
    }


def _driven(event: TripDriven | HourDriven) -> Record:
    if isinstance(event, HourDriven):
        return {"kind": "hour_driven", "started_at": event.at, **_facts(event.driven)}
    return {"kind": "trip_driven", **_span(event.began_at, event.at), "trip": event.trip_id, **_facts(event.driven)}


def _facts(driven: Driven) -> Record:
    coverage = driven.coverage_pct
    return {
        "distance_m": round(driven.distance_m, 1),
        "moving_s": driven.moving_s,
        "stopped_s": driven.stopped_s,
        "unseen_s": driven.unseen_s,
        "coverage_pct": None if coverage is None else round(coverage, 2),
        "idling_s": driven.idling_s,
        "max_speed_mps": driven.max_speed_mps,
        "harsh_brakings": driven.harsh_brakings,
        "harsh_accelerations": driven.harsh_accelerations,
        "fixes": driven.fixes,
    }


def _milestone(event: Departed | Returned | Arrived | Left | ArrivingSoon) -> Record:
    order = event.order_id if isinstance(event, Arrived | Left | ArrivingSoon) else None
    return {
        "kind": str(event.__struct_config__.tag),
        "started_at": event.at,
        **_place(event.evidence[0]),
        "trip": event.trip_id,
        "order": order,
        "inferred": (isinstance(event, Arrived | Left) and event.inferred) or None,
    }


def _unseen(event: DepartureUnseen) -> Record:
    before, after = event.evidence
    return {
        "kind": "departure_unseen",
        **_span(before.fixed_at, after.fixed_at),
        **_place(before),
        "trip": event.trip_id,
        "why": unseen_words(event),
    }


def _span(started_at: datetime, ended_at: datetime | None) -> Record:
    lasted_s = None if ended_at is None else (ended_at - started_at).total_seconds()
    return {"started_at": started_at, "ended_at": ended_at, "lasted_s": lasted_s}


def _place(point: Point) -> Record:
    return {"lat": from_e7(point.lat_e7), "lon": from_e7(point.lon_e7)}


def _text(value: object) -> object:
    return format_instant(value) if isinstance(value, datetime) else value
