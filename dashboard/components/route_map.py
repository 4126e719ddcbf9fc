"""A vehicle's day on the map: the way, stops, and where it was at one moment. Knows no other vehicle."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pydeck as pdk

from contract.geo import from_e7
from dashboard import wording
from dashboard.components.ground import deck, ground_layers, literal
from dashboard.components.journey import trail_layer, trail_pieces
from dashboard.components.signs import mapping
from dashboard.components.view import fit
from dashboard.map_files import signs_url
from dashboard.palette import Tones
from storage.reading_rows import TrailRow
from storage.route_reads import RouteEvent

EXPLAINED, UNEXPLAINED = "drop-done", "drop-failed"


def route_map(
    trail: Sequence[TrailRow], events: Sequence[RouteEvent], here: TrailRow | None, tones: Tones, *, basemap: bool
) -> pdk.Deck | None:
    """The map, or None without any fix."""
    view = fit([(from_e7(row.lon_e7), from_e7(row.lat_e7)) for row in trail], width_px=760, height_px=480)
    if view is None:
        return None
    signs = [
        {
            "at": [from_e7(event.lon_e7), from_e7(event.lat_e7)], "size": 22,
            "icon": UNEXPLAINED if event.what == "UNEXPLAINED" else EXPLAINED, "tip": wording.stop_words(event.what),
        }
        for event in events
        if event.kind == "stop" and event.lat_e7 is not None and event.lon_e7 is not None
    ]  # fmt: skip
    if here is not None:
        spot = [from_e7(here.lon_e7), from_e7(here.lat_e7)]
        signs.append({"at": spot, "size": 44, "icon": "ring", "tip": "Here at this time"})
    layers = ground_layers(tones, names=True) if basemap else []
    layers.append(trail_layer(trail_pieces(trail), tones))
    layers.append(
        pdk.Layer(
            "IconLayer", id="stops", data=signs, get_position="at", get_icon="icon", get_size="size", pickable=True,
            size_units=literal("pixels"), icon_atlas=literal(signs_url(tones.name)), icon_mapping=mapping(),
        )
    )  # fmt: skip
    return deck(layers, view, tones, tooltip=True)


def speed_graph(values: Sequence[dict[str, object]], at: str, tones: Tones) -> alt.LayerChart:
    """Speed over the day with a line at the chosen moment; `at` is local time like the values'."""
    speed = (
        alt.Chart(alt.InlineData(values=list(values)), height=120)
        .mark_area(color=tones.on_time, opacity=0.5, line={"color": tones.on_time})
        .encode(
            x=alt.X("at:T", title=None, axis=alt.Axis(format="%H:%M")),
            y=alt.Y("km/h:Q"),
            tooltip=[alt.Tooltip("at:T", format="%H:%M:%S"), "km/h:Q"],
        )
    )
    now = alt.Chart(alt.InlineData(values=[{"at": at}])).mark_rule(color=tones.late, strokeWidth=2).encode(x="at:T")
    return alt.LayerChart(layer=[speed, now])
