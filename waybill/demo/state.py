"""Keeps a demo's days, clock, passwords and keys in its data folder. Decides nothing about them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from waybill.demo.calendar import DemoState

STATE_FILE = "demo.json"
PASSWORDS_FILE = "devices.json"
PEOPLE_FILE = "people.json"


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo's people and systems prove themselves with."""

    administrator: str
    dispatcher: str
    shop: str | None = None  # the key of the shop's system; None: not made yet
    phones: str | None = None  # of the crews' phones


class StateError(RuntimeError):
    """The data folder does not hold a demo that this version can go on with."""


def read_state(data_dir: Path) -> DemoState | None:
    """The demo in this folder; None when there is none."""
    path = data_dir / STATE_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=DemoState)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise StateError(f"{path} is not a demo's: {error}; begin anew with --fresh") from error


def write_state(data_dir: Path, state: DemoState) -> None:
    _write(data_dir / STATE_FILE, state)


def read_passwords(data_dir: Path) -> dict[str, str]:
    """The broker passwords of the demo's devices."""
    try:
        return msgspec.json.decode((data_dir / PASSWORDS_FILE).read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}


def write_passwords(data_dir: Path, passwords: dict[str, str]) -> None:
    _write(data_dir / PASSWORDS_FILE, passwords)


def read_secrets(data_dir: Path) -> Secrets | None:
    """None: nobody has joined this demo yet."""
    try:
        return msgspec.json.decode((data_dir / PEOPLE_FILE).read_bytes(), type=Secrets)
    except FileNotFoundError:
        return None


def write_secrets(data_dir: Path, secrets: Secrets) -> None:
    _write(data_dir / PEOPLE_FILE, secrets)


def _write(path: Path, value: object) -> None:
    """All or nothing, and for its owner only: there are passwords in it."""
    half_done = path.with_name(f"{path.name}.half-done")
    descriptor = os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
        file.flush()
        os.fsync(descriptor)
    half_done.replace(path)
