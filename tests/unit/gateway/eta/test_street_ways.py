"""Ways of a fleet: streets, hours, conditions, doors, and straight lines beyond the map."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from gateway.dispatch.estimate import STRAIGHT, Door, Source
from gateway.eta.conditions import ByTime, Condition, slowed_arcs
from gateway.eta.door_times import DoorTimes, Visits
from gateway.eta.paces import UNLEARNED, Driven, Paces, cell_of
from gateway.eta.street_ways import FleetWays, Knowledge, Streets
from tests.fixtures.gateway import NOON
from tests.unit.gateway.eta.streets import STEP_E7, STEP_M, square

HOUR = timedelta(hours=1)
WEST, EAST = (0, 1 * STEP_E7), (0, 9 * STEP_E7)
FREE_S = 8 * STEP_M / 10


def ways(*conditions: Condition, paces: Paces | None = None, streets: Streets | None = None) -> FleetWays:
    known = Knowledge(tz="UTC", street_paces=paces or Paces(()), conditions=conditions)
    return FleetWays(known, streets or Streets(square()))


def road(share: float, name: str = "south street", to_hours: float | None = None) -> Condition:
    to_at = None if to_hours is None else NOON + to_hours * HOUR
    return Condition(id=UUID(int=1), from_at=NOON, to_at=to_at, speed_share=share, road=name)


def test_streets_take_what_is_usual_until_it_was_learned() -> None:
    plain = ways().way(WEST, EAST, NOON)
    taught = ways(paces=Paces([Driven(*cell_of(0, 0), 12, 2e6, 1e6)])).way(WEST, EAST, NOON)

    assert (plain.seconds, plain.source) == (pytest.approx(FREE_S * UNLEARNED, rel=0.01), Source.STREET)
    assert (taught.seconds, taught.source) == (pytest.approx(FREE_S * 2, rel=0.02), Source.LEARNED)


def test_the_hour_is_that_of_setting_out() -> None:
    paces = Paces([Driven(*cell_of(0, 0), hour, (3 if hour == 17 else 1) * 1e6, 1e6) for hour in range(24)])

    assert (
        ways(paces=paces).way(WEST, EAST, NOON + 5 * HOUR).seconds > 2 * ways(paces=paces).way(WEST, EAST, NOON).seconds
    )


def test_a_slow_road_takes_longer_as_long_as_it_holds() -> None:
    slow = ways(road(0.5, to_hours=1))

    assert slow.way(WEST, EAST, NOON).seconds == pytest.approx(2 * FREE_S * UNLEARNED, rel=0.01)
    assert slow.way(WEST, EAST, NOON + HOUR).seconds == pytest.approx(FREE_S * UNLEARNED, rel=0.01)


def test_a_closed_road_is_gone_round() -> None:
    beyond = (2 * STEP_E7, 0), (2 * STEP_E7, 10 * STEP_E7)
    free, closed = ways().way(*beyond, NOON).seconds, ways(road(0.0)).way(*beyond, NOON).seconds

    # South to the corner, along the diagonal, south again; by the closed road it is 14.
    assert closed / free == pytest.approx((2 + 200**0.5 + 8) / 14, rel=0.02)


@pytest.mark.parametrize(
    "area",
    [
        {"geometry": {"type": "Point", "coordinates": [0.005, 0.0]}, "radius_m": 600.0},
        {"geometry": {"type": "Polygon", "coordinates": [[[0.004, -0.001], [0.006, -0.001], [0.006, 0.001],
                                                          [0.004, 0.001], [0.004, -0.001]]]}},
    ],
)  # fmt: skip
def test_an_area_slows_its_streets_and_straight_lines_through_it(area: dict[str, object]) -> None:
    jam = Condition(id=UUID(int=2), from_at=NOON, to_at=None, speed_share=0.25, **area)  # type: ignore[arg-type]
    beyond_map = FleetWays(Knowledge(tz="UTC", conditions=(jam,)), None)

    assert ways(jam).way(WEST, EAST, NOON).seconds > 1.5 * ways().way(WEST, EAST, NOON).seconds
    assert beyond_map.way(WEST, EAST, NOON).seconds > 1.2 * STRAIGHT.way(WEST, EAST, NOON).seconds


@pytest.mark.parametrize("radius_m", [0.0, 300.0, 556.0, 900.0, 5000.0])
def test_a_circle_reaches_as_far_for_all_streets_at_once_as_for_each(radius_m: float) -> None:
    center = {"type": "Point", "coordinates": [0.005, 0.0]}
    jam = Condition(
        id=UUID(int=2), from_at=NOON, to_at=None, speed_share=0.5, geometry=center, radius_m=radius_m
    )  # fmt: skip
    network = square()

    one_by_one = [2.0 if jam.covers(*place) else 1.0 for place in zip(*network.middles_e7(), strict=True)]

    assert slowed_arcs(network, [jam]).tolist() == one_by_one


def test_what_holds_changes_where_a_condition_begins_or_ends() -> None:
    first, second = road(0.5, to_hours=1), road(0.5, "north street")
    second = msgspec.structs.replace(second, id=UUID(int=2), from_at=NOON + HOUR / 2)
    known = ByTime([first, second])
    moment = timedelta(microseconds=1)

    for _ in range(2):
        assert known.at(NOON - moment) == ()
        assert known.at(NOON) == known.at(NOON + HOUR / 2 - moment) == (first,)
        assert known.at(NOON + HOUR / 2) == known.at(NOON + HOUR - moment) == (first, second)
        assert known.at(NOON + HOUR) == (second,)


def test_beyond_the_map_lines_are_straight() -> None:
    far = (90 * STEP_E7, 0)

    way = ways().way(WEST, far, NOON)

    assert (way.seconds, way.source) == (pytest.approx(STRAIGHT.way(WEST, far, NOON).seconds), Source.DISTANCE)


def test_what_was_computed_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    streets = Streets(square())
    first = ways(streets=streets).way(WEST, EAST, NOON)
    monkeypatch.setattr(streets.network, "times_to", None)

    assert ways(streets=streets).way(WEST, EAST, NOON) == first


def test_a_door_is_known_by_its_own_visits_then_by_those_of_the_premises() -> None:
    here, other = (Door(UUID(int=n), 0, n * STEP_E7, NOON, NOON + HOUR) for n in (1, 2))
    times = DoorTimes(Visits(1000, 120.0), {(0, STEP_E7): Visits(100, 600.0)})

    assert times.at_door_s(here) == pytest.approx(600, rel=0.05)
    assert times.at_door_s(other) == pytest.approx(120, rel=0.05)
    assert DoorTimes().at_door_s(other) == 300.0
    assert DoorTimes(Visits(1, 1800.0)).at_door_s(other) < 400
