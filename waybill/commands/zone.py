"""`waybill zone`: areas that mean something to the record. Holds no rules of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from waybill.connections import database
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_json, show_table

if TYPE_CHECKING:
    from storage.zones import Zone

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
PremisesCode = Annotated[
    str | None, typer.Option("--premises", metavar="CODE", help="Which premises, when there are several.")
]
Name = Annotated[str, typer.Argument(metavar="ZONE", help="Name or id.")]
_KINDS = "premises, service_area, prohibited, state or other"


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Zones: areas that mean something, such as prohibited places.")
    for name, command in (
        ("list", list_zones),
        ("show", show),
        ("add", add),
        ("import", import_file),
        ("retire", retire),
    ):
        group.command(name=name)(command)
    app.add_typer(group, name="zone")


def list_zones(
    context: typer.Context,
    premises: PremisesCode = None,
    everything: Annotated[bool, typer.Option("--all", help="Ended and coming ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Every zone that is valid now."""
    known = _zones(context, premises, everything=everything)
    if as_json:
        show_json(known)
        return
    rows = [
        (one.name, one.kind, one.premises_code, _shape(one), one.from_at, one.to_at or "", one.source) for one in known
    ]
    show_table(("zone", "kind", "premises", "shape", "from", "to", "source"), rows)
    if not known:
        note("There are none: waybill zone add, or waybill zone import FILE.geojson.")


def show(context: typer.Context, name: Name, premises: PremisesCode = None) -> None:
    """One zone as a GeoJSON feature, as `waybill zone import` takes it."""
    from contract.times import format_instant
    from gateway.master.zones import find_zone

    zone = find_zone(_zones(context, premises, everything=False), name)
    told: dict[str, Any] = {"name": zone.name, "kind": zone.kind}
    if zone.radius_m is not None:
        told["radius_m" if zone.geometry["type"] == "Point" else "half_width_m"] = zone.radius_m
    for field, at in (("from", zone.from_at), ("to", zone.to_at)):
        if at is not None:
            told[field] = format_instant(at)
    show_json({"type": "Feature", "id": str(zone.id), "properties": told, "geometry": zone.geometry})


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name for people.")],
    kind: Annotated[str, typer.Option(help=f"{_KINDS}.")],
    lat: Annotated[float | None, typer.Option(min=-90, max=90, help="A circle's middle, in degrees.")] = None,
    lon: Annotated[float | None, typer.Option(min=-180, max=180, help="A circle's middle, in degrees.")] = None,
    radius_m: Annotated[
        float | None, typer.Option("--radius-m", help="Of the circle, or half a corridor's width.")
    ] = None,
    polygon: Annotated[str | None, typer.Option(metavar="'LAT,LON …'", help="Corners of an area, at least 3.")] = None,
    corridor: Annotated[str | None, typer.Option(metavar="'LAT,LON …'", help="The middle line of a corridor.")] = None,
    from_time: Annotated[str, typer.Option("--from", metavar="TIME", help="Since when it is valid.")] = "now",
    to_time: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Until when.", show_default=False)] = None,
    premises: PremisesCode = None,
) -> None:
    """A circle (--lat --lon --radius-m), an area (--polygon) or a corridor (--corridor --radius-m)."""
    from gateway.master.premises import find_premises
    from gateway.master.zones import NewZone, add_zone
    from waybill.commands.actor import terminal_actor
    from waybill.instants import instant

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    wanted = NewZone(
        name=name, kind=kind, geometry=_geometry(lat, lon, polygon, corridor), radius_m=radius_m,
        from_at=instant(from_time, at, "--from"), to_at=None if to_time is None else instant(to_time, at, "--to"),
    )  # fmt: skip
    with database(settings) as connection:
        where = find_premises(connection, premises)
        zone = add_zone(connection, where, wanted, source="command line", actor=terminal_actor(), at=at)
    say(f"zone {zone.name}: {zone.kind}, {_shape(zone)}, at {zone.premises_code}")


