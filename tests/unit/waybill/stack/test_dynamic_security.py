"""The plugin's store as Mosquitto reads it: salts, hashes, kept clients. No broker is asked; integration does that."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from waybill.stack.dynamic_security import (
    StoreError,
    first_store,
    prepare_store,
    with_passwords,
    without_clients,
    write_store,
)

PASSWORDS = {"admin": "a", "gateway": "g"}


def clients(store: Any) -> dict[str, Any]:
    return {client["username"]: client for client in store["clients"]}


def test_password_is_hashed_as_the_plugin_does() -> None:
    gateway = clients(first_store(PASSWORDS))["gateway"]

    salt = base64.b64decode(gateway["salt"])
    assert len(salt) == 12
    expected = hashlib.pbkdf2_hmac("sha512", b"g", salt, gateway["iterations"], 64)
    assert base64.b64decode(gateway["password"]) == expected


def test_only_the_administrator_has_a_role_and_every_default_is_deny() -> None:
    store = first_store(PASSWORDS)

    assert {name: len(client["roles"]) for name, client in clients(store).items()} == {"admin": 1, "gateway": 0}
    assert set(store["defaultACLAccess"].values()) == {False}  # type: ignore[attr-defined]


def test_same_passwords_change_nothing_and_a_new_one_keeps_the_devices() -> None:
    store = first_store({**PASSWORDS, "gps-01": "d"})

    assert with_passwords(store, PASSWORDS) is store
    changed = with_passwords(store, {"admin": "a", "gateway": "new"})
    assert clients(changed)["gps-01"] == clients(store)["gps-01"]
    assert clients(changed)["admin"] == clients(store)["admin"]
    assert clients(changed)["gateway"] != clients(store)["gateway"]


def test_store_on_disk_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "store.json"

    write_store(path, PASSWORDS)
    first = path.read_bytes()
    write_store(path, PASSWORDS)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == first
    assert set(clients(json.loads(first))) == {"admin", "gateway"}


def test_a_store_that_was_emptied_is_the_one_of_the_last_start(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    assert prepare_store(path, PASSWORDS) is None
    path.write_text(json.dumps(with_passwords(json.loads(path.read_bytes()), {"gps-01": "d"})), encoding="utf-8")
    assert prepare_store(path, PASSWORDS) is None
    path.write_bytes(b"")

    told = prepare_store(path, PASSWORDS)

    assert told is not None
    assert "credentials are those of the broker's last start" in told
    assert set(clients(json.loads(path.read_bytes()))) == {"admin", "gateway", "gps-01"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_store_that_was_emptied_before_there_was_a_copy_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    path.write_bytes(b'{"clients": [')

    with pytest.raises(StoreError, match="bring it back from a backup"):
        prepare_store(path, PASSWORDS)

    assert path.read_bytes() == b'{"clients": ['


def test_clients_are_taken_out_by_name() -> None:
    store = first_store({**PASSWORDS, "gps-01": "d", "gps-02": "e"})

    changed, removed = without_clients(store, {"gps-02", "gps-09"})

    assert removed == ["gps-02"]
    assert set(clients(changed)) == {"admin", "gateway", "gps-01"}
