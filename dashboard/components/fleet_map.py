"""The live map: vans with their signs over the chosen van's journey. Concludes nothing about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pydeck as pdk

from contract.geo import from_e7
from dashboard import wording
from dashboard.components.ground import FONT, deck, ground_layers, literal
from dashboard.components.journey import Journey, journey_layers
from dashboard.components.signs import mapping
from dashboard.components.view import View
from dashboard.connectivity import Connectivity, Movement
from dashboard.map_files import signs_url
from dashboard.palette import RISK_SIGN, Tones, rgba
from dashboard.van import HEARD, Van
from storage.reading_rows import PremisesRow

# A little longer than the refresh, so that a van that drives never stands still between two of them.
GLIDE_MS = 2200
TARGETS = "targets-"
SAME_PLACE_M = 25.0  # nearer than that two signs hide one another where streets are readable


def fleet_map(
    vans: Sequence[Van],
    premises: Sequence[PremisesRow],
    tones: Tones,
    view: View,
    *,
    shown: set[str],
    chosen: Van | None,
    journey: Journey | None,
    basemap: bool,
    clicks: int,
) -> pdk.Deck:
    """All layers, lowest first. `shown` are the names that pass the filter; the others stay in the data without size.

    `clicks` names the layer that takes clicks. Streamlit dims every layer while something is selected; a layer by
    another name ends the selection, and the next click on the same van is heard.
    """
    layers = ground_layers(tones, names=True) if basemap else []
    if journey is not None:
        layers += journey_layers(journey, tones)
    layers += [_premises_layer(premises, tones), *_van_layers(vans, tones, shown, chosen, clicks)]
    return deck(layers, view, tones, tooltip=True)


def _van_layers(vans: Sequence[Van], tones: Tones, shown: set[str], chosen: Van | None, clicks: int) -> list[pdk.Layer]:
    # Order and number of rows never change while people look: signs glide by their place in the list.
    rows = [_van_row(entry, entry.name in shown) for entry in vans if entry.position_deg is not None]
    _spread(rows)
    glide = {"getPosition": GLIDE_MS}
    sheet = {"icon_atlas": literal(signs_url(tones.name)), "icon_mapping": mapping(), "size_units": literal("pixels")}
    ring = [row for row in rows if chosen is not None and row["name"] == chosen.name and row["size"]]
    return [
        pdk.Layer(
            # Under a name of its own for each van: the ring must not fly from one to the next.
            "IconLayer", id=f"chosen-{ring[0]['name'] if ring else ''}", data=_only(ring, "at", "beside"),
            get_position="at", get_icon=literal("ring"), get_size=66, get_pixel_offset="beside", transitions=glide,
            **sheet,
        ),
        pdk.Layer(
            "IconLayer", id="vans", data=_only(rows, "at", "name", "icon", "size", "turn", "beside"), get_position="at",
            get_icon="icon", get_size="size", get_angle="turn", get_pixel_offset="beside", transitions=glide, **sheet,
        ),
        pdk.Layer(
            "IconLayer", id="badges", data=_only(rows, "at", "badge", "badge_size", "beside"), get_position="at",
            get_icon="badge", get_size="badge_size", get_pixel_offset="[beside[0] + 15, -15]", transitions=glide,
            **sheet,
        ),
        pdk.Layer(
            "TextLayer", id="labels", data=_only(rows, "at", "label", "label_size", "below"), get_position="at",
            get_text="label", get_size="label_size", get_pixel_offset="[0, below]", get_color=rgba(tones.text),
            font_family=FONT, font_weight=600, font_settings={"sdf": True, "fontSize": 48, "buffer": 8},
            outline_width=5, outline_color=rgba(tones.background, 235), character_set=literal("auto"),
            transitions=glide,
        ),
        pdk.Layer(
            "ScatterplotLayer", id=f"{TARGETS}{clicks}", data=_only(rows, "at", "name", "target", "tip"),
            get_position="at", get_radius="target", radius_units=literal("pixels"), get_fill_color=[0, 0, 0, 0],
            pickable=True, transitions=glide,
        ),
    ]  # fmt: skip


def _only(rows: list[dict[str, Any]], *fields: str) -> list[dict[str, Any]]:
    """What one layer needs: the whole map goes to every browser every two seconds."""
    return [{field: row[field] for field in fields} for row in rows]


def _spread(rows: list[dict[str, Any]]) -> None:
    """Vans that stand on one another, as in the yard before a shift, are drawn side by side with a name each."""
    standing: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for row in rows:
        row["beside"], row["below"] = [0, 0], 27
        if not row["size"] or "moving" in row["icon"]:
            continue
        # As good as metres here; a cell is as wide as vans may be apart, so that only neighbours need a look.
        x, y = row["at"][0] * 111_195 * math.cos(math.radians(row["at"][1])), row["at"][1] * 111_195
        cell_x, cell_y = int(x // SAME_PLACE_M), int(y // SAME_PLACE_M)
        around = [standing.get((cell_x + i, cell_y + j), []) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        rank = sum(math.dist((x, y), other) < SAME_PLACE_M for cell in around for other in cell)
        standing.setdefault((cell_x, cell_y), []).append((x, y))
        row["beside"], row["below"] = [rank * 14, 0], 27 + rank * 15


def _van_row(entry: Van, shown: bool) -> dict[str, Any]:  # noqa: FBT001
    position = entry.position_deg
    assert position is not None
    heard = entry.signal.connectivity in HEARD
    shape = "hollow" if not heard else "moving" if entry.heading_deg is not None else "standing"
    sign = RISK_SIGN[entry.risk] if heard else "silent"
    badge = "silent" if entry.silent else sign if sign in ("late", "at_risk") else None
    live = entry.signal.connectivity is Connectivity.LIVE
    return {
        "name": entry.name,
        "at": [round(position[0], 6), round(position[1], 6)],
        "icon": f"{shape}-{sign}",
        "size": (46 if entry.signal.movement is Movement.MOVING else 42) if shown else 0,
        # The map turns against the clock, a course runs with it.
        "turn": round(360 - (entry.heading_deg or 0), 1),
        "badge": f"badge-{badge or 'late'}",
        "badge_size": 20 if shown and badge else 0,
        "label": entry.name if live else f"{entry.name} · {wording.age(entry.signal.age_s)}",
        "label_size": 13 if shown else 0,
        "target": 20 if shown else 0,
        "tip": _tip(entry),
    }


def _tip(entry: Van) -> str:
    row = entry.row
    lines = [
        f"{entry.name} · {entry.state}",
        f"{row.crew or 'no crew'} · {entry.signal.connectivity}, {wording.age(entry.signal.age_s)}",
    ]
    if entry.signal.movement is not Movement.UNKNOWN:
        lines[-1] += f" · {wording.speed(row.speed_mps) if entry.heading_deg is not None else 'standing'}"
    if row.next_address and row.next_window_from and row.next_window_to:
        lines.append(f"next: {row.next_address}, {wording.window(row.next_window_from, row.next_window_to, entry.tz)}")
    if entry.eta:
        lines.append(f"ETA {entry.eta}")
    return "\n".join(lines)


def _premises_layer(premises: Sequence[PremisesRow], tones: Tones) -> pdk.Layer:
    rows = [
        {"at": [from_e7(row.lon_e7), from_e7(row.lat_e7)], "icon": "home"}
        for row in premises
        if row.lat_e7 is not None and row.lon_e7 is not None
    ]
    return pdk.Layer(
        "IconLayer", id="premises", data=rows, get_position="at", get_icon="icon", get_size=26,
        icon_atlas=literal(signs_url(tones.name)), icon_mapping=mapping(), size_units=literal("pixels"),
    )  # fmt: skip
