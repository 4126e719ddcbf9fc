"""Each test's database is a migrated copy of its own. Says nothing about the tables."""

from __future__ import annotations

import psycopg
import pytest

from tests.fixtures.database import Database


@pytest.mark.parametrize("role", ["owner", "gateway", "reader", "retention"])
def test_every_role_reaches_the_copy(database: Database, role: str) -> None:
    with psycopg.connect(getattr(database, f"{role}_url")) as connection:
        row = connection.execute("SELECT current_user, current_database()").fetchone()

    assert row is not None
    assert row[0] == f"waybill_{role}"


@pytest.mark.parametrize("_run", [1, 2])
def test_rows_of_one_test_are_not_seen_by_the_next(database: Database, _run: int) -> None:
    with psycopg.connect(database.gateway_url) as connection:
        before = connection.execute("SELECT count(*) FROM waybill.device").fetchone()
        connection.execute("INSERT INTO waybill.device (name, created_at) VALUES ('gps-01', '2026-11-23T09:00:00Z')")

    assert before == (0,)
