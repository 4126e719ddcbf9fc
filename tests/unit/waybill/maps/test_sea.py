"""Coastlines become sea on their right, islands stay land. Draws nothing."""

from __future__ import annotations

from itertools import pairwise

from waybill.maps.geometry import Box, LonLat
from waybill.maps.sea import clipped, sea_polygons, stitched

BOX = Box(0.0, 0.0, 10.0, 10.0)
# Land inside: counter-clockwise.
ISLAND: list[LonLat] = [(7.0, 2.0), (8.0, 2.0), (8.0, 3.0), (7.0, 3.0), (7.0, 2.0)]
# Northwards through the middle: the sea lies to the east.
COAST: list[LonLat] = [(5.0, 0.0), (5.0, 5.0), (5.0, 10.0)]


def area(ring: list[LonLat]) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))) / 2


def test_sea_lies_to_the_right_of_the_coast() -> None:
    (rings,) = sea_polygons([COAST], BOX)

    assert area(rings[0]) == 50.0
    assert {(10.0, 0.0), (10.0, 10.0)} <= set(rings[0])


def test_island_is_a_hole_in_its_sea() -> None:
    (rings,) = sea_polygons([ISLAND, COAST], BOX)

    assert [area(ring) for ring in rings] == [50.0, 1.0]


def test_island_without_any_other_coast_lies_in_the_open_sea() -> None:
    (rings,) = sea_polygons([ISLAND], BOX)

    assert [area(ring) for ring in rings] == [100.0, 1.0]


def test_no_coast_is_no_sea() -> None:
    assert sea_polygons([], BOX) == []


def test_coast_beyond_the_box_is_cut_at_its_edge() -> None:
    assert clipped([(5.0, -5.0), (5.0, 5.0), (5.0, 15.0)], BOX) == [[(5.0, 0.0), (5.0, 5.0), (5.0, 10.0)]]
    assert clipped([(-5.0, 1.0), (-1.0, 1.0)], BOX) == []
    assert len(clipped([(1.0, 1.0), (1.0, -2.0), (3.0, -2.0), (3.0, 1.0)], BOX)) == 2


def test_island_across_the_edge_is_land_on_this_side() -> None:
    across = [(9.0, 4.0), (12.0, 4.0), (12.0, 6.0), (9.0, 6.0), (9.0, 4.0)]

    (rings,) = sea_polygons([across], BOX)

    assert area(rings[0]) == 98.0


def test_pieces_of_one_coast_are_joined() -> None:
    assert stitched([COAST[1:], COAST[:2]]) == [COAST]
    assert stitched([ISLAND[2:], ISLAND[:3]]) == [[*ISLAND[2:], *ISLAND[1:3]]]
