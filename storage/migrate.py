"""Brings a database to the newest schema and gives the roles their passwords. Knows nothing of the records."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import LiteralString

import msgspec
import psycopg
from psycopg import sql

_FILE = re.compile(r"\d{4}_(pre|post)_[a-z0-9_]+\.sql")
_LOCK = 0x5741_5942  # "WAYB": advisory lock that lets one migration run at a time


class MigrationError(Exception):
    """The database does not hold what this version of Waybill can migrate."""


class Migration(msgspec.Struct, frozen=True):
    """One file of storage/migrations: pre runs before the new code starts, post after."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def known_migrations() -> list[Migration]:
    """All migrations in the order in which they are applied."""
    folder = files("storage").joinpath("migrations")
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".sql")), key=lambda p: p.name)
    for path in paths:
        if not _FILE.fullmatch(path.name):
            raise MigrationError(f"storage/migrations/{path.name} is not named NNNN_pre_what.sql or NNNN_post_what.sql")
    return [Migration(path.name, path.read_text(encoding="utf-8")) for path in paths]


def schema_text() -> str:
    """The whole schema for a fresh database, all files of storage/schema in order."""
    folder = files("storage").joinpath("schema")
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".sql")), key=lambda p: p.name)
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def applied(connection: psycopg.Connection) -> dict[str, str]:
    """Name -> digest of the migrations this database has; empty for a new one."""
    exists = connection.execute("SELECT to_regclass('waybill.migration') IS NOT NULL").fetchone()
    if exists is None or not exists[0]:
        return {}
    return dict(connection.execute("SELECT name, digest FROM waybill.migration ORDER BY name").fetchall())


def pending(connection: psycopg.Connection) -> list[Migration]:
    """What `migrate` would apply. Raises MigrationError when an applied file was changed or is unknown here."""
    done = applied(connection)
    known = {migration.name: migration for migration in known_migrations()}
    for name, digest in done.items():
        if name not in known:
            raise MigrationError(f"the database has {name}, which this version does not know: run a newer Waybill")
        if known[name].digest != digest:
            raise MigrationError(f"{name} was changed after it was applied: restore the released file")
    return [migration for name, migration in known.items() if name not in done]


def migrate(url: str) -> list[str]:
    """Applies what is pending, each file in its own transaction; the names of what was applied."""
    names: list[str] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        for migration in pending(connection):
            with connection.transaction():
                connection.execute(migration.text.encode())
                connection.execute(_TABLE)
                connection.execute(
                    "INSERT INTO waybill.migration (name, digest, applied_at) VALUES (%s, %s, clock_timestamp())",
                    [migration.name, migration.digest],
                )
            names.append(migration.name)
    return names


_TABLE: LiteralString = (
    "CREATE TABLE IF NOT EXISTS waybill.migration"
    " (name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL);"
    # Every part asks at its start whether the schema is the one it was written for.
    " GRANT SELECT ON waybill.migration TO waybill_gateway"
)


def set_passwords(owner_url: str, role_urls: Iterable[str]) -> None:
    """Lets the roles named in `role_urls` log in with the password that stands in the URL. Idempotent."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for url in role_urls:
            parts = psycopg.conninfo.conninfo_to_dict(url)
            role, password = str(parts.get("user") or ""), str(parts.get("password") or "")
            if not role or not password:
                raise MigrationError(f"the database address of role {role or 'unknown'} needs a user and a password")
            connection.execute(
                sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
            )
