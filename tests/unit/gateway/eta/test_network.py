"""Ways along streets: arithmetic that can be done by hand."""

from __future__ import annotations

import math
from importlib.resources import files
from random import Random

import numpy as np
import pytest

from firmware_bridge.sim.polyline import Place, between, distance_m
from firmware_bridge.sim.streets import Streets as SimulatorsStreets
from gateway.eta.network import Network, NetworkError, Reversed
from gateway.eta.street_ways import LIGHT_S
from tests.unit.gateway.eta.streets import STEP_E7, STEP_M, square


def free_flow(network: Network) -> Reversed:
    wait_s = np.where(network.ends_at_light, LIGHT_S, 0.0)
    return network.turned_round(network.length_m / network.speed_mps, wait_s)


def seconds(network: Network, here: tuple[int, int], there: tuple[int, int], course_deg: float | None = None) -> float:
    at_cost = free_flow(network)
    start, end = network.spot(*here, course_deg), network.spot(*there)
    assert start is not None
    assert end is not None
    return network.seconds_between(start, end, network.times_to(end, at_cost), at_cost)


def test_the_shortest_way_is_taken_and_one_way_streets_are_not_driven_back() -> None:
    north_east = (10 * STEP_E7, 10 * STEP_E7)

    there = seconds(square(), (0, 0), north_east)
    back = seconds(square(), north_east, (0, 0))

    assert there == pytest.approx(10 * STEP_M * math.sqrt(2) / 10, rel=0.01)
    assert back == pytest.approx(20 * STEP_M / 10, rel=0.01)


def test_on_one_street_only_the_piece_between_counts() -> None:
    assert seconds(square(), (0, 2 * STEP_E7), (0, 7 * STEP_E7)) == pytest.approx(5 * STEP_M / 10, rel=0.01)
    assert seconds(square(), (0, 7 * STEP_E7), (0, 2 * STEP_E7)) == pytest.approx(5 * STEP_M / 10, rel=0.01)


def test_who_heads_the_other_way_has_to_go_round() -> None:
    east = seconds(square(), (0, 2 * STEP_E7), (0, 7 * STEP_E7), 90.0)
    west = seconds(square(), (0, 2 * STEP_E7), (0, 7 * STEP_E7), 270.0)

    assert east == pytest.approx(5 * STEP_M / 10, rel=0.01)
    # To the corner, and from there back along the same street: there is no turning in the middle.
    assert west == pytest.approx((2 + 7) * STEP_M / 10, rel=0.01)


def test_a_light_costs_its_wait() -> None:
    plain, lit = (
        seconds(square(light=light), (0, 9 * STEP_E7), (1 * STEP_E7, 10 * STEP_E7)) for light in (False, True)
    )

    assert lit - plain == pytest.approx(LIGHT_S)


def test_far_from_every_street_is_not_on_the_map() -> None:
    assert square().spot(-5 * STEP_E7, 5 * STEP_E7) is None
    assert square().spot(-1 * STEP_E7, 5 * STEP_E7) is not None


def test_a_limit_leaves_far_places_out() -> None:
    network = square()
    end = network.spot(0, 0)
    assert end is not None

    near = network.times_to(end, free_flow(network), limit_s=120.0)

    assert np.isfinite(near).tolist() == [True, True, False, True]


@pytest.mark.parametrize("data", [b"", b"{}", b"\x1f\x8bnot gzip", b'{"v":2,"nodes":[],"lights":[],"streets":[]}'])
def test_what_is_no_map_is_refused(data: bytes) -> None:
    with pytest.raises(NetworkError, match="waybill map build"):
        Network.from_bytes(data)


def test_ways_agree_with_the_simulators_own_search() -> None:
    """Two programs over one map of real streets: arrays here, A* over objects there."""
    data = files("waybill.demo").joinpath("map", "streets.json.gz").read_bytes()
    network, streets, chance = Network.from_bytes(data), SimulatorsStreets.from_bytes(data), Random(7)
    at_cost = free_flow(network)

    for _ in range(25):
        a, b = (between(*arc.points[:2], 0.4) for arc in chance.sample(streets.arcs, 2))
        start, end = (network.spot(round(one.lat_deg * 1e7), round(one.lon_deg * 1e7)) for one in (a, b))
        assert start is not None
        assert end is not None
        ours = network.seconds_between(start, end, network.times_to(end, at_cost), at_cost)
        assert ours == pytest.approx(_simulators_s(streets, a, b), abs=2.0)


def _simulators_s(streets: SimulatorsStreets, a: Place, b: Place) -> float:
    way = streets.route(a, b)
    pieces = zip(way.points, way.points[1:], way.limits_mps, strict=False)
    return sum(distance_m(p, q) / limit for p, q, limit in pieces) + LIGHT_S * len(way.lights_m)
