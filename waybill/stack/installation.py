"""The waybill.toml that the stack keeps in a data folder: generated secrets, chosen ports. Judges no setting."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path

import tomli_w

FILE_NAME = "waybill.toml"
_SECRET_BYTES = 24

Value = str | int | float | bool


class InstallationError(Exception):
    """The data folder's waybill.toml cannot be used."""


def read_values(data_dir: Path) -> dict[str, Value]:
    path = data_dir / FILE_NAME
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InstallationError(f"{path} is not TOML: {error}") from error


def keep_values(data_dir: Path, values: Mapping[str, Value]) -> None:
    """Adds `values` to the file, or replaces them; only its owner may read it, because it holds passwords."""
    kept = read_values(data_dir)
    wanted = {**kept, **values}
    if wanted == kept:
        return
    data_dir.mkdir(parents=True, exist_ok=True)
    half_done = data_dir / f"{FILE_NAME}.half-done"
    descriptor = os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        tomli_w.dump(wanted, file)
        file.flush()
        os.fsync(descriptor)
    half_done.replace(data_dir / FILE_NAME)


def new_secret() -> str:
    """A password that nobody guesses and that needs no quoting in a URL."""
    return secrets.token_urlsafe(_SECRET_BYTES)
