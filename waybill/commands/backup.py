"""`waybill backup`: makes, checks and lists sets of everything that a new machine needs. Does none of it itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.connections import needed
from waybill.invocation import CommandError, invocation, settings_of
from waybill.terminal import note, say, show_json, show_table

if TYPE_CHECKING:
    from datetime import datetime

    from waybill.backup.keys import Lock
    from waybill.backup.make import Wanted
    from waybill.backup.manifest import Manifest
    from waybill.backup.shelf import Shelf

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="File whose first line is the passphrase; - reads it from stdin.", show_default=False
    ),
]
Identity = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Secret key of a recipient, as age-keygen writes it.", show_default=False),
]
BrokerState = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Where the broker keeps dynamic-security.json.", show_default=False),
]
Folder = Annotated[
    Path | None,
    typer.Option("--to", metavar="FOLDER", help="Where sets are kept; else backup_dir.", show_default=False),
]
Word = Annotated[str, typer.Option("--name", metavar="WORD", help="What the names of these sets begin with.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Backups: make, check, list. waybill restore brings one back.")
    group.command(name="make")(make)
    group.command(name="check")(check)
    group.command(name="list")(list_sets)
    group.command(name="recovered")(recovered)
    app.add_typer(group, name="backup")


def make(
    context: typer.Context,
    folder: Folder = None,
    passphrase_file: PassphraseFile = None,
    recipient: Annotated[
        list[str] | None, typer.Option(metavar="AGE1…", help="Public key of age that may open it.", show_default=False)
    ] = None,
    keep: Annotated[int, typer.Option(min=1, help="So many sets stay; older ones are deleted.")] = 14,
    word: Word = "waybill",
    broker_state: BrokerState = None,
    without_broker: Annotated[
        bool, typer.Option("--without-broker", help="Leave the broker's credentials out.")
    ] = False,
    include: Annotated[
        list[Path] | None, typer.Option(metavar="PATH", help="A file or folder to take along.", show_default=False)
    ] = None,
) -> None:
    """Writes one dated, encrypted set: database, broker, settings, map, media. The installation goes on meanwhile."""
    from waybill.backup.passphrases import lock_for
    from waybill.backup.shelf import Shelf

    settings = settings_of(context)
    shelf = Shelf(_folder(context, folder), word)
    lock = lock_for(settings, passphrase_file, recipient or [])
    wanted = _wanted(context, broker_state, include or [], without_broker=without_broker)
    path, size, rows, deleted = _write(shelf, wanted, lock, keep, settings.parsed_clock().now())
    say(f"{path}: {size:,} bytes, {rows:,} rows")
    for name in deleted:
        note(f"deleted {name}: {keep} are kept")
    if wanted.broker is None:
        note("without the broker: after a restore every device needs waybill device rotate")
    note("Keep a copy on another machine, and the passphrase or secret key where neither machine is needed to read it.")


def _write(shelf: Shelf, wanted: Wanted, lock: Lock, keep: int, at: datetime) -> tuple[Path, int, int, list[str]]:
    """The new set, its size and rows, and the names of older ones that went for it."""
    from contract.clock import true_now
    from waybill.backup.make import make_set, record_made
    from waybill.commands.actor import terminal_actor
    from waybill.progress import byte_bars

    shelf.make_folder()
    shelf.sweep()
    made_at = true_now()
    path = shelf.new_path(made_at)
    try:
        with byte_bars(None) as report:
            manifest, size = make_set(path, made_at, wanted, lock, report)
        deleted = shelf.keep_newest(keep, path)
    except OSError as error:
        raise CommandError(f"{path} was not written: {error.strerror or error}; nothing of it is kept") from error
    record_made(wanted.owner_url, path, size, manifest, terminal_actor(), at)
    return path, size, sum(manifest.rows.values()), deleted


def check(
    context: typer.Context,
    set_path: Annotated[Path, typer.Argument(metavar="SET", help="A set: NAME.tar.")],
    passphrase_file: PassphraseFile = None,
    identity: Identity = None,
    as_json: Annotated[bool, typer.Option("--json", help="The manifest as JSON.")] = False,
) -> None:
    """Opens a set, reads all of it, compares every part with the manifest and says what is inside. Exit code 1: bad."""
    from waybill.backup.passphrases import key_for
    from waybill.backup.restore import check_set
    from waybill.backup.set_file import SetReader
    from waybill.progress import byte_bars

    with SetReader(set_path) as one:
        key = key_for(one, settings_of(context), passphrase_file, identity)
        with byte_bars(one.bytes) as report:
            manifest = check_set(one, key, report)
    if as_json:
        show_json(manifest)
    else:
        _tell(manifest)
        say(f"{set_path} is whole.")


def list_sets(
    context: typer.Context,
    folder: Folder = None,
    word: Word = "waybill",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Which sets there are, newest first, as far as that shows without opening them."""
    from waybill.backup.shelf import Shelf

    sets = Shelf(_folder(context, folder), word).sets()
    if as_json:
        show_json(sets)
        return
    rows = [(one.name, f"{one.bytes:,}", one.waybill, one.opened_by, one.trouble) for one in sets]
    show_table(("set", "bytes", "waybill", "opened by", "trouble"), rows)
    if not sets:
        note(f"No set of that name in {_folder(context, folder)}: waybill backup make")


