"""`waybill db migrate|status` on a database that is empty at first. Judges no table."""

from __future__ import annotations

import psycopg
import pytest

from tests.fixtures.command_line import caller, settings_of_tests
from tests.fixtures.database import Database


def test_migrate_makes_the_schema_and_lets_the_roles_in(empty_database: Database) -> None:
    waybill = caller(settings_of_tests(empty_database))

    before = waybill("db", "status")
    first = waybill("db", "migrate")
    second = waybill("db", "migrate")
    after = waybill("db", "status", "--json")

    assert before.exit_code == 1
    assert "pending  0001_pre_first_schema.sql" in before.out
    assert "applied 0001_pre_first_schema.sql" in first.out
    assert "applied" not in second.out
    assert after.json()["pending"] == []
    for url in (empty_database.gateway_url, empty_database.reader_url, empty_database.retention_url):
        with psycopg.connect(url):
            pass


def test_a_command_on_an_empty_database_says_migrate(empty_database: Database) -> None:
    waybill = caller(settings_of_tests(empty_database))

    assert "has no Waybill schema: run waybill db migrate" in waybill("premises", "list").error


def test_an_unreachable_database_is_named_without_its_password(empty_database: Database) -> None:
    waybill = caller(settings_of_tests(empty_database))

    answer = waybill("db", "status", WAYBILL_DATABASE_OWNER_URL="postgresql://owner:hunter2@127.0.0.1:1/waybill")

    assert "no connection to postgresql://owner:***@127.0.0.1:1/waybill (database_owner_url)" in answer.error
    assert "hunter2" not in answer.error


@pytest.mark.parametrize("command", ["migrate", "status"])
def test_a_schema_of_a_newer_waybill_is_refused(database: Database, command: str) -> None:
    with psycopg.connect(database.owner_url) as connection:
        connection.execute("INSERT INTO waybill.migration VALUES ('9999_pre_future.sql', 'x', now())")

    answer = caller(settings_of_tests(database))("db", command)

    assert "9999_pre_future.sql, which this version does not know: run a newer Waybill" in answer.error