def import_file(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE.geojson", help="Features with name and kind.")],
    kind: Annotated[str | None, typer.Option(help="For features that say none.", show_default=False)] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Just these, by name; repeat it.")
    ] = None,
    premises: PremisesCode = None,
) -> None:
    """Every feature of the file becomes a zone, or none of them does; what is wrong is named by feature."""
    from gateway.master.premises import find_premises
    from gateway.master.zones import import_zones
    from waybill.commands.actor import terminal_actor
    from waybill.geojson import read_zones

    settings = settings_of(context)
    wanted = read_zones(path, kind)
    if only:
        if missing := set(only) - {one.name for one in wanted}:
            raise CommandError(f"{path} holds no feature named {', '.join(sorted(missing))}")
        wanted = [one for one in wanted if one.name in only]
    at = settings.parsed_clock().now()
    with database(settings) as connection:
        where = find_premises(connection, premises)
        added = import_zones(connection, where, wanted, source=path.name, actor=terminal_actor(), at=at)
    names = ", ".join(one.name for one in added[:8])
    say(f"{len(added)} zones at {where.code}: {names}" + (" …" if len(added) > 8 else ""))


def retire(
    context: typer.Context,
    name: Name,
    at_time: Annotated[str, typer.Option("--at", metavar="TIME", help="From when it means nothing.")] = "now",
    premises: PremisesCode = None,
) -> None:
    """Ends a zone; what was judged by it stays."""
    from gateway.master.zones import find_zone, retire_zone
    from waybill.commands.actor import terminal_actor
    from waybill.instants import instant

    settings = settings_of(context)
    at = instant(at_time, settings.parsed_clock().now(), "--at")
    zone = find_zone(_zones(context, premises, everything=False), name)
    with database(settings) as connection:
        retire_zone(connection, zone, actor=terminal_actor(), at=at)
    say(f"zone {zone.name} ends at {at.isoformat(timespec='seconds')}")


def _zones(context: typer.Context, premises: str | None, *, everything: bool) -> list[Zone]:
    from gateway.master.premises import find_premises
    from storage.zones import zones

    settings = settings_of(context)
    with database(settings) as connection:
        whose = None if premises is None else find_premises(connection, premises).id
        return zones(connection, whose, None if everything else settings.parsed_clock().now())


def _geometry(lat: float | None, lon: float | None, polygon: str | None, corridor: str | None) -> dict[str, Any]:
    circle = lat is not None and lon is not None
    if [circle, polygon is not None, corridor is not None].count(True) != 1 or (lat is None) != (lon is None):
        raise CommandError("give one shape: --lat with --lon, or --polygon, or --corridor")
    if circle:
        return {"type": "Point", "coordinates": [lon, lat]}
    if polygon is not None:
        ring = _points(polygon, "--polygon")
        return {"type": "Polygon", "coordinates": [ring if ring[0] == ring[-1] else [*ring, ring[0]]]}
    return {"type": "LineString", "coordinates": _points(corridor or "", "--corridor")}


def _points(text: str, option: str) -> list[list[float]]:
    found = []
    for word in text.split():
        lat, _, lon = word.partition(",")
        try:
            found.append([float(lon), float(lat)])
        except ValueError:
            raise CommandError(f"{option}: {word!r} is no LAT,LON such as 60.17,24.94") from None
    if not found:
        raise CommandError(f"{option} holds no points; write 'LAT,LON LAT,LON …'")
    return found


def _shape(zone: Zone) -> str:
    kind, coordinates = zone.geometry["type"], zone.geometry["coordinates"]
    if kind == "Point":
        return f"circle of {zone.radius_m:g} m"
    if kind == "LineString":
        return f"corridor of {2 * (zone.radius_m or 0):g} m, {len(coordinates)} points"
    rings = coordinates if kind == "Polygon" else [ring for polygon in coordinates for ring in polygon]
    areas = 1 if kind == "Polygon" else len(coordinates)
    holes = len(rings) - areas
    words = "polygon" if areas == 1 else f"{areas} polygons"
    return f"{words} of {sum(len(ring) - 1 for ring in rings)} corners" + (f", {holes} holes" if holes else "")
