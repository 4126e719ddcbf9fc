"""What the browser's map fetches from this process: basemap, street names, signs. Serves no record of anybody."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.components.ribbon import ribbon
from dashboard.components.signs import sheet
from dashboard.components.street_names import street_names
from dashboard.environment import environment
from dashboard.palette import DARK, LIGHT

GROUND_URL, NAMES_URL = "/map/ground.geojson", "/map/names.json"
_AN_HOUR = {"Cache-Control": "public, max-age=3600"}


def signs_url(theme: str) -> str:
    """Where the signs for the light or dark theme are."""
    return f"/map/signs-{theme}.svg"


def routes() -> list[Route]:
    """Routes beside the pages. Open to everybody, as Streamlit's own static files would be."""
    return [
        Route(GROUND_URL, lambda _request: _answer(0)),
        Route(NAMES_URL, lambda _request: _answer(1)),
        Route(signs_url("{theme}"), _signs),
    ]


def _answer(part: int) -> Response:
    path = environment().basemap
    if path is None:
        return Response("no basemap is installed", status_code=404)
    body = _parts(path, path.stat().st_mtime_ns)[part]
    return Response(body, media_type="application/json", headers=_AN_HOUR)


@lru_cache(maxsize=1)
def _parts(path: Path, _changed_ns: int) -> tuple[bytes, bytes]:
    """Ground and names of the basemap as the map takes them.

    Streets become areas: a browser without a graphics card needs 0.2 s a frame for 2,500 pieces of line, and a tenth
    of that for the same as filled areas.
    """
    basemap = msgspec.json.decode(path.read_bytes())
    ground = {"type": "FeatureCollection", "features": [_as_area(feature) for feature in basemap["features"]]}
    return msgspec.json.encode(ground), msgspec.json.encode(street_names(basemap))


def _as_area(feature: dict[str, Any]) -> dict[str, Any]:
    shape, properties = feature["geometry"], {"kind": feature["properties"]["kind"]}
    if shape["type"] == "LineString":
        ring = ribbon(shape["coordinates"], feature["properties"]["width_m"])
        shape = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": shape}


def _signs(request: Request) -> Response:
    tones = DARK if request.path_params["theme"] == "dark" else LIGHT
    return Response(sheet(tones), media_type="image/svg+xml", headers=_AN_HOUR)
