"""The first store of the broker's dynamic-security plugin: its administrator and the gateway. Speaks no MQTT."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path

ADMIN = "admin"
GATEWAY = "gateway"
# As the plugin does for the credentials that it makes (Mosquitto 2.0, plugins/dynamic-security: salt of 12 bytes,
# SHA-512, PW_DEFAULT_ITERATIONS 101). It hashes in the broker's only thread, so more would delay every message;
# what makes the passwords hard to guess is that they are generated.
_SALT_BYTES = 12
_HASH_BYTES = 64
_ITERATIONS = 101
_CONTROL = "$CONTROL/dynamic-security/#"

Json = dict[str, object]


class StoreError(Exception):
    """The store cannot be used; the message says the way out."""


def first_store(passwords: Mapping[str, str]) -> Json:
    """The store with one client per name in `passwords`; topics are left to the acl file.

    Every default is "deny": the plugin then defers, and the acl file decides.
    """
    return {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": False,
            "subscribe": False,
            "unsubscribe": False,
        },
        "clients": [_client(name, password) for name, password in passwords.items()],
        "groups": [],
        "roles": [_admin_role()],
    }


def with_passwords(store: Json, passwords: Mapping[str, str]) -> Json:
    """`store` in which the clients of `passwords` have exactly these; the same object when nothing differs."""
    clients = store.get("clients")
    assert isinstance(clients, list)
    kept = {client["username"]: client for client in clients}
    stale = {name: password for name, password in passwords.items() if not _matches(kept.get(name), password)}
    if not stale:
        return store
    others = [client for name, client in kept.items() if name not in stale]
    return {**store, "clients": [*others, *(_client(name, password) for name, password in stale.items())]}


def without_clients(store: Json, names: Collection[str]) -> tuple[Json, list[str]]:
    """`store` without the clients of these names, and which of them it had."""
    clients = store.get("clients")
    assert isinstance(clients, list)
    removed = sorted(client["username"] for client in clients if client["username"] in names)
    return {**store, "clients": [client for client in clients if client["username"] not in removed]}, removed


def prepare_store(path: Path, passwords: Mapping[str, str]) -> str | None:
    """`write_store` before each start of the broker, with a copy for the next one; what is to be said, if anything.

    The plugin empties its file when its disk is full while somebody's credential changes (Mosquitto 2.0.21): then the
    copy takes its place.
    """
    copy, said = path.with_suffix(".copy"), None
    if _is_damaged(path):
        if not copy.is_file() or _is_damaged(copy):
            raise StoreError(
                f"{path} cannot be read, and there is no copy of it from an earlier start: bring it back from a backup,"
                " or move it away; then every device needs a new credential (waybill device add)"
            )
        _replace(path, copy.read_text(encoding="utf-8"))
        said = (
            f"{path} could not be read (was its disk full?): credentials are those of the broker's last start;"
            " devices that were added or revoked since need waybill device add or revoke again"
        )
    write_store(path, passwords)
    text = path.read_text(encoding="utf-8")
    if not copy.is_file() or copy.read_text(encoding="utf-8") != text:
        _replace(copy, text)
    return said


def write_store(path: Path, passwords: Mapping[str, str]) -> None:
    """Makes `path` hold the clients of `passwords`, keeping every other; the broker must not be running."""
    try:
        store = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        store = None
    wanted = first_store(passwords) if store is None else with_passwords(store, passwords)
    if wanted is store:
        return
    _replace(path, json.dumps(wanted, indent=1))


def _replace(path: Path, text: str) -> None:
    """All of it or nothing."""
    half_done = path.with_suffix(".half-done")
    descriptor = os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    half_done.replace(path)


def _is_damaged(path: Path) -> bool:
    try:
        return "clients" not in json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (ValueError, TypeError):
        return True


def _client(name: str, password: str) -> Json:
    salt = os.urandom(_SALT_BYTES)
    return {
        "username": name,
        "roles": [{"rolename": ADMIN}] if name == ADMIN else [],
        "salt": base64.b64encode(salt).decode(),
        "password": base64.b64encode(_hashed(password, salt, _ITERATIONS)).decode(),
        "iterations": _ITERATIONS,
    }


def _matches(client: Json | None, password: str) -> bool:
    if client is None or "password" not in client:
        return False
    salt = base64.b64decode(str(client["salt"]))
    iterations = int(str(client["iterations"]))
    return hmac.compare_digest(_hashed(password, salt, iterations), base64.b64decode(str(client["password"])))


def _hashed(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, _HASH_BYTES)


def _admin_role() -> Json:
    kinds = ("publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern")
    return {
        "rolename": ADMIN,
        "acls": [{"acltype": kind, "topic": _CONTROL, "priority": 0, "allow": True} for kind in kinds],
    }
