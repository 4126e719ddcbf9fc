"""Draws the streets around a door as an SVG picture, from the map's basemap.geojson. Knows no order and no van."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import shapely

from contract.geo import E7
from gateway.customer.frame import SIZE, Frame
from gateway.tracking.plane import METRES_PER_E7, metres_per_e7_east

log = logging.getLogger(__name__)

FILE = "basemap.geojson"
# A picture of at most 500 kB is promised; the head and the tail of it are small.
MOST_BYTES = 400_000
# It is kept in memory whole: a city has 3 MB, a country would be gigabytes.
MOST_FILE_BYTES = 100_000_000
# The most wanted first: what does not fit any more is left out.
_BY_IMPORTANCE = ("water", "major", "park", "minor", "building", "path")
_DRAWN = ("water", "park", "building", "path", "minor", "major")
# The largest half of a side, in metres, on which a kind is more than a blur.
_UP_TO_M = {"building": 800, "path": 400, "minor": 3200}
_AREAS = ("water", "park", "building")
STYLE = (
    "rect{fill:#eae8e3}.water{fill:#c9dcec}.park{fill:#d9e8d0}.building{fill:#dedad2}path{fill:none}"
    ".minor,.major{stroke:#fff}.path{stroke:#f3f1ec}"
    "@media(prefers-color-scheme:dark){rect{fill:#151c24}.water{fill:#12293d}.park{fill:#182821}"
    ".building{fill:#1d2731}.minor{stroke:#2a3642}.major{stroke:#374655}.path{stroke:#222d37}}"
)
# The picture's own style, by its digest, and nothing else.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)


class Drawable(msgspec.Struct, frozen=True):
    """The basemap in memory, with an index of where what is."""

    kinds: tuple[str, ...]
    widths_m: tuple[float, ...]
    shapes: Any  # numpy array of geometries, in degrees
    index: shapely.STRtree


class Ground:
    """The map of a folder, read when it is first needed and again when its file is another one."""

    def __init__(self, map_dir: Path | None) -> None:
        self._path = None if map_dir is None else map_dir / FILE
        self._turn = Lock()
        self._read: tuple[int, Drawable | None] = (0, None)
        self._drawn = lru_cache(maxsize=32)(self._draw)

    def picture(self, frame: Frame) -> bytes:
        """SVG of SIZE x SIZE units; empty ground where there is no map."""
        return self._drawn(frame, self._changed_ns())

    def __bool__(self) -> bool:
        return self._changed_ns() > 0

    def _changed_ns(self) -> int:
        try:
            found = None if self._path is None else self._path.stat()
        except OSError:
            return 0
        return 0 if found is None or found.st_size > MOST_FILE_BYTES else found.st_mtime_ns

    def _draw(self, frame: Frame, changed_ns: int) -> bytes:
        with self._turn:
            if self._read[0] != changed_ns:
                self._read = (changed_ns, _load(self._path))
            drawable = self._read[1]
        return picture_of(drawable, frame)


def picture_of(drawable: Drawable | None, frame: Frame) -> bytes:
    """The ground within the frame."""
    layers: dict[str, str] = {}
    room = MOST_BYTES
    for kind in _BY_IMPORTANCE:
        if drawable is None or frame.half_m > _UP_TO_M.get(kind, frame.half_m):
            continue
        layer = "".join(_paths(drawable, kind, frame))
        if len(layer) <= room:
            layers[kind] = layer
            room -= len(layer)
    body = "".join(layers.get(kind, "") for kind in _DRAWN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}"><style>{STYLE}</style>'
        f'<rect width="{SIZE}" height="{SIZE}"/>{body}</svg>'
    ).encode()


def _load(path: Path | None) -> Drawable | None:
    try:
        rows = msgspec.json.decode(b"" if path is None else _bytes_of(path))["features"]
        kept = [row for row in rows if row["properties"]["kind"] in _DRAWN]
        shapes = shapely.from_geojson([msgspec.json.encode(row["geometry"]).decode() for row in kept])
        kinds = tuple(row["properties"]["kind"] for row in kept)
        widths_m = tuple(float(row["properties"].get("width_m", 0)) for row in kept)
        return Drawable(kinds, widths_m, shapes, shapely.STRtree(shapes))
    except (OSError, ValueError, KeyError, TypeError, shapely.errors.ShapelyError) as error:
        extra = {"action": "basemap_failed", "file": str(path), "error": str(error)}
        log.warning("customers' maps show no streets: build the map again", extra=extra)
        return None


def _bytes_of(path: Path) -> bytes:
    """The file as it is now: it may have grown since it was looked at."""
    with path.open("rb") as file:
        found = file.read(MOST_FILE_BYTES + 1)
    if len(found) > MOST_FILE_BYTES:
        raise ValueError(f"it has more than {MOST_FILE_BYTES} bytes")
    return found


def _paths(drawable: Drawable, kind: str, frame: Frame) -> Iterator[str]:
    """One path for each width of the kind."""
    view = _View.of(frame)
    by_width: dict[float, list[str]] = {}
    for place in sorted(int(found) for found in drawable.index.query(shapely.box(*view.box))):
        if drawable.kinds[place] == kind:
            by_width.setdefault(drawable.widths_m[place], []).append(view.outline(drawable.shapes[place]))
    for width_m, outlines in sorted(by_width.items()):
        drawn = "".join(outlines)
        if drawn and kind in _AREAS:
            yield f'<path class="{kind}" fill-rule="evenodd" d="{drawn}"/>'
        elif drawn:
            width = max(1.5, width_m * frame.units_per_m)
            yield (
                f'<path class="{kind}" stroke-width="{width:.1f}" stroke-linecap="round" stroke-linejoin="round" '
                f'd="{drawn}"/>'
            )


class _View(msgspec.Struct, frozen=True):
    """The way from degrees to a picture's units."""

    middle: tuple[float, float]  # longitude, latitude
    scale: tuple[float, float]  # units per degree to the east and to the south
    box: tuple[float, float, float, float]  # west, south, east, north, with a margin for lines at the edge

    @classmethod
    def of(cls, frame: Frame) -> _View:
        lon, lat = frame.lon_e7 / E7, frame.lat_e7 / E7
        east = E7 * metres_per_e7_east(frame.lat_e7) * frame.units_per_m
        south = -E7 * METRES_PER_E7 * frame.units_per_m
        half = SIZE / 2 * 1.05
        box = (lon - half / east, lat + half / south, lon + half / east, lat - half / south)
        return cls((lon, lat), (east, south), box)

    def outline(self, shape: Any) -> str:
        """What of a shape lies in the box, as steps from point to point: shorter than places."""
        cut = shapely.clip_by_rect(shape, *self.box)
        placed = shapely.transform(cut, lambda points: (points - self.middle) * self.scale + SIZE / 2)
        return "".join(_line(part) for part in _lines(shapely.simplify(placed, 0.8, preserve_topology=False)))


def _lines(shape: Any) -> Iterator[Sequence[Any]]:
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            yield from (ring.coords for ring in (part.exterior, *part.interiors))
        elif part.geom_type == "LineString":
            yield part.coords


def _line(points: Sequence[Any]) -> str:
    whole = [(round(x), round(y)) for x, y in points]
    steps = [f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(whole) if a != b]
    return f"M{whole[0][0]} {whole[0][1]}l{' '.join(steps)}" if steps else ""
