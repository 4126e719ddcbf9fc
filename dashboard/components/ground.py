"""The offline basemap as map layers, and the frame of every map. Holds no vehicle and no order."""

from __future__ import annotations

from typing import Any

import pydeck as pdk

from dashboard.components.view import View
from dashboard.map_files import GROUND_URL, NAMES_URL
from dashboard.palette import Tones, rgba

_WORLD = [[-180, -85], [180, -85], [180, 85], [-180, 85], [-180, -85]]


def literal(text: str) -> Any:
    """A string that the map takes as it is; a bare one would be read as an expression and kill the whole chart."""
    return pdk.types.String(text)


FONT = literal('"Source Sans", "Source Sans Pro", sans-serif')


def attribution(tones: Tones) -> str:
    """Whose map it is; its licence wants that to be seen on the map."""
    return (
        f'<div class="wb-attribution" style="background:{tones.background}d8;color:{tones.text}">©'
        ' <a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noopener noreferrer">OpenStreetMap</a>'
        " contributors</div>"
    )


def deck(layers: list[pdk.Layer], view: View, tones: Tones, *, tooltip: bool) -> pdk.Deck:
    """A map without a basemap of Streamlit's own.

    map_provider None, with map_style left as it is, is the only setting that asks no server for one; map_style None
    would fetch Streamlit's default style.
    """
    style = {
        "backgroundColor": tones.panel, "color": tones.text, "border": f"1px solid {tones.border}",
        "padding": "6px 10px", "borderRadius": "6px", "fontSize": "13px", "lineHeight": "1.45",
    }  # fmt: skip
    return pdk.Deck(
        layers=layers,
        map_provider=None,
        initial_view_state=pdk.ViewState(
            latitude=view.lat_deg, longitude=view.lon_deg, zoom=view.zoom, min_zoom=9, max_zoom=19, pitch=0, bearing=0
        ),
        tooltip={"text": "{tip}", "style": style} if tooltip else False,
    )


def ground_layers(tones: Tones, *, names: bool) -> list[pdk.Layer]:
    """Land, what lies on it, names. Each file is fetched once by the browser."""
    colours = {"water": tones.water, "park": tones.park, "building": tones.building, "minor": tones.minor,
               "path": tones.path}  # fmt: skip
    layers = [
        _area("land", {"type": "Polygon", "coordinates": [_WORLD]}, rgba(tones.land)),
        _area("ground", GROUND_URL, f"@@={_by_kind(colours, rgba(tones.major))}"),
    ]
    return [*layers, _names(tones)] if names else layers


def _area(name: str, where: Any, colour: Any) -> pdk.Layer:
    # By _sub_layer_props: Streamlit dims get_fill_color while something on the map is selected.
    fill = {"polygons-fill": {"getFillColor": colour}}
    return pdk.Layer("GeoJsonLayer", id=name, data=where, stroked=False, _sub_layer_props=fill)


def _names(tones: Tones) -> pdk.Layer:
    return pdk.Layer(
        "TextLayer", id="names", data=NAMES_URL, get_position="at", get_text="name", get_angle="angle",
        get_color=rgba(tones.label), get_size=15, size_units=literal("meters"), size_max_pixels=13, font_family=FONT,
        font_weight=500, character_set=literal("auto"),
    )  # fmt: skip


def _by_kind(colours: dict[str, str], otherwise: list[int]) -> str:
    """An expression that picks a feature's colour by its kind."""
    expression = str(otherwise)
    for kind, colour in colours.items():
        expression = f"properties.kind == '{kind}' ? {rgba(colour)} : {expression}"
    return expression
