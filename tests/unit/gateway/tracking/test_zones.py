"""Zones: what is inside, when a border is crossed, and shapes that are none."""

from __future__ import annotations

import msgspec
import pytest

from contract.places import ZoneKind
from gateway.tracking.events import Event, ZoneDwelt, ZoneEntered, ZoneLeft
from gateway.tracking.geojson import ZoneError, zones_of
from gateway.tracking.plan import Plan
from gateway.tracking.shapes import Area, Circle, Corridor, Shape, Zone
from gateway.tracking.zones import ZoneSet
from tests.unit.gateway.tracking.worlds import HOME, METRE_E7, NINE, drive, fix, north, run

EAST_E7 = METRE_E7 * 2.0096  # at 60.17 degrees north


def at(north_m: float, east_m: float) -> tuple[int, int]:
    return HOME[0] + round(north_m * METRE_E7), HOME[1] + round(east_m * EAST_E7)


def square(half_m: float) -> tuple[tuple[int, int], ...]:
    return tuple(at(n, e) for n, e in [(-half_m, -half_m), (-half_m, half_m), (half_m, half_m), (half_m, -half_m)])


def one(shape: Shape) -> ZoneSet:
    return ZoneSet((Zone(zone_id="z", kind=ZoneKind.PROHIBITED, shape=shape),))


CIRCLE = one(Circle(lat_e7=HOME[0], lon_e7=HOME[1], radius_m=300))
RING = one(Area(polygons=((square(300), square(100)),)))
ROAD = one(Corridor(line=(at(0, -500), at(0, 500)), half_width_m=300))


def told(zones: ZoneSet, fixes: list) -> list[Event]:  # type: ignore[type-arg]
    world = Plan(
        vehicle_id="v", premises_id="", premises_lat_e7=None, premises_lon_e7=None, zones=zones, without_trips=True
    )
    return [event for event in run(fixes, world)[1] if isinstance(event, ZoneEntered | ZoneLeft | ZoneDwelt)]


@pytest.mark.parametrize(
    ("zones", "north_m", "away_m"),
    [(CIRCLE, 290, -10), (CIRCLE, 310, 10), (RING, 290, -10), (RING, 310, 10), (RING, 90, 10), (RING, 110, -10),
     (ROAD, 290, -10), (ROAD, 310, 10), (ROAD, -295, -5)],
)  # fmt: skip
def test_distance_to_a_border_is_negative_inside(zones: ZoneSet, north_m: float, away_m: float) -> None:
    assert zones.away_m("z", *at(north_m, 3)) == pytest.approx(away_m, abs=0.5)


@pytest.mark.parametrize(
    ("zones", "north_m", "inside"), [(CIRCLE, 0, True), (RING, 0, False), (RING, 200, True), (CIRCLE, 900, False)]
)
def test_far_from_the_border_only_the_side_is_known(zones: ZoneSet, north_m: float, *, inside: bool) -> None:
    away_m = zones.away_m("z", *at(north_m, 0))

    assert away_m == (float("-inf") if inside else float("inf"))


def test_every_point_is_on_the_side_that_shapely_says() -> None:
    star = tuple(
        at(n, e) for n, e in [(0, 300), (60, 60), (300, 0), (60, -60), (0, -300), (-60, -60), (-300, 0), (-60, 60)]
    )
    zones = one(Area(polygons=((star, square(40)),)))
    outline = zones._outlines["z"]

    for n in range(-320, 321, 16):
        for e in range(-320, 321, 16):
            away_m = zones.away_m("z", *at(n + 0.3, e + 0.2))
            assert away_m is not None
            assert (away_m < 0) == outline.holds(*at(n + 0.3, e + 0.2))


def test_a_border_is_crossed_between_two_fixes_where_the_way_cuts_it() -> None:
    entered, left = told(CIRCLE, drive((100, -1000, 1000)))

    assert isinstance(entered, ZoneEntered)
    assert isinstance(left, ZoneLeft)
    # 20 m/s from 1,000 m south: the border is met after 700 m.
    assert (entered.at - NINE).total_seconds() == pytest.approx(35, abs=0.05)
    assert (left.at - NINE).total_seconds() == pytest.approx(65, abs=0.05)
    assert left.entered_at == entered.at


def test_through_a_ring_it_is_entered_and_left_twice() -> None:
    kinds = [type(event) for event in told(RING, drive((200, -1000, 1000)))]

    assert kinds == [ZoneEntered, ZoneLeft, ZoneEntered, ZoneLeft]


def test_one_wild_fix_enters_nothing() -> None:
    fixes = drive((60, 400, 400))
    fixes[30] = fix(30, north(290), speed_mps=0.0)

    assert told(CIRCLE, fixes) == []


def test_a_vehicle_first_seen_inside_has_entered_and_dwells_once() -> None:
    entered, dwelt, left = told(CIRCLE, drive((700, 0, 0), (60, 0, 600)))

    assert isinstance(entered, ZoneEntered)
    assert entered.first_seen
    assert isinstance(dwelt, ZoneDwelt)
    assert (dwelt.at - dwelt.entered_at).total_seconds() == 300
    assert isinstance(left, ZoneLeft)


def test_over_a_gap_no_time_of_crossing_is_made_up() -> None:
    fixes = [*drive((30, 1000, 900)), *(fix(500 + second, north(0), speed_mps=0.0) for second in range(5))]

    (entered,) = told(CIRCLE, fixes)

    assert entered.at == fixes[30].fixed_at


def test_a_receiver_that_wanders_over_a_border_while_parked_flaps_nothing() -> None:
    parked = [fix(second, north(300 + (9 if second // 20 % 2 else -12)), speed_mps=0.0) for second in range(40, 600)]
    calm = [fix(second, north(288), speed_mps=0.0) for second in range(40)]

    events = told(CIRCLE, [*calm, *parked])

    assert [type(event) for event in events if not isinstance(event, ZoneDwelt)] == [ZoneEntered]


@pytest.mark.parametrize(
    ("geometry", "properties", "why"),
    [
        ({"type": "Point", "coordinates": [24, 60]}, {}, "radius_m"),
        ({"type": "Point", "coordinates": [24, 95]}, {"radius_m": 5}, "no position"),
        ({"type": "LineString", "coordinates": [[24, 60], [25, 60]]}, {"half_width_m": -1}, "half_width_m"),
        ({"type": "MultiPoint", "coordinates": []}, {}, "none of Polygon"),
        ({"type": "Polygon", "coordinates": "x"}, {}, "no list"),
        ({"type": "Point", "coordinates": [24, 60]}, {"radius_m": 5, "kind": "castle"}, "castle"),
    ],
)
def test_what_is_no_zone_is_named(geometry: dict[str, object], properties: dict[str, object], why: str) -> None:
    with pytest.raises(ZoneError, match=why):
        zones_of({"type": "Feature", "id": "a", "properties": properties, "geometry": geometry})


def test_a_border_that_crosses_itself_is_refused_by_name() -> None:
    bow = {"type": "Polygon", "coordinates": [[[24, 60], [25, 61], [25, 60], [24, 61], [24, 60]]]}
    zones = zones_of({"type": "Feature", "properties": {"name": "bow"}, "geometry": bow})

    with pytest.raises(ValueError, match="zone bow: self-intersection"):
        ZoneSet(zones)


def test_zones_survive_being_written_down() -> None:
    assert msgspec.json.decode(msgspec.json.encode(RING.zones), type=tuple[Zone, ...]) == RING.zones
