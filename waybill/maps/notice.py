"""The words that OpenStreetMap's licence asks for, beside every map that is made. Makes no map."""

from __future__ import annotations

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
_NOTICE = """# Map data in this folder

© OpenStreetMap contributors, available under the Open Database License (ODbL) 1.0:
<https://www.openstreetmap.org/copyright>, <https://opendatacommons.org/licenses/odbl/1-0/>.
Every page that draws it shows "© OpenStreetMap contributors". Whoever passes these files on passes this notice on.

{table}

Made by `waybill map build` from `{source}` (sha256 `{sha256}`),
{south:.4f} to {north:.4f} north, {west:.4f} to {east:.4f} east. Changes: filtered by tag, cut to that area, lines
simplified to about 1 m, the sea closed along the edge.
"""
WHAT = {
    "streets.json.gz": "road graph for cars: junctions, streets with length, speed, direction, name and bends, "
    "lights, tunnels",
    "basemap.geojson": "what is drawn, in drawing order: `kind`, and `width_m` of lines",
    "basemap.pmtiles": "the same as vector tiles, zoom 5 to 14, one layer per kind",
    "addresses.sqlite": "house numbers and streets, to be searched",
    "zones.geojson": "schools, day care and borders that may become zones",
}


def notice(files: list[str], *, source: str, sha256: str, west: float, south: float, east: float, north: float) -> str:
    """The text of NOTICE.md."""
    table = "\n".join(["| file | what |", "| --- | --- |", *(f"| `{name}` | {WHAT[name]} |" for name in files)])
    return _NOTICE.format(table=table, source=source, sha256=sha256, west=west, south=south, east=east, north=north)
