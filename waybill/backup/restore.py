"""Brings a set's database back beside the present one, checks it and puts it in its place. Touches no file of ours."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
import psycopg

from storage.audit import Actor, AuditEvent, record
from storage.backup import (
    Scratch,
    finish_restore,
    maintenance,
    may_make_databases,
    move_feed,
    rows_in_use,
    scratch,
    sessions,
    swap_in,
    timescaledb_offered,
)
from storage.health import server_versions
from storage.migrate import known_migrations, migrate, set_passwords
from waybill.backup.errors import BackupError
from waybill.backup.keys import Key
from waybill.backup.manifest import DATABASE, Manifest
from waybill.backup.programs import find_program, running
from waybill.backup.set_file import SetReader
from waybill.backup.streams import Sink

Report = Callable[[str, int], None]
_SHOWN = 5


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a database is brought back to, by whom, and by the installation's clock when."""

    owner_url: str
    role_urls: list[str]
    replace: bool
    actor: Actor
    at: datetime


class Restored(msgspec.Struct, frozen=True):
    """What was done: where the database that was there is kept, if one was, and which migrations were applied."""

    aside: str | None
    applied: list[str]


def check_set(one: SetReader, key: Key, report: Report) -> Manifest:
    """Reads the whole set; its manifest when every part is what that says."""
    manifest = one.manifest(key)
    for part in manifest.parts:
        one.check(part, key, lambda more, name=part.name: report(name, more))  # type: ignore[misc]
    return manifest


def check_target(manifest: Manifest, target: Target) -> None:
    """Raises when the server cannot hold the set, or holds what nobody said may be replaced. Changes nothing."""
    _refuse_newer_schema(manifest)
    with maintenance(target.owner_url) as connection:
        if not may_make_databases(connection):
            raise BackupError(
                "the role of database_owner_url is no superuser; TimescaleDB's tables need one: ALTER ROLE"
            )
        _refuse_other_server(connection, manifest)
        working = sessions(connection, target.owner_url)
    if working:
        shown = ", ".join(sorted(set(working))[:_SHOWN])
        raise BackupError(f"the database is in use by {shown}: stop gateway, worker, api and dashboard first")
    rows = rows_in_use(target.owner_url)
    if rows and not target.replace:
        raise BackupError(f"the database holds {rows:,} rows: --replace puts it aside under another name, and keeps it")


def restore_database(one: SetReader, key: Key, manifest: Manifest, target: Target, report: Report) -> Restored:
    """The database of the set, in place. Whatever goes wrong before that, the present one stays as it is."""
    keep = rows_in_use(target.owner_url) > 0
    with (
        maintenance(target.owner_url) as connection,
        scratch(connection, target.owner_url, manifest.timescaledb) as made,
    ):
        _load(one, key, made, server_versions(connection).postgresql, report)
        _compare(manifest.rows, finish_restore(made))
        applied = migrate(made.url)
        set_passwords(made.url, target.role_urls)
        with psycopg.connect(made.url) as inside:
            move_feed(inside)
            record(inside, [_event(one.path, manifest, target)])
        return Restored(swap_in(connection, target.owner_url, made, keep=keep), applied)


def record_recovered(owner_url: str, to: datetime, why: str | None, actor: Actor, at: datetime) -> None:
    """Keeps that PostgreSQL's own recovery has taken the database back to a time; the feed goes on behind that."""
    event = AuditEvent(
        at=at, actor=actor, action="backup.restored", object_kind="installation", object_id="database",
        after={"set": "point-in-time recovery", "made_at": to}, reason=why,
    )  # fmt: skip
    with psycopg.connect(owner_url) as connection:
        move_feed(connection)
        record(connection, [event])


def _load(one: SetReader, key: Key, made: Scratch, server: str, report: Report) -> None:
    program = find_program("pg_restore", server)
    words = ["--no-owner", "--exit-on-error"]
    with running(program, words, made.url, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as restore:
        assert restore.process.stdin is not None, "it is a pipe"
        try:
            one.open(DATABASE, key, Sink(restore.process.stdin), lambda more: report(DATABASE, more))
            _end(restore.process.stdin)
        except BrokenPipeError:
            pass  # it ended early, and says why
        restore.ended()


def _end(stdin: IO[bytes]) -> None:
    stdin.close()


def _refuse_newer_schema(manifest: Manifest) -> None:
    known = {migration.name: migration.digest for migration in known_migrations()}
    for name, digest in manifest.migrations.items():
        if known.get(name) != digest:
            raise BackupError(
                f"the set has migration {name}, which this version does not know: restore it with Waybill "
                f"{manifest.waybill} or newer"
            )


def _refuse_other_server(connection: psycopg.Connection, manifest: Manifest) -> None:
    versions, offered = server_versions(connection), timescaledb_offered(connection)
    image = f"timescale/timescaledb:{manifest.timescaledb}-pg{versions.postgresql.split('.')[0]}"
    if int(versions.postgresql.split(".")[0]) < int(manifest.postgresql.split(".")[0]):
        raise BackupError(
            f"the server is PostgreSQL {versions.postgresql}, the set was made with {manifest.postgresql}: "
            "take a server of that version or newer"
        )
    if manifest.timescaledb not in offered:
        raise BackupError(
            f"the set needs TimescaleDB {manifest.timescaledb}, the server has {', '.join(offered) or 'none'}: start "
            f"it with that version (image {image}), restore, and update it afterwards"
        )
    if manifest.compressed_days and versions.edition != "timescale":
        raise BackupError(
            f"{manifest.compressed_days} days of the set are compressed, and the server's TimescaleDB is of the "
            f"{versions.edition} edition, which cannot read them: take the Community edition"
        )


def _compare(wanted: dict[str, int], found: dict[str, int]) -> None:
    wrong = [
        f"{table} has {found.get(table, 0):,} rows instead of {wanted.get(table, 0):,}"
        for table in sorted({*wanted, *found})
        if wanted.get(table) != found.get(table)
    ]
    if wrong:
        raise BackupError(f"not what the manifest says: {'; '.join(wrong[:_SHOWN])}. Nothing was changed")


def _event(path: Path, manifest: Manifest, target: Target) -> AuditEvent:
    details = {"set": path.name, "made_at": manifest.made_at, "waybill": manifest.waybill}
    return AuditEvent(
        at=target.at, actor=target.actor, action="backup.restored", object_kind="installation", object_id="database",
        after=details, reason="what was recorded after made_at is not in this database",
    )  # fmt: skip
