"""`import` and `export` of master data, the same for each group of commands. Holds no rules of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.connections import database
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_table

if TYPE_CHECKING:
    from gateway.api.csv_answers import ImportReport

PremisesCode = Annotated[
    str | None, typer.Option("--premises", metavar="CODE", help="Which premises, when there are several.")
]
CsvIn = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, UTF-8, the first line names the columns.")]
CsvOut = Annotated[Path, typer.Argument(metavar="FILE", help="Where to; it must not exist yet.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would become of it.")]


def add_sheet_commands(group: typer.Typer, sheet_name: str, *, at_premises: bool = True) -> None:
    """Gives the group `import FILE` and `export FILE` for the sheet of this name; its rows may belong to premises."""

    def take_in_all(context: typer.Context, file: CsvIn, dry_run: DryRun = False) -> None:
        take_in(context, file, None, dry_run)

    def give_out_all(context: typer.Context, file: CsvOut) -> None:
        give_out(context, file, None)

    def take_in(context: typer.Context, file: CsvIn, premises: PremisesCode = None, dry_run: DryRun = False) -> None:
        from gateway.api.master_sheets import SHEETS
        from gateway.api.sheets import import_sheet
        from gateway.master.premises import find_premises
        from waybill.commands.actor import terminal_actor

        settings = settings_of(context)
        content = content_of(file)
        with database(settings) as connection:
            sheet = next(one for one in SHEETS if one.name == sheet_name)
            report = import_sheet(
                connection, sheet, content, lambda code: find_premises(connection, code or premises), None,
                terminal_actor(), settings.parsed_clock().now(), dry_run=dry_run,
            )  # fmt: skip
        show_report(file, report, dry_run=dry_run)

    def give_out(context: typer.Context, file: CsvOut, premises: PremisesCode = None) -> None:
        from gateway.api.master_sheets import SHEETS
        from gateway.api.sheets import export_sheet
        from gateway.master.premises import find_premises

        settings = settings_of(context)
        with database(settings) as connection:
            sheet = next(one for one in SHEETS if one.name == sheet_name)
            ids = None if premises is None else [find_premises(connection, premises).id]
            text = export_sheet(connection, sheet, ids, settings.parsed_clock().now())
        try:
            with file.open("x", encoding="utf-8", newline="") as out:
                out.write(text)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        say(f"{file}: {len(text.splitlines()) - 1} {sheet_name.replace('-', ' ')}")

    what = sheet_name.replace("-", " ")
    group.command(name="import", help=f"Puts every row of a CSV file among the {what}: all of them, or none and why.")(
        take_in if at_premises else take_in_all
    )
    group.command(name="export", help=f"Writes all {what} in service as the CSV file that import takes.")(
        give_out if at_premises else give_out_all
    )


def content_of(file: Path) -> bytes:
    """The file's bytes, or the one line that says why not."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error


def show_report(file: Path, report: ImportReport, *, dry_run: bool) -> None:
    """What became of the file; raises when something is wrong with it."""
    if report.wrong:
        show_table(("line", "column", "what is wrong"), [(one.line, one.column, one.says) for one in report.wrong])
        raise CommandError(f"{file}: {len(report.wrong)} things are wrong; nothing was changed")
    say(f"{report.created} created, {report.changed} changed, {report.unchanged} unchanged")
    if dry_run:
        note("Nothing was changed: --dry-run.")
