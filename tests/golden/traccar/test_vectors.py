"""The engine on the vectors of Traccar's own tests: the same answers, but where docs/tracking.md says why not."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contract.fix import Fix
from contract.geo import to_e7
from contract.places import ZoneKind
from contract.times import parse_instant
from gateway.tracking.events import Event, Gap, StopEnded, TripDriven
from gateway.tracking.plan import Plan
from gateway.tracking.policy import Policy
from gateway.tracking.shapes import Area, Circle, Corridor, Shape, Zone
from gateway.tracking.zones import ZoneSet
from waybill.detection.run import events_of

HERE = Path(__file__).parent
FENCES = json.loads((HERE / "traccar_geofence.json").read_text("utf-8"))["tests"]
STOPS = json.loads((HERE / "traccar_trips_stops.json").read_text("utf-8"))["tests"]
# A unit that reports each minute moving, each ten minutes standing, as the lists do.
PLAN = Plan(
    vehicle_id="v", premises_id="", premises_lat_e7=None, premises_lon_e7=None, without_trips=True,
    report_interval_s=60, heartbeat_s=600,
)  # fmt: skip


def shape(case: dict[str, Any]) -> Shape:
    numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", case["wkt_lat_lon_order"])]
    points = tuple((to_e7(lat), to_e7(lon)) for lat, lon in zip(numbers[::2], numbers[1::2], strict=False))
    if case["wkt_lat_lon_order"].startswith("CIRCLE"):
        return Circle(lat_e7=points[0][0], lon_e7=points[0][1], radius_m=numbers[2])
    if case["corridor_m"]:
        return Corridor(line=points, half_width_m=case["corridor_m"])
    return (
        Area(polygons=((points,),)) if "POLYGON" in case["wkt_lat_lon_order"] else Corridor(line=points, half_width_m=1)
    )


@pytest.mark.parametrize("case", FENCES, ids=lambda case: f"{case['test']}-{case['op']}")
def test_a_point_is_inside_and_a_way_crosses(case: dict[str, Any]) -> None:
    zones = ZoneSet((Zone(zone_id="z", kind=ZoneKind.OTHER, shape=shape(case)),))
    place = [to_e7(degrees) for degrees in case["args"]]

    if case["op"] == "containsPoint":
        away_m = zones.away_m("z", place[0], place[1])
        assert away_m is not None
        assert (away_m <= 0) is case["expected"]
    else:
        share = zones.crossed("z", (place[0], place[1]), (place[2], place[3]))
        assert (share < 1) is case["expected"]


def told(case: dict[str, Any]) -> list[Event]:
    """All that the engine tells of the positions, laid on a line as long as their distances."""
    fixes = [
        Fix(
            device="d", spool_id="s", seq=number, fixed_at=parse_instant(position["time"]),
            lat_e7=to_e7(60) + round(position["total_distance_m"] * 89.93), lon_e7=to_e7(24),
            speed_mps=round(position["speed_kn"] * 0.514444, 3), ignition=position.get("ignition"),
        )
        for number, position in enumerate(case["positions"], 1)
    ]  # fmt: skip
    return [event for event, _ in events_of(fixes, PLAN, Policy(), Counter())]


def found(case: dict[str, Any]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Stops and gaps as minutes of the hour, from – to."""
    events = told(case)

    def spans(kind: type[StopEnded] | type[Gap]) -> list[tuple[str, str]]:
        return [(f"{event.began_at:%M}", f"{event.at:%M}") for event in events if isinstance(event, kind)]

    return spans(StopEnded), spans(Gap)


@pytest.mark.parametrize(
    ("name", "stops", "gaps"),
    [
        # Traccar's stop lasts until the first moving position, minute 2; ours until the last standing one.
        ("testDetectTripsSimple", [("00", "01"), ("05", "25")], []),
        # There the ignition ends the trip at minute 5, where the standstill begins anyway; here it only tells idling.
        ("testDetectTripsSimpleWithIgnition", [("00", "01"), ("05", "25")], []),
        # One standing position between moving ones at minute 7 cuts neither.
        ("testDetectTripsWithFluctuation", [("00", "01"), ("09", "29")], []),
        ("testDetectStopsWithFluctuation", [("00", "01"), ("09", "29")], []),
        ("testDetectStopsWithTripCut", [("00", "05")], []),
        ("testDetectStopsMoving", [], []),
        # 19 minutes of a moving unit without a position end Traccar's trip; to us they are a gap.
        ("testDetectTripByGap", [], [("04", "23")]),
    ],
)
def test_stops_and_gaps(name: str, stops: list[tuple[str, str]], gaps: list[tuple[str, str]]) -> None:
    case = next(one for one in STOPS if one["name"] == name)

    assert found(case) == (stops, gaps)


@pytest.mark.parametrize(
    "name", ["testDetectTripsSimple", "testDetectTripsSimpleWithIgnition", "testDetectTripsWithFluctuation"]
)
def test_what_traccar_calls_a_trip_is_the_way_between_two_stops(name: str) -> None:
    case = next(one for one in STOPS if one["name"] == name)
    events = told(case)
    before, after = [event for event in events if isinstance(event, StopEnded)]
    [trip] = case["expected"]
    times = [parse_instant(position["time"]) for position in case["positions"]]

    assert after.began_at == parse_instant(trip["EndTime"])
    # Its first moving position there; the last standing one before it here.
    assert before.at == times[times.index(parse_instant(trip["StartTime"])) - 1]
    [driven] = [event.driven for event in events if isinstance(event, TripDriven)]
    assert driven.distance_m == pytest.approx(trip["Distance"], rel=0.001)
    assert driven.idling_s == (0.0 if "Ignition" in name else None)
