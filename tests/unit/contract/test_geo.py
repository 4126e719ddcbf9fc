"""Distances and bearings against values that others have published."""

from __future__ import annotations

import pytest

from contract.geo import EARTH_RADIUS_M, bearing_deg, distance_m, from_e7, to_e7

HELSINKI = (601_699_000, 249_384_000)
TALLINN = (594_370_000, 247_536_000)


def test_a_degree_along_the_equator_is_a_360th_of_the_circumference() -> None:
    # 2 pi R / 360 with R1 = 6 371 008.8 m
    assert distance_m(0, 0, 0, 10_000_000) == pytest.approx(111_195.08, abs=0.01)
    assert distance_m(0, 0, 10_000_000, 0) == pytest.approx(111_195.08, abs=0.01)


def test_geodesics_are_met_within_the_error_of_the_sphere() -> None:
    # Helsinki to Tallinn on the WGS 84 ellipsoid by Vincenty's formula.
    assert distance_m(*HELSINKI, *TALLINN) == pytest.approx(82_307.8, rel=0.006)
    # Flinders Peak to Buninyong, Geocentric Datum of Australia Technical Manual, chapter 4: 54 972.271 m (GRS 80).
    flinders, buninyong = (-379_510_334, 1_444_248_679), (-376_528_211, 1_439_264_955)
    assert distance_m(*flinders, *buninyong) == pytest.approx(54_972.271, rel=0.006)
    assert bearing_deg(*flinders, *buninyong) == pytest.approx(306.868, abs=0.2)


def test_a_metre_is_a_metre_at_our_latitude() -> None:
    # 1e-5 degree of latitude is 1.112 m; east-west it is cos(60.17 deg) of that
    assert distance_m(601_700_000, 249_400_000, 601_700_100, 249_400_000) == pytest.approx(1.112, abs=0.001)
    assert distance_m(601_700_000, 249_400_000, 601_700_000, 249_400_100) == pytest.approx(0.5531, abs=0.001)


def test_no_distance_to_itself_and_half_the_earth_to_the_other_side() -> None:
    assert distance_m(*HELSINKI, *HELSINKI) == 0
    assert distance_m(0, 0, 0, 1_800_000_000) == pytest.approx(3.141592653589793 * EARTH_RADIUS_M)
    assert distance_m(0, 1_799_999_000, 0, -1_799_999_000) == pytest.approx(22.24, abs=0.01)


@pytest.mark.parametrize(
    ("to", "bearing"),
    [((1, 0), 0), ((0, 1), 90), ((-1, 0), 180), ((0, -1), 270)],
)
def test_bearings_count_clockwise_from_north(to: tuple[int, int], bearing: float) -> None:
    assert bearing_deg(0, 0, to[0] * 10_000, to[1] * 10_000) == pytest.approx(bearing, abs=1e-6)


def test_degrees_round_to_the_nearest_e7() -> None:
    assert to_e7(60.16990004) == 601_699_000
    assert to_e7(-0.00000005000001) == -1
    assert from_e7(to_e7(24.9384)) == 24.9384
