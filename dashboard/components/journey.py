"""One van's journey on a map: planned route, driven trail, numbered drops. Knows no other van."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pydeck as pdk

from contract.geo import from_e7
from dashboard.components.ground import FONT, literal
from dashboard.components.signs import mapping
from dashboard.map_files import signs_url
from dashboard.palette import Tones, rgba
from dashboard.wording import milestone_words
from storage.reading_rows import DropRow, TrailRow, TripRow

# A hole this long in the trail is a gap: nothing is drawn over it.
GAP = timedelta(seconds=120)
DONE = ("delivered", "failed", "returned", "cancelled")
FAILED = ("failed", "returned")

Line = list[list[float]]


class Journey(msgspec.Struct, frozen=True):
    """What is drawn for the chosen van only."""

    trip: TripRow | None
    drops: Sequence[DropRow]
    trail: Sequence[TrailRow]


def journey_layers(journey: Journey, tones: Tones) -> list[pdk.Layer]:
    """Planned route dashed, driven trail solid and open at gaps, drops with their numbers."""
    layers = []
    if journey.trip is not None and journey.trip.planned_route:
        route = [[from_e7(lon), from_e7(lat)] for lon, lat in journey.trip.planned_route]
        layers.append(_lines("planned", [route], rgba(tones.idle, 210), 3, dashed=True))
    return [*layers, trail_layer(trail_pieces(journey.trail), tones), *drop_layers(journey.drops, tones)]


def trail_layer(pieces: list[Line], tones: Tones) -> pdk.Layer:
    return _lines("trail", pieces, rgba(tones.primary), 5, dashed=False)


def _lines(name: str, lines: list[Line], colour: list[int], width_px: int, *, dashed: bool) -> pdk.Layer:
    # GeoJSON and not paths: Streamlit dims a path's colour while something on the map is selected.
    shape = {"type": "Feature", "properties": {}, "geometry": {"type": "MultiLineString", "coordinates": lines}}
    dashes = {
        "get_dash_array": [3, 2.5], "dash_justified": True,
        "extensions": [{"@@type": "PathStyleExtension", "dash": True}],
    }  # fmt: skip
    return pdk.Layer(
        "GeoJsonLayer", id=name, data={"type": "FeatureCollection", "features": [shape]}, filled=False,
        get_line_color=colour, get_line_width=width_px, line_width_units=literal("pixels"), line_cap_rounded=not dashed,
        line_joint_rounded=True, **(dashes if dashed else {}),
    )  # fmt: skip


def trail_pieces(trail: Sequence[TrailRow]) -> list[Line]:
    """The trail as lines of [longitude, latitude], cut where nothing was heard for longer than GAP."""
    pieces: list[Line] = []
    before: TrailRow | None = None
    for here in trail:
        if before is None or here.fixed_at - before.fixed_at > GAP:
            pieces.append([])
        pieces[-1].append([round(from_e7(here.lon_e7), 6), round(from_e7(here.lat_e7), 6)])
        before = here
    return [piece for piece in pieces if len(piece) > 1]


def next_drop(drops: Sequence[DropRow]) -> int | None:
    """The sequence number of the first drop that is not done."""
    return next((drop.seq for drop in drops if drop.milestone not in DONE), None)


def drop_kind(drop: DropRow, following: int | None) -> str:
    """done, failed, next or todo."""
    if drop.milestone in DONE:
        return "failed" if drop.milestone in FAILED else "done"
    return "next" if drop.seq == following else "todo"


def drop_layers(drops: Sequence[DropRow], tones: Tones) -> list[pdk.Layer]:
    """Numbered drops: grey when done, large when next, open when still to come."""
    following = next_drop(drops)
    rows = [_drop_row(drop, drop_kind(drop, following), tones) for drop in drops if drop.lat_e7 is not None]
    return [
        pdk.Layer(
            "IconLayer", id="drops", data=rows, get_position="at", get_icon="icon", get_size="size",
            size_units=literal("pixels"), icon_atlas=literal(signs_url(tones.name)), icon_mapping=mapping(),
            pickable=True,
        ),
        pdk.Layer(
            "TextLayer", id="drop-numbers", data=rows, get_position="at", get_text="number", get_size=12,
            get_color="ink", font_family=FONT, font_weight=700, character_set=literal("0123456789"),
        ),
    ]  # fmt: skip


def _drop_row(drop: DropRow, kind: str, tones: Tones) -> dict[str, Any]:
    assert drop.lat_e7 is not None
    assert drop.lon_e7 is not None
    return {
        "at": [from_e7(drop.lon_e7), from_e7(drop.lat_e7)],
        "number": str(drop.seq),
        "icon": f"drop-{kind}",
        "size": 40 if kind == "next" else 32,
        "ink": rgba(tones.primary if kind == "todo" else tones.rim),
        "tip": f"{drop.seq} · order {drop.order_no} · {milestone_words(drop.milestone)}\n{drop.address}",
    }
