"""Makes one set of an installation that is running. Deletes no older one and asks nothing."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import psycopg

from storage.audit import Actor, AuditEvent, record
from storage.backup import Snapshot, snapshot
from storage.migrate import applied
from waybill.backup.errors import BackupError
from waybill.backup.files import Named, write_tar
from waybill.backup.keys import Lock
from waybill.backup.manifest import (
    ABOUT,
    BROKER,
    DATABASE,
    FILES,
    FORMAT,
    HOW_TO_OPEN,
    KEY,
    MANIFEST,
    About,
    Manifest,
    Part,
    how_to_open,
)
from waybill.backup.programs import find_program, running
from waybill.backup.set_file import SetWriter
from waybill.backup.streams import Written

Report = Callable[[str, int], None]  # the part that is on, how many bytes more


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into a set."""

    owner_url: str
    broker: list[Named] | None  # None: without the broker
    files: list[Named]


def make_set(path: Path, made_at: datetime, wanted: Wanted, lock: Lock, report: Report) -> tuple[Manifest, int]:
    """Writes the set; its manifest and its size. Whatever goes wrong, nothing is left of it."""
    part_on = DATABASE
    writer = SetWriter(path, lock, lambda more: report(part_on, more))
    try:
        _plain_pages(writer, lock, made_at)
        parts = []
        # Before the database: a receipt that the broker holds must never claim more than the database has.
        if wanted.broker is not None:
            part_on = BROKER
            parts.append(_files(writer, BROKER, wanted.broker))
        part_on = DATABASE
        with snapshot(wanted.owner_url) as state:
            parts.append(_dump(writer, wanted.owner_url, state))
        # After it: no record may name a file that is not in the set.
        part_on = FILES
        parts.append(_files(writer, FILES, wanted.files))
        manifest = _manifest(wanted, state, made_at, parts)
        writer.sealed(MANIFEST, io.BytesIO(msgspec.json.format(msgspec.json.encode(manifest))))
        return manifest, writer.finish()
    except BaseException:
        writer.abandon()
        raise


def record_made(owner_url: str, path: Path, size: int, manifest: Manifest, actor: Actor, at: datetime) -> None:
    """Keeps in the database itself who took a copy of it, when and where to; `waybill status` looks it up."""
    details = {"set": path.name, "bytes": size, "made_at": manifest.made_at, "rows": sum(manifest.rows.values())}
    event = AuditEvent(
        at=at, actor=actor, action="backup.made", object_kind="installation", object_id="database", after=details
    )
    with psycopg.connect(owner_url) as connection:
        record(connection, [event])


def _plain_pages(writer: SetWriter, lock: Lock, made_at: datetime) -> None:
    by = "identity" if lock.key_file is None else "passphrase"
    about = About(format=FORMAT, made_at=made_at, waybill=version("waybill"), opened_by=by)
    writer.plain(ABOUT, msgspec.json.encode(about))
    writer.plain(HOW_TO_OPEN, how_to_open(passphrase=lock.key_file is not None).encode())
    if lock.key_file is not None:
        writer.plain(KEY, lock.key_file)


def _files(writer: SetWriter, name: str, files: list[Named]) -> Part:
    with closing(Written(lambda out: write_tar(files, out))) as written:
        return writer.sealed(name, written.stream, written.ended)


def _dump(writer: SetWriter, owner_url: str, state: Snapshot) -> Part:
    if not state.rows:
        raise BackupError("the database has no records of Waybill: run waybill db migrate")
    if state.compressed_days and state.versions.edition != "timescale":
        raise BackupError(
            f"{state.compressed_days} days of fixes are compressed and cannot be read under timescaledb.license = "
            f"{state.versions.edition}: start the server with the Community edition and license = timescale"
        )
    program = find_program("pg_dump", state.versions.postgresql)
    words = ["--format=custom", "--compress=zstd:3", f"--snapshot={state.id}"]
    with running(program, words, owner_url, stdin=None, stdout=subprocess.PIPE) as dump:
        assert dump.process.stdout is not None, "it is a pipe"
        return writer.sealed(DATABASE, dump.process.stdout, dump.ended)  # type: ignore[arg-type]


def _manifest(wanted: Wanted, state: Snapshot, made_at: datetime, parts: list[Part]) -> Manifest:
    with psycopg.connect(wanted.owner_url) as connection:
        migrations = applied(connection)
    return Manifest(
        format=FORMAT,
        made_at=made_at,
        waybill=version("waybill"),
        postgresql=state.versions.postgresql,
        timescaledb=state.versions.timescaledb or "",
        edition=state.versions.edition or "",
        compressed_days=state.compressed_days,
        migrations=migrations,
        rows=state.rows,
        broker=wanted.broker is not None,
        parts=parts,
    )
