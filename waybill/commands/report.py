"""`waybill report`: records to hand over, as CSV, JSON and PDF with a manifest. Holds no rules of its own."""

from __future__ import annotations

import shutil
import sys
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from waybill.connections import database
from waybill.instants import FORMS, instant
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_table

if TYPE_CHECKING:
    from gateway.reports.making import Made
    from waybill.settings import Settings


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Left out: which there are.")] = None,
    day: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="A day of the premises' time zone.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="TIME", help=f"First instant: {FORMS}.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Instant after the last one.")] = None,
    vehicle: Annotated[str | None, typer.Option(help="Name, such as van-7.")] = None,
    trip: Annotated[str | None, typer.Option(help="Number, such as T-0007, or id.")] = None,
    order: Annotated[str | None, typer.Option(help="Number or id.")] = None,
    gap_s: Annotated[float, typer.Option("--gap-s", min=1, help="Longer without a position is a gap.")] = 120.0,
    premises: Annotated[
        str | None, typer.Option("--premises", metavar="CODE", help="Which premises, when there are several.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help="csv (where nothing is said), json or pdf; of a receipt json, pdf or slip (80 mm)."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="New folder for all formats and manifest.json.")
    ] = None,
) -> None:
    """Makes a report; that it was made is on record."""
    from gateway.master.premises import find_premises
    from gateway.reports.asking import Asked
    from gateway.reports.catalogue import REPORTS, report_named
    from gateway.reports.making import FORMATS, make_asked
    from waybill.commands.actor import terminal_actor

    if name is None:
        rows = [(one.name, one.title, ", ".join(sorted(one.takes)), one.rule) for one in REPORTS.values()]
        rows.append(("receipt", "The receipt of one order", "order", "4 CCR 15420(a)"))
        show_table(("report", "what", "narrowed to", "rule"), rows)
        note("docs/reports.md names every column.")
        return
    settings = settings_of(context)
    now = settings.parsed_clock().now()
    if name == "receipt":
        _receipt(settings, order, premises, form or "pdf", now)
        return
    form = form or "csv"
    if form not in FORMATS:
        raise CommandError(f"--format {form!r} must be one of {', '.join(FORMATS)}")
    _must_be_new(out)
    asked = Asked(
        day=None if day is None else _day(day), from_at=None if from_ is None else instant(from_, now, "--from"),
        to_at=None if to is None else instant(to, now, "--to"), vehicle=vehicle, trip=trip, order=order, gap_s=gap_s,
    )  # fmt: skip
    formats = FORMATS if out is not None else tuple(one for one in FORMATS if one == form)
    definition = report_named(name)
    with TemporaryDirectory(prefix="waybill-report-", dir=None if out is None else _parent(out)) as folder:
        with database(settings) as connection:
            place = find_premises(connection, premises)
            made = make_asked(connection, definition, asked, place.id, formats, Path(folder), terminal_actor(), now)
        # Committed: from here on it is on record that it was made.
        if out is None:
            _to_standard_output(made)
        else:
            _into_folder(made, Path(folder), out)


def _receipt(settings: Settings, order: str | None, premises: str | None, form: str, now: datetime) -> None:
    from gateway.master.premises import find_premises
    from gateway.reports.receipts import RECEIPT_FORMS, give_receipt
    from waybill.commands.actor import terminal_actor

    if order is None:
        raise CommandError("receipt needs --order NUMBER")
    wanted = next((one for one in RECEIPT_FORMS if one == form), None)
    if wanted is None:
        raise CommandError(f"--format {form!r} must be one of {', '.join(RECEIPT_FORMS)}")
    with database(settings) as connection:
        place = find_premises(connection, premises)
        given = give_receipt(connection, place.id, order, wanted, terminal_actor(), now)
    with BytesIO(given.body) as file:
        _copy_out(file, form)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--day {text!r} is not a day such as 2026-11-23") from None


def _parent(out: Path) -> Path:
    """Where the files are made: beside their place, so that they are there all at once or not at all."""
    if not out.parent.is_dir():
        raise CommandError(f"--out {out}: there is no folder {out.parent}")
    return out.parent


def _must_be_new(out: Path | None) -> None:
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CommandError(f"--out {out} is there already: name a new folder, nothing is written over")


def _to_standard_output(made: Made) -> None:
    with made.files[0].path.open("rb") as file:
        _copy_out(file, made.files[0].format)
    if not made.row_count:
        note(f"{made.head.report} has no rows for this time and these filters")


def _copy_out(file: BinaryIO, form: str) -> None:
    if form in ("pdf", "slip") and sys.stdout.isatty():
        raise CommandError("a PDF is not for a terminal: add > FILE")
    sys.stdout.flush()
    shutil.copyfileobj(file, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _into_folder(made: Made, folder: Path, out: Path) -> None:
    from gateway.reports.making import manifest

    try:
        (folder / "manifest.json").write_text(manifest(made), encoding="utf-8")
        out.mkdir(exist_ok=True)
        for path in sorted(folder.iterdir()):
            path.replace(out / path.name)
    except OSError as error:
        raise CommandError(f"--out {out}: {error.strerror}") from error
    for form, why in made.left_out.items():
        note(f"no {form}: {why}")
    say(f"{out}: {made.row_count} rows, {', '.join(one.path.name for one in made.files)} and manifest.json; "
        f"report {made.head.report_id}")  # fmt: skip
