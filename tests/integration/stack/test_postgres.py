"""The private PostgreSQL: starts, survives a kill, lets nobody in without a password. Knows no tables of ours."""

from pathlib import Path

import psycopg
import pytest

from tests.fixtures.servers import POSTGRES_PASSWORD
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres
from waybill.stack.servers import ensure


def test_server_has_timescaledb_and_durable_commits(postgres: Postgres) -> None:
    # The tests' server is told afterwards not to wait for the disk: what the product sets is in its own file.
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE stack_settings")
    with psycopg.connect(postgres.url("stack_settings")) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in (
                "shared_preload_libraries", "max_locks_per_transaction", "password_encryption",
                "timescaledb.telemetry_level", "timescaledb.license", "unix_socket_directories", "server_version",
            )
        }  # fmt: skip
        written = "SELECT setting FROM pg_file_settings WHERE name = 'fsync' AND sourcefile LIKE '%/waybill.conf'"
        shown["fsync"] = connection.execute(written).fetchone()[0]

    assert shown["server_version"].startswith(postgres.version())
    assert shown.pop("server_version")
    assert shown == {
        "shared_preload_libraries": "timescaledb",
        "fsync": "on",
        "max_locks_per_transaction": "256",
        "password_encryption": "scram-sha-256",
        "timescaledb.telemetry_level": "off",
        "timescaledb.license": {"apache": "apache", "community": "timescale"}[postgres.edition()],
        "unix_socket_directories": "",
    }


def test_nobody_enters_with_a_wrong_password(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url(password="wrong"))


def test_killed_server_starts_again_with_all_that_was_committed(server_folder: Path, server_ports: Ports) -> None:
    server = Postgres(
        server_folder / "killed-postgres", server_ports.claim(0), POSTGRES_PASSWORD, ensure("postgres", print)
    )
    with server:
        with psycopg.connect(server.url()) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('still here')")
        server.kill()
        server.start()

        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT word FROM kept").fetchall() == [("still here",)]
