"""What is put on the maps: ribbons, names, signs, views, trails and layers. Opens no browser."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from dashboard.components.fleet_map import GLIDE_MS, fleet_map
from dashboard.components.ground import ground_layers
from dashboard.components.journey import GAP, Journey, drop_kind, next_drop, trail_pieces
from dashboard.components.order_map import order_map
from dashboard.components.ribbon import ribbon
from dashboard.components.signs import CELL, mapping, sheet
from dashboard.components.street_names import street_names
from dashboard.components.view import View, fit
from dashboard.palette import DARK, LIGHT, Tones, rgb
from dashboard.van import van
from tests.fixtures.examples import (
    HELSINKI,
    MINUTE,
    NOON,
    PREMISES,
    drop_row,
    fleet_row,
    on_trip,
    order_row,
    trail_row,
)  # fmt: skip
from tests.fixtures.seed import MAP_DIR

M = 1 / 111_195.0  # one metre in degrees of latitude


def area_m2(ring: list[list[float]]) -> float:
    shrink = math.cos(math.radians(ring[0][1]))
    points = [((lon - ring[0][0]) * shrink / M, (lat - ring[0][1]) / M) for lon, lat in ring]
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairwise(points))) / 2


def test_a_straight_street_becomes_a_rectangle_with_its_ends_lengthened() -> None:
    ring = ribbon([[24.94, 60.17], [24.94, 60.17 + 100 * M]], 10.0)

    assert ring[0] == ring[-1]
    assert area_m2(ring) == pytest.approx(10 * 110, rel=0.02)


def test_a_corner_is_mitred_and_a_hairpin_does_not_fly_away() -> None:
    east = 100 * M / math.cos(math.radians(60.17))
    corner = ribbon([[24.94, 60.17], [24.94, 60.17 + 100 * M], [24.94 + east, 60.17 + 100 * M]], 8.0)
    hairpin = ribbon([[24.94, 60.17], [24.94, 60.17 + 100 * M], [24.94 + 0.5 * M, 60.17]], 8.0)

    assert area_m2(corner) == pytest.approx(8 * 208, rel=0.03)
    assert max(lat for _, lat in hairpin) < 60.17 + 108 * M


def test_a_street_of_one_place_is_no_area() -> None:
    assert ribbon([[24.94, 60.17], [24.94, 60.17]], 8.0) == []


def test_names_stand_on_streets_long_enough_and_never_upside_down() -> None:
    names = street_names(msgspec.json.decode((MAP_DIR / "basemap.geojson").read_bytes()))

    assert {"Mannerheimintie", "Aleksanterinkatu", "Esplanadinpuisto"} <= {entry["name"] for entry in names}
    assert all(-90 <= entry["angle"] <= 90 for entry in names)
    assert len({entry["name"] for entry in names if entry["kind"] != "park"}) == sum(
        entry["kind"] != "park" for entry in names
    )


@pytest.mark.parametrize("tones", [LIGHT, DARK], ids=["light", "dark"])
def test_the_sheet_is_an_image_that_holds_every_sign(tones: Tones) -> None:
    image = ET.fromstring(sheet(tones))

    assert image.tag == "{http://www.w3.org/2000/svg}svg"
    drawn = {group.get("transform") for group in image}
    assert drawn == {f"translate({cell['x']},{cell['y']})" for cell in mapping().values()}
    assert all(cell["x"] + CELL <= int(image.get("width", "0")) for cell in mapping().values())


def luminance(colour: str) -> float:
    parts = [
        part / 255 / 12.92 if part / 255 <= 0.03928 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in rgb(colour)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tones", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_signs_can_be_told_from_what_lies_under_them(tones: Tones) -> None:
    assert contrast(tones.text, tones.background) > 7
    assert contrast(tones.faint, tones.background) > 4.5
    assert contrast(tones.faint, tones.panel) > 4.5
    for sign in (tones.on_time, tones.late, tones.idle):
        assert contrast(sign, tones.land) > 3
    # Without colours late and at risk still differ.
    assert contrast(tones.late, tones.at_risk) > 1.8


def test_a_view_shows_all_places() -> None:
    view = fit([(24.93, 60.16), (24.96, 60.18)], width_px=800, height_px=600)

    assert view is not None
    assert (view.lat_deg, view.lon_deg) == pytest.approx((60.17, 24.945))
    assert 0.03 / 360 * 512 * 2**view.zoom < 800
    assert 0.02 / 360 * 512 * 2**view.zoom / math.cos(math.radians(60.17)) < 600


def test_one_place_is_not_looked_at_through_a_microscope() -> None:
    view = fit([(24.94, 60.17)])

    assert view is not None
    assert view.zoom <= 16
    assert fit([]) is None


def test_a_gap_in_the_trail_is_not_joined() -> None:
    hole = GAP.total_seconds() + 1
    pieces = trail_pieces([trail_row(0), trail_row(10), trail_row(10 + hole), trail_row(20 + hole)])

    assert [len(piece) for piece in pieces] == [2, 2]
    assert [len(piece) for piece in trail_pieces([trail_row(0), trail_row(GAP.total_seconds())])] == [2]


def test_drops_are_done_failed_next_or_still_to_come() -> None:
    drops = [
        drop_row(seq=1, milestone="delivered"),
        drop_row(seq=2, milestone="failed"),
        drop_row(seq=3),
        drop_row(seq=4),
    ]

    assert [drop_kind(drop, next_drop(drops)) for drop in drops] == ["done", "failed", "next", "todo"]


def layers_of(shown: set[str], chosen: str | None = None, **changes: Any) -> dict[str, Any]:
    vans = [
        van(fleet_row(vehicle_name="van-1", **changes), HELSINKI, NOON),
        van(fleet_row(vehicle_name="van-2", next_window_to=NOON - MINUTE), HELSINKI, NOON),
        van(fleet_row(vehicle_name="van-3", fixed_at=NOON - 20 * MINUTE), HELSINKI, NOON),
        van(fleet_row(vehicle_name="van-4", fixed_at=None, lat_e7=None, lon_e7=None), HELSINKI, NOON),
    ]
    picked = next((entry for entry in vans if entry.name == chosen), None)
    journey = None if picked is None else Journey(None, [drop_row()], [trail_row(0), trail_row(9)])
    deck = fleet_map(
        vans,
        [PREMISES],
        LIGHT,
        View(60.17, 24.94, 15),
        shown=shown,
        chosen=picked,
        journey=journey,
        basemap=True,
        clicks=3,
    )
    spec = json.loads(deck.to_json())
    # What stands here would be fetched from a map server; this word is Streamlit's sign for no basemap.
    assert spec["mapStyle"] == "__MAP_STYLE__"
    return {layer["id"]: layer for layer in spec["layers"]}


def test_a_filter_hides_vans_without_taking_their_rows() -> None:
    everything, late_only = layers_of({"van-1", "van-2", "van-3"}), layers_of({"van-2"})

    assert [row["name"] for row in late_only["vans"]["data"]] == [row["name"] for row in everything["vans"]["data"]]
    assert [row["size"] > 0 for row in late_only["vans"]["data"]] == [False, True, False]
    assert [row["target"] > 0 for row in late_only["targets-3"]["data"]] == [False, True, False]


def test_signs_differ_by_shape_and_badge_and_not_by_colour_alone() -> None:
    layers = layers_of({"van-1", "van-2", "van-3"})
    badges = [row["badge"] if row["badge_size"] else None for row in layers["badges"]["data"]]

    assert [row["icon"] for row in layers["vans"]["data"]] == ["moving-on_time", "moving-late", "hollow-silent"]
    assert badges == [None, "badge-late", "badge-silent"]
    assert layers["labels"]["data"][2]["label"] == "van-3 · 20 min ago"
    assert layers["vans"]["data"][0]["turn"] == 270.0


def test_vans_glide_over_a_little_more_than_a_refresh() -> None:
    layers = layers_of(set())

    assert all(layers[name]["transitions"] == {"getPosition": GLIDE_MS} for name in ("vans", "badges", "labels"))


def test_the_chosen_van_alone_has_a_journey() -> None:
    assert "trail" not in layers_of(set())
    assert {"trail", "drops", "drop-numbers"} <= set(layers_of(set(), chosen="van-1"))


def test_vans_on_one_another_are_drawn_side_by_side() -> None:
    rows = layers_of({"van-1", "van-2", "van-3"}, speed_mps=0.0)["vans"]["data"]

    standing = [row["beside"][0] for row in rows if "moving" not in row["icon"]]
    assert standing == [0, 14]


def test_no_layer_names_an_address_outside() -> None:
    for tones in (LIGHT, DARK):
        told = json.dumps([json.loads(layer.to_json()) for layer in ground_layers(tones, names=True)])
        assert not re.search(r"https?://", told)


def test_an_order_without_position_or_route_has_no_map() -> None:
    nowhere = order_row(lat_e7=None, lon_e7=None)

    assert order_map(nowhere, [], PREMISES, LIGHT, basemap=True) is None
    assert order_map(on_trip(), [[trail_row(0), trail_row(5)]], PREMISES, LIGHT, basemap=False) is not None
