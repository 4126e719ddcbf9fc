"""Why a stay in a zone was found: which outline decided, how far from it the fixes lay. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.places import ZoneKind
from gateway.derive.ground import shape_of
from gateway.tracking.shapes import Zone
from gateway.tracking.zones import ZoneSet
from storage.trip_story import TripStory, ZoneVisitStory
from waybill.trips.words import Away, deciding, fixes, gap_until, lasted, span, time, value


def zone_visit(story: TripStory, one: ZoneVisitStory, held: Mapping[str, Any]) -> list[str]:
    """The outline, what counts as crossing it, and what is known of either end."""
    drawn = "" if one.drawn_from is None else f" from {time(one.drawn_from)}"
    until = "" if one.drawn_to is None else f" to {time(one.drawn_to)}"
    always = "" if drawn or until else " always"
    lines = [
        (
            f"In {one.zone_name} ({one.zone_kind}) for {lasted(one.entered_at, one.left_at)}, "
            f"{time(one.entered_at)} to {time(one.left_at) or 'the end of what is known'}."
        ),
        f"The outline that decided: {_outline(one)}, in force{always}{drawn}{until} (zone {one.zone_id}).",
        (
            f"A border is crossed when {value(held, 'confirm_fixes')} fixes lie beyond it, {_beyond(held)}; "
            "the time is that at which the way between two fixes cuts it."
        ),
    ]
    away = _from_border(one)
    lines += _entered(one) + deciding(fixes(one.entered_evidence, away))
    gap = gap_until(story, one.left_at)
    if gap is not None:
        seconds = span((gap.ended_at - gap.began_at).total_seconds()) if gap.ended_at is not None else "?"
        lines.append(f"It left at some time within the gap of {seconds} that began at {time(gap.began_at)}: "
                     "the time is that of the first fix after it.")  # fmt: skip
    if one.left_evidence:
        lines += ["It left by these:", *fixes(one.left_evidence, away)]
    if one.dwelt_at is not None:
        lines.append(f"From {time(one.dwelt_at)} it had been inside for {value(held, 'zone_dwell_s')} s.")
    return lines


def _beyond(held: Mapping[str, Any]) -> str:
    return (
        f"the last of them {value(held, 'zone_slack_m')} m or more (its accuracy, if that is worse), or when they "
        f"stay beyond it for {value(held, 'dwell_s')} s"
    )


def _entered(one: ZoneVisitStory) -> list[str]:
    if not one.first_seen:
        return []
    if not one.entered_evidence:
        return ["It was inside before the trip began; the time is that of the departure."]
    return ["No fix right before it lies outside: it may have been inside for longer."]


def _outline(one: ZoneVisitStory) -> str:
    coordinates, radius = one.geometry["coordinates"], f"{one.radius_m or 0:g} m"
    match one.geometry["type"]:
        case "Point":
            return f"a circle of {radius} around {coordinates[1]:.6f}, {coordinates[0]:.6f}"
        case "LineString":
            return f"a corridor of {radius} on either side of a line with {len(coordinates)} points"
        case "Polygon":
            return _rings(coordinates)
        case _:
            corners = sum(len(rings[0]) - 1 for rings in coordinates)
            holes = sum(len(rings) - 1 for rings in coordinates)
            return f"{len(coordinates)} areas with {corners} corners and {holes} holes in all"


def _rings(rings: list[list[list[float]]]) -> str:
    holes = f" and {len(rings) - 1} holes" if len(rings) > 1 else ""
    (lon, lat), corners = rings[0][0][:2], len(rings[0]) - 1
    return f"an area with {corners} corners{holes}, the first one at {lat:.6f}, {lon:.6f}"


def _from_border(one: ZoneVisitStory) -> Away:
    zones = ZoneSet((Zone(zone_id="it", kind=ZoneKind.OTHER, shape=shape_of(one.geometry, one.radius_m)),))

    def away(lat_e7: int, lon_e7: int) -> str:
        metres = zones.away_m("it", lat_e7, lon_e7)
        if metres is None or metres in (float("inf"), float("-inf")):
            return "far outside" if metres is None or metres > 0 else "deep inside"
        return f"{abs(metres):.0f} m {'outside' if metres > 0 else 'inside'} the border"

    return away
