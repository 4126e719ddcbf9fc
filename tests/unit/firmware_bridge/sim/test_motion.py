"""The laws of a van's motion: limits, accelerations, places. Knows nothing of sentences."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.sim.motion import ACCELERATION_MPS2, BRAKING_MPS2, Halt, corner_mps, halts, motion
from firmware_bridge.sim.polyline import METRES_PER_DEG, Place, Polyline, distance_m, polyline

STEPS_M = st.tuples(st.integers(-120, 120), st.integers(-120, 120)).filter(lambda step: step != (0, 0))


@st.composite
def lines(draw: st.DrawFn) -> Polyline:
    """A line of some bends with a speed limit for each piece, on the equator where a degree is a degree."""
    points = [Place(0.0, 0.0)]
    for east_m, north_m in draw(st.lists(STEPS_M, min_size=1, max_size=12)):
        last = points[-1]
        points.append(Place(last.lat_deg + north_m / METRES_PER_DEG, last.lon_deg + east_m / METRES_PER_DEG))
    limits = draw(st.lists(st.sampled_from([2.8, 5.6, 8.3, 11.1, 13.9]), min_size=len(points) - 1,
                           max_size=len(points) - 1))  # fmt: skip
    inner = frozenset(range(1, len(points) - 1))
    return polyline(points, limits, lights=inner)


@settings(max_examples=150, deadline=None)
@given(lines(), st.integers(0, 1000))
def test_van_keeps_limits_and_accelerates_within_bounds(line: Polyline, seed: int) -> None:
    moves = motion(line, halts(line, Random(seed)))

    previous_mps = 0.0
    for tick in range(int(moves.duration_s * 4)):
        along_m, speed_mps, _ = moves.at(tick / 4)
        assert -1e-6 <= along_m <= line.length_m + 1e-6
        near = [
            limit
            for (start_m, end_m), limit in zip(pairwise(line.along_m), line.limits_mps, strict=True)
            if start_m - 1e-6 <= along_m <= end_m + 1e-6
        ]
        assert speed_mps <= max(near) + 1e-6
        change = (speed_mps - previous_mps) * 4
        assert -BRAKING_MPS2 - 1e-6 <= change <= ACCELERATION_MPS2 + 1e-6
        previous_mps = speed_mps


@settings(max_examples=100, deadline=None)
@given(lines(), st.integers(0, 1000))
def test_distance_is_speed_times_time_and_ends_at_the_end(line: Polyline, seed: int) -> None:
    moves = motion(line, halts(line, Random(seed)), pace=0.9)

    for start_s, end_s in pairwise([*moves.starts_s, moves.duration_s]):
        before_m, before_mps, _ = moves.at(start_s)
        after_m, after_mps, _ = moves.at(end_s)
        assert after_m - before_m == pytest.approx((before_mps + after_mps) / 2 * (end_s - start_s), abs=1e-6)
    assert moves.at(moves.duration_s)[0] == pytest.approx(line.length_m, abs=1e-6)
    assert moves.at(moves.duration_s)[1] == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(lines(), st.floats(0.0, 1.0))
def test_every_place_of_the_way_is_on_the_line(line: Polyline, share: float) -> None:
    lat_deg, lon_deg, _ = line.at(share * line.length_m)

    assert line.distance_m(Place(lat_deg, lon_deg)) < 0.01


def test_van_waits_where_it_is_told_and_as_long() -> None:
    line = polyline([Place(0.0, 0.0), Place(0.0, 0.01)], [10.0])

    moves = motion(line, [Halt(500.0, 30.0)])

    waiting_s = sum(moves.at(tick / 10)[2] for tick in range(int(moves.duration_s * 10))) / 10
    assert waiting_s == pytest.approx(30.0, abs=0.2)
    assert moves.duration_s > motion(line).duration_s + 30.0


def test_held_up_vehicle_stands_once_for_that_long() -> None:
    line = polyline([Place(0.0, 0.0), Place(0.0, 0.01)], [10.0])

    stops = halts(line, Random(1), held_up_s=600.0)

    assert [halt.wait_s for halt in stops] == [600.0]
    assert 0.29 * line.length_m < stops[0].along_m < 0.71 * line.length_m


def test_signals_of_one_junction_are_one_wait() -> None:
    points = [Place(0.0, k * 10 / METRES_PER_DEG) for k in range(30)]
    line = polyline(points, [10.0] * 29, lights=frozenset(range(10, 14)))

    waits = [len(halts(line, Random(seed))) for seed in range(50)]

    assert max(waits) == 1


def test_sharper_corners_are_slower() -> None:
    speeds = [corner_mps(turn_deg) for turn_deg in (5.0, 30.0, 90.0, 150.0, 180.0)]

    assert speeds == sorted(speeds, reverse=True)
    assert 3.0 < corner_mps(90.0) < 5.0
    assert corner_mps(-90.0) == pytest.approx(corner_mps(90.0))
    assert corner_mps(350.0) == pytest.approx(corner_mps(10.0))


def test_points_on_top_of_each_other_are_one() -> None:
    line = polyline([Place(1.0, 1.0), Place(1.0, 1.0), Place(1.0, 1.001)], [5.0, 6.0])

    assert line.limits_mps == (6.0,)
    assert distance_m(line.points[0], line.points[1]) == pytest.approx(line.length_m)