def recovered(
    context: typer.Context,
    to: Annotated[
        str, typer.Option("--to", metavar="TIME", help="What recovery_target_time was: 2026-11-24T14:29:00Z.")
    ],
    why: Annotated[str | None, typer.Option("--reason", help="Why, for the record.", show_default=False)] = None,
) -> None:
    """Records that the database was taken back to a time by PostgreSQL's own recovery, not by waybill restore."""
    from contract.times import parse_instant
    from waybill.backup.restore import record_recovered
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    try:
        at = parse_instant(to)
    except ValueError as error:
        raise CommandError(f"--to {to!r}: {error}") from error
    record_recovered(needed(settings, "database_owner_url"), at, why, terminal_actor(), settings.parsed_clock().now())
    say(f"recorded: this database is in the state of {to}; fixes that devices had a receipt for after it are lost")


def _folder(context: typer.Context, folder: Path | None) -> Path:
    settings = settings_of(context)
    return folder or settings.backup_dir or settings.data_dir / "backups"


def _wanted(context: typer.Context, broker_state: Path | None, include: list[Path], *, without_broker: bool) -> Wanted:
    from waybill.backup.files import broker_files, broker_folder, installation_files
    from waybill.backup.make import Wanted

    settings = settings_of(context)
    broker = None if without_broker else broker_folder(settings, broker_state)
    if broker is None and not without_broker:
        raise CommandError(
            "the broker's credentials are not in the data folder: --broker-state FOLDER names where its "
            "dynamic-security.json is; --without-broker leaves them out, and every device needs a new password then"
        )
    return Wanted(
        owner_url=needed(settings, "database_owner_url"),
        broker=None if broker is None else broker_files(broker),
        files=installation_files(settings, invocation(context).loaded.file, include),
    )


def _tell(manifest: Manifest) -> None:
    say(f"made      {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC by waybill {manifest.waybill}")
    say(f"database  PostgreSQL {manifest.postgresql}, TimescaleDB {manifest.timescaledb}, {manifest.edition} edition")
    say(f"schema    {max(manifest.migrations, default='none')}")
    show_table(("part", "bytes", "sha256"), [(part.name, f"{part.bytes:,}", part.sha256) for part in manifest.parts])
    show_table(("table", "rows"), [(table, f"{rows:,}") for table, rows in manifest.rows.items() if rows])
    say(f"{sum(1 for rows in manifest.rows.values() if not rows)} more tables are empty.")
