"""The schema files and the migrations make the same database, and migrations defend what was released."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from storage import migrate as migration_module
from storage.migrate import Migration, MigrationError, applied, known_migrations, migrate, pending, schema_text
from tests.fixtures.database import Database
from waybill.stack.servers import ensure

# Differs by nature: which file made it, and random keys of newer pg_dump versions.
_IGNORED = re.compile(r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog.set_config.*|)$")


def dump(url: str) -> list[str]:
    """The database's definition, line by line."""
    (program,) = ensure("postgres", print).glob("usr/lib/postgresql/*/bin/pg_dump")
    shown = subprocess.run(
        [program, "--schema-only", "--schema=waybill", "--schema=reading",
         "--exclude-table=waybill.migration", url],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [line for line in shown.splitlines() if not _IGNORED.match(line)]


def test_schema_files_equal_all_migrations(database: Database, empty_database: Database) -> None:
    with psycopg.connect(empty_database.owner_url, autocommit=True) as connection:
        connection.execute(schema_text().encode())

    from_schema = dump(empty_database.owner_url)
    from_migrations = dump(database.owner_url)

    assert len(from_schema) > 200
    assert from_schema == from_migrations


def test_migrating_twice_changes_nothing(empty_database: Database) -> None:
    first = migrate(empty_database.owner_url)
    second = migrate(empty_database.owner_url)

    assert first == [migration.name for migration in known_migrations()]
    assert second == []


def test_a_file_changed_after_its_release_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    name = known_migrations()[0].name
    monkeypatch.setattr(migration_module, "known_migrations", lambda: [Migration(name, "SELECT 1")])

    with psycopg.connect(database.owner_url) as connection, pytest.raises(MigrationError, match=name):
        pending(connection)


def test_a_database_of_a_newer_version_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration_module, "known_migrations", list)

    with psycopg.connect(database.owner_url) as connection, pytest.raises(MigrationError, match="newer Waybill"):
        pending(connection)


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Migration("0001_pre_broken.sql", "CREATE SCHEMA waybill; CREATE TABLE waybill.half (x int); SELECT 1/0;")
    monkeypatch.setattr(migration_module, "known_migrations", lambda: [broken])

    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_database.owner_url)

    with psycopg.connect(empty_database.owner_url) as connection:
        assert applied(connection) == {}
        assert connection.execute("SELECT to_regclass('waybill.half')").fetchone() == (None,)


def test_a_migration_never_changes_once_it_is_in_the_list() -> None:
    """Databases out there remember its digest. A change of the schema is a new file, and a new line in the list."""
    listed = dict(
        line.split() for line in (Path(__file__).parent / "released.txt").read_text(encoding="utf-8").splitlines()
    )

    assert {migration.name: migration.digest for migration in known_migrations()} == listed
