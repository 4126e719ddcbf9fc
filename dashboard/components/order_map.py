"""One order's way on the map: driven legs, premises and the door. Knows no other order."""

from __future__ import annotations

from collections.abc import Sequence

import pydeck as pdk

from contract.geo import from_e7
from dashboard.components.ground import deck, ground_layers, literal
from dashboard.components.journey import trail_layer, trail_pieces
from dashboard.components.signs import mapping
from dashboard.components.view import fit
from dashboard.map_files import signs_url
from dashboard.palette import Tones
from storage.reading_rows import OrderDetailRow, PremisesRow, TrailRow


def order_map(
    order: OrderDetailRow,
    routes: Sequence[Sequence[TrailRow]],
    premises: PremisesRow | None,
    tones: Tones,
    *,
    basemap: bool,
) -> pdk.Deck | None:
    """The map, or None when neither the door nor a route is known."""
    places = [(from_e7(point.lon_e7), from_e7(point.lat_e7)) for route in routes for point in route]
    signs = []
    if order.lat_e7 is not None and order.lon_e7 is not None:
        failed = order.milestone in ("failed", "returned")
        places.append((from_e7(order.lon_e7), from_e7(order.lat_e7)))
        signs.append({"at": places[-1], "icon": "drop-failed" if failed else "door", "size": 44})
    if places and premises is not None and premises.lat_e7 is not None and premises.lon_e7 is not None:
        places.append((from_e7(premises.lon_e7), from_e7(premises.lat_e7)))
        signs.append({"at": places[-1], "icon": "home", "size": 26})
    view = fit(places, width_px=560, height_px=360)
    if view is None:
        return None
    layers = ground_layers(tones, names=True) if basemap else []
    layers.append(trail_layer([piece for route in routes for piece in trail_pieces(route)], tones))
    layers.append(
        pdk.Layer(
            "IconLayer", id="ends", data=signs, get_position="at", get_icon="icon", get_size="size",
            size_units=literal("pixels"), icon_atlas=literal(signs_url(tones.name)), icon_mapping=mapping(),
        )
    )  # fmt: skip
    return deck(layers, view, tones, tooltip=False)
