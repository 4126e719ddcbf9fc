"""Where `waybill bridge` finds the broker password of its device. Makes none and shows none."""

from __future__ import annotations

import os
from pathlib import Path

from waybill.invocation import CommandError
from waybill.settings import Settings

_FOLDER = "credentials"


def keep_password(data_dir: Path, device: str, password: str) -> Path:
    """Writes the password where only the owner of the data folder reads it; the file."""
    folder = data_dir / _FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / device
    half_done = folder / f".{device}.half-done"
    descriptor = os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(password + "\n")
    half_done.replace(path)
    return path


def find_password(settings: Settings, device: str, file: Path | None) -> str:
    """The password in `file`, else the setting device_password, else what was kept in the data folder."""
    if file is not None:
        return _read(file, "--password-file")
    if settings.device_password is not None:
        return settings.device_password
    kept = settings.data_dir / _FOLDER / device
    if kept.is_file():
        return _read(kept, "password kept in")
    raise CommandError(
        f"no password for {device}: set WAYBILL_DEVICE_PASSWORD, give --password-file, or on the server's machine "
        f"run waybill device rotate {device} --save"
    )


def _read(path: Path, what: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CommandError(f"{what} {path}: {error.strerror}") from error
    if not lines or not lines[0]:
        raise CommandError(f"{what} {path}: its first line is empty")
    return lines[0]
