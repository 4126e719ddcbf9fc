"""The road graph: what is kept of an extract's ways, and in which form. Reads no extract."""

from __future__ import annotations

import msgspec
import pytest

from firmware_bridge.sim.polyline import Place
from firmware_bridge.sim.streets import Streets
from waybill.maps.extract import Extract, MapError, Way
from waybill.maps.geometry import Box
from waybill.maps.road_graph import road_graph, strongly_connected


def way(*nodes: int, both: bool = True, against: bool = False, tunnel: bool = False, name: str = "Road") -> Way:
    return Way(nodes=nodes, speed_kmh=36, forward=not against, backward=both or against, name=name, tunnel=tunnel)


def extract(*ways: Way, lights: frozenset[int] = frozenset()) -> Extract:
    """Nodes 0, 1, 2 … stand 100 m apart on one line."""
    points = {node: (600_000_000, 250_000_000 + node * 18_000) for one in ways for node in one.nodes}
    return Extract(box=Box(24.0, 59.0, 26.0, 61.0), points=points, lights=set(lights), ways=list(ways))


def test_streets_reads_what_was_made() -> None:
    graph, _ = road_graph(extract(way(0, 1, 2, 3), way(2, 4), lights=frozenset({1})))

    streets = Streets.from_bytes(msgspec.json.encode(graph))

    assert len(streets.arcs) == 8  # 0-1 with a light at 1, 1-2, 2-3, 2-4, each in both directions
    assert streets.lights == {1}
    assert streets.route(Place(60.0, 25.0), Place(60.0, 25.0054)).length_m == pytest.approx(300.2, abs=0.5)


def test_dead_ends_of_one_way_streets_are_left_out() -> None:
    assert strongly_connected([way(0, 1), way(1, 2), way(2, 3, both=False), way(5, 0, both=False)]) == {0, 1, 2}


def test_circle_of_one_way_streets_is_one_part() -> None:
    assert strongly_connected([way(0, 1, both=False), way(1, 2, both=False), way(2, 0, both=False)]) == {0, 1, 2}


def test_largest_part_wins_however_deep_it_is() -> None:
    long = [way(i, i + 1) for i in range(5000)]

    assert len(strongly_connected([*long, way(9000, 9001)])) == 5001


def test_street_against_its_drawing_is_turned() -> None:
    graph, _ = road_graph(extract(way(0, 1, both=False, against=True), way(0, 2, both=False), way(2, 1, both=False)))

    assert sorted(row[:2] for row in graph["streets"]) == [[0, 2], [1, 0], [2, 1]]


def test_tunnels_are_named_by_their_rows() -> None:
    graph, _ = road_graph(extract(way(0, 1), way(1, 2, tunnel=True)))

    assert graph["tunnels"] == [1]
    streets = Streets.from_bytes(msgspec.json.encode(graph))
    ((from_m, to_m),) = streets.route(Place(60.0, 25.0), Place(60.0, 25.0036)).tunnels_m
    assert to_m - from_m == pytest.approx(100, abs=0.5)


def test_no_streets_for_cars_is_told_with_the_way_out() -> None:
    with pytest.raises(MapError, match="take a larger one, or a larger --km"):
        road_graph(extract())
