"""What a backup asks of the database, and the database beside it into which one is brought back. Reads no set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from contract.clock import true_now
from storage.health import ServerVersions, server_versions
from storage.sql import statement

_LOCK = 0x5741_5952  # "WAYR": advisory lock that lets one restore run at a time
# Rows of these say nothing about whether somebody works with a database: every start writes them.
_OF_EVERY_START = frozenset({"migration", "part"})


class Snapshot(msgspec.Struct, frozen=True):
    """One state of the database, which lasts as long as its transaction; `id` lets pg_dump see the same."""

    id: str
    versions: ServerVersions
    compressed_days: int
    rows: dict[str, int]


class NewestBackup(msgspec.Struct, frozen=True):
    """The newest set of this database; recorded_at is true time."""

    recorded_at: datetime
    action: str  # backup.made or backup.restored
    details: dict[str, Any]


class Scratch(msgspec.Struct, frozen=True):
    """The database beside the one that counts, in which a restore is done and checked."""

    url: str
    name: str


@contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """The state of the database now, with all its rows counted."""
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield Snapshot(
            str(_value(connection, "export_snapshot")),
            server_versions(connection),
            int(_value(connection, "compressed_days")),
            count_rows(connection),
        )


def count_rows(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of every table of the records; empty when the database has none of them."""
    if not _value(connection, "has_records"):
        return {}
    rows = {}
    for (table,) in connection.execute(statement("record_tables")).fetchall():
        query = sql.SQL("SELECT count(*) FROM waybill.{}").format(sql.Identifier(table))
        found = connection.execute(query).fetchone()
        assert found is not None, "a count is a row"
        rows[str(table)] = int(found[0])
    return rows


def rows_in_use(url: str) -> int:
    """How many rows of records the database holds that somebody may miss; 0 also when it is not there."""
    with maintenance(url) as connection:
        if connection.execute(statement("database_exists"), {"database": _name(url)}).fetchone() is None:
            return 0
    with psycopg.connect(url) as connection:
        return sum(count for table, count in count_rows(connection).items() if table not in _OF_EVERY_START)


def timescaledb_offered(connection: psycopg.Connection) -> list[str]:
    return [version for (version,) in connection.execute(statement("timescaledb_offered"))]


def may_make_databases(connection: psycopg.Connection) -> bool:
    return bool(_value(connection, "may_make_databases"))


def sessions(connection: psycopg.Connection, url: str) -> list[str]:
    """Who works in the database at `url` now."""
    rows = connection.execute(statement("database_sessions"), {"database": _name(url)})
    return [f"{user} from {address or 'this machine'}" for user, address, _program in rows]


def devices_cut_off(url: str) -> set[str]:
    """Devices whose credential was revoked."""
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute(statement("devices_cut_off"))}


def newest_backup(connection: psycopg.Connection) -> NewestBackup | None:
    """The newest set that was made of this database, or that it was brought back from."""
    row = connection.execute(statement("newest_backup")).fetchone()
    return None if row is None else NewestBackup(row[0], row[1], row[2] or {})


@contextmanager
def maintenance(url: str) -> Iterator[psycopg.Connection]:
    """A connection to the server beside the database itself, so that this can be renamed; without a transaction."""
    with psycopg.connect(psycopg.conninfo.make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
        yield connection


@contextmanager
def scratch(connection: psycopg.Connection, url: str, timescaledb: str) -> Iterator[Scratch]:
    """An empty database for `pg_restore`; gone afterwards unless it was swapped in. One restore at a time."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
    if row is None or not row[0]:
        raise RuntimeError("another restore is running on this server")
    name = f"{_name(url)}_restoring"
    _drop(connection, name)
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    made = Scratch(psycopg.conninfo.make_conninfo(url, dbname=name), name)
    try:
        with psycopg.connect(made.url, autocommit=True) as inside:
            install = sql.SQL("CREATE EXTENSION timescaledb VERSION {}").format(sql.Literal(timescaledb))
            inside.execute(install)
            inside.execute(statement("make_roles"))
            inside.execute(statement("before_restore"))
        yield made
    finally:
        with suppress(psycopg.Error):  # the server may be what failed
            _drop(connection, name)
            connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def finish_restore(made: Scratch) -> dict[str, int]:
    """TimescaleDB works again; the rows that are there now."""
    with psycopg.connect(made.url, autocommit=True) as inside:
        inside.execute(statement("after_restore"))
        return count_rows(inside)


def move_feed(connection: psycopg.Connection) -> None:
    """Lets the feed of events go on behind every place that anybody has; for a database that was taken back."""
    connection.execute(statement("move_feed"))


def swap_in(connection: psycopg.Connection, url: str, made: Scratch, *, keep: bool) -> str | None:
    """Gives the restored database its name. The one that had it is kept under the name given back, or is dropped."""
    name, aside = _name(url), None
    if connection.execute(statement("database_exists"), {"database": name}).fetchone() is not None:
        if keep:
            aside = f"{name}_replaced_{true_now():%Y%m%d%H%M%S}"
            _rename(connection, name, aside)
        else:
            _drop(connection, name)
    try:
        _rename(connection, made.name, name)
    except psycopg.Error:
        if aside is not None:
            _rename(connection, aside, name)
        raise
    return aside


def _rename(connection: psycopg.Connection, old: str, new: str) -> None:
    # TimescaleDB's scheduler keeps a session in every database that takes connections; nobody may come back meanwhile.
    before, after = sql.Identifier(old), sql.Identifier(new)
    connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(before))
    try:
        connection.execute(statement("end_database_sessions"), {"database": old})
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(before, after))
    except psycopg.Error:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(before))
        raise
    connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(after))


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _name(url: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


def _value(connection: psycopg.Connection, name: str) -> Any:
    row = connection.execute(statement(name)).fetchone()
    assert row is not None, f"{name} gives a row"
    return row[0]
