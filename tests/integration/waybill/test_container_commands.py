"""What only containers call: the broker's first store of credentials, and whether a part is alive."""

from __future__ import annotations

import json
import re
import stat
from datetime import timedelta
from pathlib import Path

import psycopg

from contract.clock import true_now
from storage.parts import put_part
from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from waybill.stack.dynamic_security import with_passwords

PASSWORDS = {"WAYBILL_BROKER_PASSWORD": "first-of-gateway", "WAYBILL_BROKER_ADMIN_PASSWORD": "first-of-admin"}


def test_a_part_is_alive_for_20_seconds_after_its_last_sign(waybill: Waybill, database: Database) -> None:
    never = waybill("alive", "gateway")
    with psycopg.connect(database.gateway_url) as connection:
        put_part(connection, "gateway", "0.1.0", true_now(), {})
    by_name, by_host = waybill("alive", "gateway"), waybill("alive")
    with psycopg.connect(database.gateway_url) as connection:
        connection.execute("UPDATE waybill.part SET seen_at = %s", [true_now() - timedelta(seconds=21)])
    silent = waybill("alive")

    assert never.exit_code == 1
    assert "gateway never gave a sign of life" in never.error
    assert (by_name.exit_code, by_host.exit_code) == (0, 0)
    assert silent.exit_code == 1
    assert re.search(r"is silent for \d\d+ s", silent.error)


def test_the_store_is_made_once_and_keeps_what_the_broker_added(waybill: Waybill, tmp_path: Path) -> None:
    store = tmp_path / "dynamic-security.json"
    assert waybill("broker", "prepare", str(store), **PASSWORDS).exit_code == 0
    first = store.read_text(encoding="utf-8")
    with_device = with_passwords(json.loads(first), {"gps-01": "of-a-device"})
    store.write_text(json.dumps(with_device), encoding="utf-8")

    waybill("broker", "prepare", str(store), **PASSWORDS)

    assert json.loads(store.read_text(encoding="utf-8")) == with_device
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert {client["username"] for client in json.loads(first)["clients"]} == {"gateway", "admin"}
    assert "first-of" not in first


def test_a_changed_password_replaces_the_old_one_only(waybill: Waybill, tmp_path: Path) -> None:
    store = tmp_path / "dynamic-security.json"
    waybill("broker", "prepare", str(store), **PASSWORDS)
    before = {client["username"]: client for client in json.loads(store.read_text(encoding="utf-8"))["clients"]}

    waybill("broker", "prepare", str(store), **{**PASSWORDS, "WAYBILL_BROKER_PASSWORD": "second-of-gateway"})

    after = {client["username"]: client for client in json.loads(store.read_text(encoding="utf-8"))["clients"]}
    assert after["admin"] == before["admin"]
    assert after["gateway"]["password"] != before["gateway"]["password"]


def test_without_passwords_or_a_place_for_it_no_store_is_made(waybill: Waybill, tmp_path: Path) -> None:
    assert "broker_password is not set" in waybill("broker", "prepare", str(tmp_path / "store.json")).error
    assert "cannot be written" in waybill("broker", "prepare", str(tmp_path / "no" / "store.json"), **PASSWORDS).error
