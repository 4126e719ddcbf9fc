"""`waybill init`, premises, vehicle, driver, device against the real database and broker, as a person calls them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher

from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database

PASSWORD = "a long enough passphrase"
INIT = ("init", "--premises", "Waybill Store", "--code", "helsinki", "--tz", "Europe/Helsinki", "--admin", "chief")


def _init(waybill: Waybill, *more: str) -> None:
    answer = waybill(*INIT, "--password-file", "-", *more, stdin=PASSWORD + "\n")
    assert answer.exit_code == 0, answer


def _rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_init_makes_premises_and_administrator_with_audit_events(waybill: Waybill, database: Database) -> None:
    _init(waybill, "--hours", "mon-fri 09:00-21:00", "--lat", "60.17", "--lon", "24.94")

    assert _rows(database, "SELECT code, tz, hours->'fri', hours->'sat', lat_e7 FROM waybill.premises") == [
        ("helsinki", "Europe/Helsinki", ["09:00", "21:00"], None, 601700000)
    ]
    [(name, role, hashed)] = _rows(
        database,
        "SELECT a.name, r.role, a.password_hash FROM waybill.account a JOIN waybill.account_role r"
        " ON r.account_id = a.id",
    )
    assert (name, role) == ("chief", "administrator")
    assert PasswordHasher().verify(str(hashed), PASSWORD)
    assert _rows(database, "SELECT actor_kind, actor, action FROM waybill.audit_event ORDER BY action") == [
        ("system", "init", "account.opened"),
        ("system", "init", "premises.opened"),
    ]
    assert PASSWORD not in str(_rows(database, "SELECT before, after, reason FROM waybill.audit_event"))


def test_init_a_second_time_changes_nothing(waybill: Waybill, database: Database) -> None:
    _init(waybill)
    before = _rows(database, "SELECT password_hash FROM waybill.account")

    answer = waybill(*INIT, "--password-file", "-", stdin="another long passphrase\n")

    assert answer.exit_code == 0
    assert "left unchanged" in answer.out
    assert _rows(database, "SELECT password_hash FROM waybill.account") == before
    assert _rows(database, "SELECT count(*) FROM waybill.audit_event") == [(2,)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tz", "Europe/Helsingfors"), "time zone 'Europe/Helsingfors' is unknown"),
        (("--code", "Helsinki Store"), "code 'Helsinki Store' must be"),
        (("--hours", "mon-fri 21:00-09:00"), "opening before closing"),
        (("--lat", "60"), "--lat and --lon belong together"),
    ],
)
def test_init_refuses_by_name_and_leaves_nothing(
    waybill: Waybill, database: Database, words: tuple[str, ...], said: str
) -> None:
    answer = waybill(*INIT, *words, "--password-file", "-", stdin=PASSWORD + "\n")

    assert answer.exit_code == 1
    assert said in answer.error
    assert _rows(database, "SELECT count(*) FROM waybill.premises") == [(0,)]


def test_init_refuses_a_short_password_and_leaves_no_premises(waybill: Waybill, database: Database) -> None:
    answer = waybill(*INIT, "--password-file", "-", stdin="short\n")

    assert "has 5 characters; at least 15" in answer.error
    assert _rows(database, "SELECT count(*) FROM waybill.premises") == [(0,)]


def test_init_of_the_same_code_elsewhere_is_refused(waybill: Waybill) -> None:
    _init(waybill)

    answer = waybill(*INIT, "--tz", "Europe/Oslo", "--password-file", "-", stdin=PASSWORD + "\n")

    assert "premises helsinki exist already with tz 'Europe/Helsinki', not 'Europe/Oslo'" in answer.error


def test_password_comes_from_a_file(waybill: Waybill, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PASSWORD + "\n", encoding="utf-8")

    assert waybill(*INIT, "--password-file", str(tmp_path / "secret")).exit_code == 0
    assert "No such file" in waybill(*INIT, "--admin", "other", "--password-file", str(tmp_path / "none")).error


def test_device_is_added_with_credential_and_fitted(waybill_with_broker: Waybill, database: Database) -> None:
    waybill = waybill_with_broker
    _init(waybill)
    assert waybill("vehicle", "add", "van-7", "--plate", "ABC-123").exit_code == 0

    answer = waybill("device", "add", "gps-07", "--fit", "van-7", "--at", "2026-11-23T09:00:00+02:00")

    password = answer.out.strip()
    assert len(password) == 40
    [vehicle] = waybill("vehicle", "list", "--json").json()
    assert (vehicle["name"], vehicle["device_name"], vehicle["plate"]) == ("van-7", "gps-07", "ABC-123")
    [device] = waybill("device", "list", "--json").json()
    assert (device["vehicle_name"], device["fitted_at"]) == ("van-7", "2026-11-23T07:00:00Z")
    events = _rows(
        database, "SELECT action, object_id FROM waybill.audit_event WHERE object_kind = 'device' ORDER BY id"
    )
    assert sorted(events) == [
        ("device.added", "gps-07"), ("device.credential_issued", "gps-07"), ("device.fitted", "gps-07"),
    ]  # fmt: skip
    assert password not in str(_rows(database, "SELECT * FROM waybill.audit_event"))


def test_new_credential_differs(waybill_with_broker: Waybill) -> None:
    first = waybill_with_broker("device", "add", "gps-51").out

    second = waybill_with_broker("device", "rotate", "gps-51").out

    assert len(second.strip()) == 40
    assert first != second


def test_device_without_a_broker_is_not_registered(waybill: Waybill, database: Database) -> None:
    answer = waybill("device", "add", "gps-07", WAYBILL_BROKER_ADMIN_PASSWORD="some-password")

    assert "no broker at 127.0.0.1:1" in answer.error
    assert _rows(database, "SELECT count(*) FROM waybill.device") == [(0,)]


def test_device_moves_from_van_to_van(waybill_with_broker: Waybill, database: Database) -> None:
    waybill = waybill_with_broker
    _init(waybill)
    for name in ("van-1", "van-2"):
        waybill("vehicle", "add", name)
    waybill("device", "add", "gps-61", "--fit", "van-1", "--at", "2026-11-01T00:00:00Z")

    refused = waybill("device", "fit", "gps-61", "van-2")
    left = waybill("device", "unfit", "gps-61", "--at", "2026-11-10T00:00:00Z")
    fitted = waybill("device", "fit", "gps-61", "van-2", "--at", "2026-11-10T00:00:00Z")

    assert "gps-61 is fitted in van-1: waybill device unfit gps-61 first" in refused.error
    assert (left.exit_code, fitted.exit_code) == (0, 0)
    assert _rows(database, "SELECT count(*) FROM waybill.install") == [(2,)]
    assert "there is no vehicle 'van-9'; known: van-1, van-2" in waybill("device", "fit", "gps-61", "van-9").error
    assert "gps-62" in waybill("device", "unfit", "gps-62").error


def test_a_retired_vehicle_keeps_its_history_and_takes_no_device(waybill_with_broker: Waybill) -> None:
    waybill = waybill_with_broker
    _init(waybill)
    waybill("vehicle", "add", "van-1")
    waybill("device", "add", "gps-71", "--fit", "van-1")

    early = waybill("vehicle", "retire", "van-1")
    waybill("device", "unfit", "gps-71")
    retired = waybill("vehicle", "retire", "van-1")
    again = waybill("vehicle", "retire", "van-1")
    fitted = waybill("device", "fit", "gps-71", "van-1")

    assert "gps-71 is fitted in van-1" in early.error
    assert retired.exit_code == 0
    assert "retired already" in again.error
    assert "van-1 is retired" in fitted.error


def test_same_names_twice_are_refused(waybill_with_broker: Waybill) -> None:
    waybill = waybill_with_broker
    _init(waybill)
    waybill("vehicle", "add", "van-1")
    waybill("driver", "add", "17", "Aino Virtanen")
    waybill("device", "add", "gps-81")

    assert "vehicle van-1 exists already at helsinki" in waybill("vehicle", "add", "van-1").error
    assert "employee number 17 is taken" in waybill("driver", "add", "17", "Eino").error
    assert "device gps-81 exists already" in waybill("device", "add", "gps-81").error
    assert "not admin or gateway" in waybill("device", "add", "gateway").error


def test_two_premises_have_to_be_told_apart(waybill: Waybill) -> None:
    _init(waybill)
    waybill("premises", "add", "espoo", "--name", "Espoo", "--tz", "Europe/Helsinki")

    unclear = waybill("vehicle", "add", "van-1")
    named = waybill("vehicle", "add", "van-1", "--premises", "espoo")

    assert "name one: espoo, helsinki" in unclear.error
    assert named.exit_code == 0
    assert [row["code"] for row in waybill("premises", "list", "--json").json()] == ["espoo", "helsinki"]
    assert waybill("vehicle", "list", "--premises", "helsinki", "--json").json() == []


def test_empty_lists_say_how_to_add(waybill: Waybill) -> None:
    for group, hint in (("premises", "waybill init"), ("vehicle", "vehicle add"), ("driver", "driver add")):
        assert hint in waybill(group, "list").err
    assert "there are no premises yet: run waybill init" in waybill("vehicle", "add", "van-1").error


def test_commands_say_which_setting_is_missing(waybill: Waybill) -> None:
    answer = waybill("premises", "list", WAYBILL_DATABASE_URL="")

    assert "database_url is not set: set WAYBILL_DATABASE_URL" in answer.error


def test_premises_without_a_place_are_named_and_can_be_placed(waybill: Waybill, owner: psycopg.Connection) -> None:
    _init(waybill)
    said = waybill(*INIT)
    placed = waybill("premises", "place", "--lat", "60.17", "--lon", "24.94")
    waybill("premises", "place", "--lat", "60.17", "--lon", "24.94")

    assert "until waybill premises place" in said.err
    assert placed.exit_code == 0, placed
    assert owner.execute("SELECT lat_e7, lon_e7 FROM waybill.premises").fetchall() == [(601_700_000, 249_400_000)]
    events = owner.execute("SELECT before, after FROM waybill.audit_event WHERE action = 'premises.placed'").fetchall()
    assert events == [({"lat_e7": None, "lon_e7": None}, {"lat_e7": 601_700_000, "lon_e7": 249_400_000})]
