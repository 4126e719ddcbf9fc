"""Why a stop, an arrival, a departure, a gap or a deviation was found: in words and numbers. Reads nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from contract.geo import distance_m
from storage.trip_story import (
    DeviationStory,
    DeviceEntryRow,
    GapStory,
    StopStory,
    TripStory,
    VisitStory,
    ZoneVisitStory,
)
from waybill.trips.explain_zone import zone_visit
from waybill.trips.words import away_from, deciding, difference, fixes, lasted, place, span, time, value

# What a device said so long before and after belongs to what is explained.
_AROUND = timedelta(minutes=10)
Thresholds = dict[str, Any]
Finding = StopStory | VisitStory | ZoneVisitStory | GapStory | DeviationStory


def finding(story: TripStory, one: Finding, held: Thresholds) -> list[str]:
    """Whatever it is, under the thresholds that held."""
    match one:
        case StopStory():
            return stop(story, one, held)
        case VisitStory():
            return arrival(story, one, held)
        case ZoneVisitStory():
            return zone_visit(story, one, held)
        case GapStory():
            return gap(story, one, held)
        case DeviationStory():
            return deviation(one, held)


def stop(story: TripStory, one: StopStory, held: Thresholds) -> list[str]:
    lines = [
        (
            f"Stood {lasted(one.began_at, one.ended_at)} at {place(one.lat_e7, one.lon_e7)}, "
            f"{time(one.began_at)} to {time(one.ended_at) or 'now'}."
        ),
        (
            f"It is a stop: it stayed within {value(held, 'stop_radius_m')} m for at least "
            f"{value(held, 'stop_min_s')} s. It ends beyond {value(held, 'stop_leave_m')} m; as long as fixes less "
            f"than {value(held, 'stop_hop_s')} s apart report that it stands, only beyond "
            f"{value(held, 'stop_drift_m')} m; where it drove and stands again, beyond "
            f"{value(held, 'stop_radius_m')} m."
        ),
        _why_reason(story, one, held),
    ]
    if one.given_by is not None:
        said = "" if one.note is None else f": {one.note}"
        lines.append(f"{one.given_by} gave the reason {one.reason} at {time(one.given_at)}{said}. "
                     f"Found was {one.found_reason}; both are kept.")  # fmt: skip
    if one.after_gap:
        lines.append("Nothing is known of the time before: it may have stood there longer.")
    if one.before_gap:
        lines.append("Nothing is known of the time after: it may have stood there longer.")
    middle = away_from(one.lat_e7, one.lon_e7)
    return [*lines, *deciding(fixes(one.evidence, middle)), *_said(story, one.began_at, one.ended_at)]


def arrival(story: TripStory, one: VisitStory, held: Thresholds) -> list[str]:
    lines = [f"Order {one.order_no}: at the door {time(one.arrived_at)} to {time(one.left_at) or 'now'}."]
    if one.inferred:
        lines.append("No fix lies at the door: two on both sides of it are so far apart in time that it stood there. "
                     "The times are the earliest and the latest that are possible.")  # fmt: skip
    else:
        lines.append(
            f"It arrived: {value(held, 'confirm_fixes')} fixes in a row within {value(held, 'door_radius_m')} m of "
            f"the address, slower than {value(held, 'slow_mps')} m/s or inside for {value(held, 'dwell_s')} s. "
            "The time is that of the first of them."
        )
    lines += deciding(fixes(one.arrived_evidence))
    if one.left_evidence:
        slack = f"{value(held, 'door_radius_m')} + {value(held, 'leave_slack_m')}"
        lines.append(f"It left: {value(held, 'confirm_fixes')} fixes in a row beyond {slack} m; "
                     "the time is that of the last one inside.")  # fmt: skip
        lines += fixes(one.left_evidence)
    return lines + _said(story, one.arrived_at or one.left_at, one.left_at)


def departure(story: TripStory, held: Thresholds) -> list[str]:
    counts, trip = story.counts, story.trip
    lines = []
    if counts is not None and counts.unseen_why is not None:
        lines.append(f"It ended without a departure that anybody saw: {counts.unseen_why}.")
        lines += deciding(fixes(counts.unseen_evidence or []))
    elif counts is None or counts.departed_at is None:
        lines.append("No departure was detected.")
    else:
        lines.append(
            f"Detected at {time(counts.departed_at)}: the last fix within the premises (the outline of their zone "
            f"where one is drawn, else {value(held, 'premises_radius_m')} m around their place), followed by "
            f"{value(held, 'confirm_fixes')} in a row more than {value(held, 'leave_slack_m')} m farther out."
        )
        lines.append(_planned(story, counts.departed_at))
        lines += deciding(fixes(counts.departed_evidence))
    if trip.declared_departed_at is not None:
        apart = difference(None if counts is None else counts.departed_at, trip.declared_departed_at)
        lines.append(f"Declared for {time(trip.declared_departed_at)}{f': {apart}' if apart else ''}.")
    return lines


def _planned(story: TripStory, departed_at: datetime) -> str:
    """How far from its plan it left, and why it is taken for this trip."""
    off_s = (departed_at - story.trip.planned_departure_at).total_seconds()
    when = "on time" if not off_s else f"{span(abs(off_s))} {'after' if off_s > 0 else 'before'} its plan"
    return f"That is {when}; it was the next trip in the plan that may not have left already while nobody saw it."


def gap(story: TripStory, one: GapStory, held: Thresholds) -> list[str]:
    limit = value(held, "gap_min_s") if one.limit_s is None else f"{one.limit_s:g}"
    lines = [
        (
            f"No valid fixes for {lasted(one.began_at, one.ended_at)}, {time(one.began_at)} to "
            f"{time(one.ended_at) or 'now'}; "
            f"more than {limit} s is a gap for this unit."
        ),
        f"Cause {one.cause}: {one.why}.",
    ]
    if one.refused:
        lines.append(f"{one.refused} fixes of that time are stored, none of which counts.")
    if one.provisional:
        lines.append("Provisional: the unit holds fixes that may fill it.")
    return [*lines, *deciding(fixes(one.evidence)), *_said(story, one.began_at, one.ended_at)]


def deviation(one: DeviationStory, held: Thresholds) -> list[str]:
    driven = "" if one.driven_m is None else f", {one.driven_m:.0f} m driven"
    lines = [
        (
            f"Off the planned way for {lasted(one.began_at, one.ended_at)}, {time(one.began_at)} to "
            f"{time(one.ended_at) or 'now'}{driven}; at worst {one.worst_m:.0f} m away from it."
        ),
        (
            f"More than {value(held, 'off_route_m')} m from the line's segments for {value(held, 'off_route_s')} s "
            f"is a deviation; back within {value(held, 'back_on_route_m')} m ends it."
        ),
    ]
    if one.returned is False:
        lines.append("It did not come back to the planned way: the trip ended.")
    worst = [] if one.worst is None else ["The farthest fix:", *fixes([one.worst])]
    return [*lines, *worst, *deciding(fixes(one.evidence))]


def version_line(story: TripStory, policy_version: str) -> str:
    """Under what all this was found."""
    counts = story.counts
    assert counts is not None, "something was found, so there is a version"
    final = "final" if counts.final else "not final"
    made = f"{counts.cause}, made {time(counts.made_at)}, {final}"
    return f"Trip {story.trip.trip_no}, version {counts.version} ({made}), policy {policy_version}."


def _why_reason(story: TripStory, one: StopStory, held: Thresholds) -> str:
    limit = value(held, "traffic_below_s")
    orders = {visit.order_id: visit.order_no for visit in story.visits}
    if one.order_id is not None:
        order = orders.get(one.order_id, one.order_id)
        return f"Reason {one.found_reason}: {_from_door(one)} the door of order {order}, {_reach(one, held)}."
    if one.place_id is not None:
        return f"Reason {one.found_reason}: at a known place ({one.place_id})."
    if one.found_reason == "TRAFFIC":
        return (
            f"Reason TRAFFIC: shorter than {limit} s, at no known place, and no drop of the trip is within "
            f"{value(held, 'door_brief_m')} m."
        )
    if one.found_reason == "UNEXPLAINED":
        return (
            f"Reason UNEXPLAINED: at no door and no known place, and longer than {limit} s, which is more than traffic."
        )
    return f"Reason {one.found_reason}: at the premises."


def _from_door(one: StopStory) -> str:
    if one.door_lat_e7 is None or one.door_lon_e7 is None:
        return "at"
    return f"{distance_m(one.lat_e7, one.lon_e7, one.door_lat_e7, one.door_lon_e7):.0f} m from"


def _reach(one: StopStory, held: Thresholds) -> str:
    """How near a door must be to a stop of this length: lights stand near doors, so a short one must be nearer."""
    limit = held.get("traffic_below_s")
    if one.ended_at is None or limit is None:
        return f"within {value(held, 'door_radius_m')} m of it"
    if (one.ended_at - one.began_at).total_seconds() < limit:
        return f"within {value(held, 'door_brief_m')} m of it, as a stop shorter than {limit:g} s must be"
    return f"within {value(held, 'door_radius_m')} m of it"


def _said(story: TripStory, from_at: datetime | None, to_at: datetime | None) -> list[str]:
    """What the device said of itself at the time: clock, receiver, numbers."""
    if from_at is None:
        return []
    until = (to_at or from_at) + _AROUND
    around = [entry for entry in story.device_log if from_at - _AROUND <= entry.at <= until]
    return ["The unit said:", *map(_entry, around[:12])] if around else []


def _entry(entry: DeviceEntryRow) -> str:
    known = ", ".join(f"{name} {_fact(name, value)}" for name, value in entry.facts.items() if value is not None)
    return f"  {time(entry.at)}  {entry.device_name}: {entry.kind}{f' ({known})' if known else ''}"


def _fact(name: str, value: Any) -> str:
    if name.endswith("_s") and isinstance(value, int | float):
        return f"{'-' if value < 0 else ''}{span(abs(value))}"
    return str(value)
