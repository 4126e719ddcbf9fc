"""`waybill history`: every fix of a vehicle from-to, as a file for others. Judges no fix."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO
from uuid import UUID

import typer

from contract.times import format_instant
from waybill.connections import reader
from waybill.instants import FORMS, instant
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note

if TYPE_CHECKING:
    import psycopg

    from storage.history import Extent


def register(app: typer.Typer) -> None:
    app.command()(history)


def history(
    context: typer.Context,
    vehicle: Annotated[str, typer.Option(help="Name, such as van-7.")],
    from_: Annotated[str, typer.Option("--from", metavar="TIME", help=f"First instant: {FORMS}.")],
    to: Annotated[str, typer.Option("--to", metavar="TIME", help="Instant after the last one.")] = "now",
    form: Annotated[str, typer.Option("--format", help="csv, json, geojson or gpx.")] = "csv",
    place: Annotated[
        str | None, typer.Option("--premises", metavar="CODE", help="Which premises, when several have the vehicle.")
    ] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Refused fixes too, with the rule.")] = False,
    phones: Annotated[bool, typer.Option("--phones", help="Of phones in it, which are not its record.")] = False,
    out: Annotated[Path | None, typer.Option(help="File to write; else standard output.", show_default=False)] = None,
) -> None:
    """Every fix of a vehicle from-to in order of time, as csv, json, geojson or gpx."""
    from storage.reads import history as read_history
    from waybill.exports.formats import Format, write

    if form not in list(Format):
        raise CommandError(f"--format {form!r} must be one of {', '.join(Format)}")
    settings = settings_of(context)
    now = settings.parsed_clock().now()
    from_at, to_at = instant(from_, now, "--from"), instant(to, now, "--to")
    if from_at >= to_at:
        raise CommandError(f"--from {format_instant(from_at)} is not before --to {format_instant(to_at)}")
    with reader(settings) as connection:
        premises = _premises(connection, place)
        _check_vehicle(connection, premises, vehicle)
        rows = read_history(connection, premises, vehicle, from_at=from_at, to_at=to_at, refused=refused, phones=phones)
        with _open(out) as file:
            count = write(rows, vehicle, Format(form), file)
        if not count and not phones:
            _explain(connection, premises, vehicle, from_at, to_at, refused=refused)
    if out is not None:
        note(f"{count} fixes of {vehicle} written to {out}")


def _premises(connection: psycopg.Connection, code: str | None) -> list[UUID]:
    from storage.reads import all_premises_ids, premises_list

    known = premises_list(connection, all_premises_ids(connection))
    found = [one.id for one in known if code is None or one.code == code]
    if not found:
        codes = ", ".join(one.code for one in known) or "none yet: waybill init"
        raise CommandError(f"there are no premises {code or ''}; known: {codes}")
    return found


def _check_vehicle(connection: psycopg.Connection, premises: Sequence[UUID], vehicle: str) -> None:
    from storage.reads import vehicle_names

    known = vehicle_names(connection, premises)
    if known.count(vehicle) > 1:
        raise CommandError(f"several premises have a vehicle {vehicle}; name one with --premises")
    if vehicle not in known:
        names = ", ".join(known[:40]) or "none"
        raise CommandError(f"there is no vehicle {vehicle!r}; known: {names}" + (" …" if len(known) > 40 else ""))


@contextmanager
def _open(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or the file, which is complete or not there at all."""
    if path is None:
        yield sys.stdout
        return
    half_done = path.with_name(f".{path.name}.half-done")
    try:
        with half_done.open("w", encoding="utf-8", newline="") as file:
            yield file
        half_done.replace(path)
    except OSError as error:
        raise CommandError(f"--out {path}: {error.strerror}") from error
    finally:
        half_done.unlink(missing_ok=True)


def _explain(
    connection: psycopg.Connection,
    premises: Sequence[UUID],
    vehicle: str,
    from_at: datetime,
    to_at: datetime,
    *,
    refused: bool,
) -> None:
    """One line on standard error that says what there is instead."""
    from storage.history import history_extent

    found = history_extent(connection, premises, vehicle, from_at=from_at, to_at=to_at)
    time = f"from {format_instant(from_at)} to {format_instant(to_at)}"
    note(f"no fixes of {vehicle} {time}; {_what_there_is(found, refused)}")


def _what_there_is(found: list[Extent], refused: bool) -> str:
    if not found:
        return "there are none at any time: is a device fitted? waybill device list"
    hidden = [f"{one.within} refused as {one.refused_by}" for one in found if one.refused_by and one.within]
    if hidden and not refused:
        return f"in that time there are {', '.join(hidden)}: --refused shows them"
    counting = next((one for one in found if one.refused_by is None), None)
    if counting is not None:
        return f"the first is of {format_instant(counting.first_at)}, the last of {format_instant(counting.last_at)}"
    ways = ", ".join(f"{one.fixes} refused as {one.refused_by}" for one in found)
    return f"there are only refused ones, at other times: {ways}"
