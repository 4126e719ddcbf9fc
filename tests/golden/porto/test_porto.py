"""What the engine finds in the Porto recordings against their exact truth."""

from __future__ import annotations

import gzip
from collections import defaultdict
from functools import cache

import msgspec
import pytest

from benchmarks.tracking.scores import Crossing, Stand, score_crossings, score_stops
from contract.reasons import StopReason
from gateway.tracking.events import (
    Arrived,
    DeviationEnded,
    Event,
    Gap,
    Left,
    StopEnded,
    TripDriven,
    ZoneEntered,
    ZoneLeft,
)  # fmt: skip
from tests.golden.porto.truth import (
    HERE,
    events,
    fixes,
    instant,
    plan,
    plan_with_drops,
    rows,
    true_crossings,
    true_stops,
    zone_set,
)  # fmt: skip
from waybill.detection.plans import PlanFile, plan_of


@cache
def of_vans(*, speeds: bool) -> dict[str, list[Event]]:
    vans = fixes("vans.csv.gz", speeds=speeds)
    return {van: events(van, plan(van, zones=zone_set()), speeds=speeds) for van in vans}


def stands(found: dict[str, list[Event]], *reasons: StopReason) -> list[Stand]:
    return [
        Stand(van, event.began_at, event.at)
        for van, told in found.items()
        for event in told
        if isinstance(event, StopEnded) and (not reasons or event.reason in reasons)
    ]


speeds = pytest.mark.parametrize("speeds", [True, False], ids=["speeds", "no-speeds"])


@speeds
@pytest.mark.parametrize("least_s", [120, 300])
def test_long_stops_are_found_and_no_others_none_in_two(least_s: int, *, speeds: bool) -> None:
    score = score_stops(true_stops(), stands(of_vans(speeds=speeds)), least_s)

    assert score.recall >= 0.98
    assert score.precision >= 0.98
    assert score.split == 0
    assert score.start_median_s is not None
    assert score.start_median_s <= 5
    assert score.end_median_s is not None
    assert score.end_median_s <= 5


@speeds
def test_short_stops_are_found(*, speeds: bool) -> None:
    assert score_stops(true_stops(), stands(of_vans(speeds=speeds)), 45).recall >= 0.95


@speeds
def test_with_the_drops_in_the_plan_deliveries_are_told_from_waits_at_lights(*, speeds: bool) -> None:
    found = {van: events(van, plan_with_drops(van), speeds=speeds) for van in fixes("vans.csv.gz")}

    deliveries = score_stops(true_stops(), stands(found, StopReason.DELIVERY), 45)
    others = score_stops(true_stops(), stands(found, StopReason.TRAFFIC, StopReason.UNEXPLAINED), 0)

    assert deliveries.recall >= 0.95
    assert deliveries.precision >= 0.95
    assert others.right == 0


def test_each_van_arrives_at_its_drops_and_leaves_them() -> None:
    for van in fixes("vans.csv.gz"):
        drops = {drop.drop_id for trip in plan_with_drops(van).trips for drop in trip.drops}
        told = defaultdict(list)
        for event in events(van, plan_with_drops(van)):
            if isinstance(event, Arrived | Left):
                told[event.drop_id].append(type(event))
        assert set(told) == drops
        assert all(kinds in ([Arrived, Left], [Arrived]) for kinds in told.values())


@speeds
def test_zone_events_come_once_at_their_time_and_none_flaps(*, speeds: bool) -> None:
    found = [
        Crossing(van, event.zone_id, isinstance(event, ZoneEntered), event.at)
        for van, told in of_vans(speeds=speeds).items()
        for event in told
        if isinstance(event, ZoneEntered | ZoneLeft)
    ]
    truth = true_crossings()

    score = score_crossings(truth, found)

    assert score.extra == ()
    assert score.median_s is not None
    assert score.median_s <= 1
    # The noise is 4 m; a corner cut in passing, or a second beyond the border, is less than that.
    assert all(_passing(one, truth) for one in score.missed)
    assert score.once >= 234


def _passing(one: Crossing, truth: list[Crossing]) -> bool:
    """Whether the true vehicle was on this side of the border for ten seconds at most, before or after."""
    near = [abs((other.at - one.at).total_seconds()) for other in truth
            if (other.vehicle, other.zone) == (one.vehicle, one.zone) and other.entered != one.entered]  # fmt: skip
    return min(near) <= 10


def test_every_deviating_car_is_found_and_no_other() -> None:
    planned = msgspec.json.decode(gzip.decompress((HERE / "cars_plan.json.gz").read_bytes()), type=PlanFile)
    true_spans = [
        Stand(row["vehicle"], instant(row["start"]), instant(row["end"]))
        for row in rows("deviation_truth.csv")
        if row["threshold_m"] == "50"
    ]
    found = [
        (Stand(car, event.began_at, event.at), event)
        for car in fixes("cars.csv.gz")
        for event in events(car, plan_of(car, planned, None), name="cars.csv.gz")
        if isinstance(event, DeviationEnded)
    ]

    assert {span.vehicle for span, _ in found} == {"car1", "car3", "car5", "car7"}
    worst = {
        row["vehicle"]: float(row["max_dist_m"]) for row in rows("deviation_truth.csv") if row["threshold_m"] == "100"
    }
    for span, event in found:
        same = next(one for one in true_spans if one.vehicle == span.vehicle and one.shared_s(span) > 0)
        assert abs((span.start - same.start).total_seconds()) <= 2
        assert abs((span.end - same.end).total_seconds()) <= 2
        assert event.returned
    assert max(event.worst_m for _, event in found) == pytest.approx(1011, abs=5)
    assert set(worst) == {span.vehicle for span, _ in found}


@speeds
def test_distance_and_standing_time_are_those_of_the_trip(*, speeds: bool) -> None:
    truth = {row["vehicle"]: row for row in rows("trips_truth.csv")}
    for van, told in of_vans(speeds=speeds).items():
        if van not in truth:
            continue  # still driving when the recording ends
        driven = next(event.driven for event in told if isinstance(event, TripDriven))
        stood_s = float(truth[van]["stop_time_s"]) + float(truth[van]["waiting_s"])
        assert driven.distance_m == pytest.approx(float(truth[van]["route_length_m"]), rel=0.02)
        assert driven.stopped_s == pytest.approx(stood_s, rel=0.1)
        assert driven.coverage_pct == 100


def test_a_recording_without_holes_has_no_gap() -> None:
    assert not [event for told in of_vans(speeds=True).values() for event in told if isinstance(event, Gap)]
