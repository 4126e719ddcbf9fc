"""The demo's road graph and the ways found on it. Draws no map."""

from __future__ import annotations

import gzip
import heapq
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.sim.polyline import Place, distance_m
from firmware_bridge.sim.streets import Streets, StreetsError

MAP = Path(__file__).parents[4] / "waybill" / "demo" / "map"
STREETS = Streets.from_bytes((MAP / "streets.json.gz").read_bytes())
LAT_DEG = st.floats(60.1642, 60.1791)
LON_DEG = st.floats(24.9352, 24.9534)
PLACES = st.builds(Place, LAT_DEG, LON_DEG)

# Two junctions 1 km apart: a slow straight street both ways, and a fast one-way bend from the first to the second.
TWO_WAYS = {
    "v": 1,
    "nodes": [[600_000_000, 250_000_000], [600_000_000, 250_180_000]],
    "lights": [],
    "streets": [[0, 1, 1000.0, 5.0, 1, 0, []], [0, 1, 1100.0, 15.0, 0, 0, [600_010_000, 250_090_000]]],
}


def test_fast_one_way_is_taken_with_it_and_not_against_it() -> None:
    streets = Streets.from_bytes(json.dumps(TWO_WAYS).encode())
    west, east = streets.nodes

    out, back = streets.route(west, east), streets.route(east, west)

    assert set(out.limits_mps) == {15.0}
    assert len(out.points) == 3
    assert set(back.limits_mps) == {5.0}


@settings(max_examples=40, deadline=None)
@given(PLACES, PLACES)
def test_way_leads_over_streets_from_the_one_place_to_the_other(start: Place, end: Place) -> None:
    way = STREETS.route(start, end)

    assert distance_m(way.points[0], STREETS.snap(start).place) < 0.02
    assert distance_m(way.points[-1], STREETS.snap(end).place) < 0.02
    assert all(b > a for a, b in pairwise(way.along_m))
    for a, b in pairwise(way.points):
        middle = Place((a.lat_deg + b.lat_deg) / 2, (a.lon_deg + b.lon_deg) / 2)
        assert distance_m(STREETS.snap(middle).place, middle) < 0.1


@settings(max_examples=40, deadline=None)
@given(PLACES)
def test_no_street_is_nearer_than_the_one_a_place_is_put_on(place: Place) -> None:
    snapped = STREETS.snap(place)

    nearest_node_m = min(distance_m(place, node) for node in STREETS.nodes)
    assert distance_m(place, snapped.place) <= nearest_node_m + 0.01


@settings(max_examples=15, deadline=None)
@given(st.integers(0, len(STREETS.nodes) - 1), st.integers(0, len(STREETS.nodes) - 1))
def test_way_between_junctions_is_as_fast_as_a_plain_search_says(start: int, end: int) -> None:
    way = STREETS.route(STREETS.nodes[start], STREETS.nodes[end])

    drives_s = sum((b - a) / limit for (a, b), limit in zip(pairwise(way.along_m), way.limits_mps, strict=True))
    assert drives_s <= _dijkstra_s(start, end) + 15.0 * len(STREETS.lights)
    assert drives_s >= _dijkstra_s(start, end) - 0.1


def _dijkstra_s(start: int, end: int) -> float:
    """Without lights, so never longer than the way that avoids them."""
    queue, done = [(0.0, start)], set()
    while queue:
        spent_s, node = heapq.heappop(queue)
        if node == end:
            return spent_s
        if node not in done:
            done.add(node)
            for arc in STREETS.arcs:
                if arc.tail == node:
                    heapq.heappush(queue, (spent_s + arc.length_m / arc.speed_mps, arc.head))
    raise AssertionError(f"node {end} cannot be reached")


def test_place_far_from_every_street_is_put_on_the_nearest() -> None:
    snapped = STREETS.snap(Place(59.0, 24.0))

    assert snapped.place.lat_deg == pytest.approx(60.164, abs=0.001)


def test_way_from_a_place_to_itself_is_a_millimetre() -> None:
    way = STREETS.route(STREETS.nodes[5], STREETS.nodes[5])

    assert way.length_m == pytest.approx(0.001)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"v":1,"nodes":[],"lights":[],"streets":[]}',
        b'{"v":1,"nodes":[],"lights":[],"streets":[[0,1,1,1,0,0,[]]]}',
        b'{"v":1,"nodes":[[1,1],[2,2]],"lights":[],"streets":[[0,1,1,1,0,0,[7]]]}',
        b'{"v":2,"nodes":[[1,1],[2,2]],"lights":[],"streets":[[0,1,1,1,0,0,[]]]}',
        gzip.compress(b"{}")[:-9],
        b"\x1f\x8bnonsense",
    ],
)
def test_bytes_that_are_no_streets_are_refused_with_the_way_out(data: bytes) -> None:
    with pytest.raises(StreetsError, match="waybill map build"):
        Streets.from_bytes(data)


def test_every_address_of_the_demo_is_at_a_street() -> None:
    addresses = json.loads((MAP / "addresses.json").read_bytes())["addresses"]

    off_m = [distance_m(STREETS.snap(Place(a["lat"], a["lon"])).place, Place(a["lat"], a["lon"])) for a in addresses]

    assert len(addresses) >= 300
    assert len({(a["street"], a["number"]) for a in addresses}) == len(addresses)
    assert max(off_m) < 26.0


def test_basemap_can_be_drawn_and_names_its_source() -> None:
    raw = (MAP / "basemap.geojson").read_bytes()
    basemap = json.loads(raw)

    assert len(raw) < 500_000
    assert "OpenStreetMap contributors" in basemap["attribution"]
    kinds = [feature["properties"]["kind"] for feature in basemap["features"]]
    order = ["water", "park", "building", "path", "minor", "major"]
    assert kinds == sorted(kinds, key=order.index)
    assert set(kinds) == set(order)
