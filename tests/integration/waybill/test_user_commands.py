"""`waybill user` and `waybill key` on the real database: what they change, and what they say when they cannot."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.fixtures.gateway import NOON
from tests.fixtures.seed import seed_premises


@pytest.fixture(autouse=True)
def store(database: Database) -> None:
    with psycopg.connect(database.owner_url) as owner:
        seed_premises(owner, NOON)


@pytest.fixture
def password(tmp_path: Path) -> str:
    file = tmp_path / "password"
    file.write_text("correct horse battery staple\n", encoding="utf-8")
    return str(file)


def test_a_person_is_opened_changed_and_disabled(waybill: Waybill, password: str) -> None:
    added = waybill("user", "add", "mia", "--role", "dispatcher@store", "--password-file", password)
    changed = waybill("user", "roles", "mia", "--role", "viewer", "--role", "support@store")
    disabled = waybill("user", "disable", "mia")
    (listed,) = waybill("user", "list", "--json").json()

    assert added.out == "account mia: dispatcher@store\n"
    assert changed.out == "account mia: viewer, support@store (before: dispatcher@store)\n"
    assert disabled.exit_code == 0
    assert {one["role"] for one in listed["grants"]} == {"viewer", "support"}
    assert listed["disabled_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "mia", "--role", "boss", "--without-password"), "there is no role 'boss'; there are: viewer, support"),
        (("add", "mia", "--role", "viewer@nowhere", "--without-password"), "nowhere"),
        (("add", "Mia!", "--role", "viewer", "--without-password"), "must be 1 to 64 of"),
        (("disable", "nobody"), "there is no account 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(waybill: Waybill, arguments: tuple[str, ...], says: str) -> None:
    answer = waybill("user", *arguments)

    assert answer.exit_code == 1
    assert says in answer.error
    assert waybill("user", "list", "--json").json() == []


def test_a_key_is_made_rotated_and_revoked(waybill: Waybill) -> None:
    secret = waybill("key", "add", "pos", "--scope", "orders:write", "--premises", "store").out.strip()
    prefix = secret[: len("wb_live_12345678")]
    second = waybill("key", "rotate", prefix, "--overlap-hours", "0").out.strip()
    revoked = waybill("key", "revoke", second)
    again = waybill("key", "rotate", prefix)
    listed = waybill("key", "list").out

    assert revoked.exit_code == 0
    assert "ends already" in again.error
    assert secret not in listed
    assert "revoked" in listed
    assert "ended" in listed


def test_a_scope_that_keys_cannot_have_is_refused(waybill: Waybill) -> None:
    answer = waybill("key", "add", "pos", "--scope", "people:write")

    assert answer.exit_code == 1
    assert "a key cannot have the scope 'people:write'; it can have: " in answer.error
