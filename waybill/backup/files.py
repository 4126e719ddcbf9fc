"""Which files belong to an installation beside its database, into and out of a tar. Encrypts nothing."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from waybill.backup.errors import BackupError
from waybill.settings import Settings
from waybill.stack.places import run_as, stand_in

STORE = "dynamic-security.json"
# Sessions, queues and retained receipts; mosquitto.conf gives it no other name.
STATE = "mosquitto.db"
_BROKER_FILES = (STORE, STATE)

Named = tuple[str, Path]  # name within the set, file


def broker_folder(settings: Settings, named: Path | None) -> Path | None:
    """Where the broker keeps credentials and state: the folder named, else the one-machine stack's; None: not here."""
    folder = named or stand_in(settings.data_dir / "broker", run_as()) / "state"
    if (folder / STORE).is_file():
        return folder
    if named is not None:
        raise BackupError(
            f"--broker-state {named} holds no {STORE}: it is the folder of mosquitto.conf's plugin_opt_config_file"
        )
    return None


def broker_files(folder: Path) -> list[Named]:
    return [(f"broker/{name}", folder / name) for name in _BROKER_FILES if (folder / name).is_file()]


def installation_files(settings: Settings, settings_file: Path | None, included: list[Path]) -> list[Named]:
    """Settings, map, media, passwords of devices, the authority of their certificates, and what somebody named."""
    found: list[Named] = []
    if settings_file is not None:
        found.append(("settings/waybill.toml", settings_file))
    folders = {
        "map": settings.map_dir or settings.data_dir / "map",
        "media": settings.data_dir / "media",
        "credentials": settings.data_dir / "credentials",
        "device-ca": settings.device_ca_dir,
    }
    for name, folder in folders.items():
        if folder is not None:
            found += _below(name, folder)
    for path in included:
        if not path.exists():
            raise BackupError(f"--include {path} is not there")
        found += _below(f"included/{path.name}", path) if path.is_dir() else [(f"included/{path.name}", path)]
    names = [name for name, _ in found]
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if twice:
        raise BackupError(f"--include: two have the name {', '.join(sorted(twice))}; put them into one folder")
    return found


def write_tar(files: list[Named], out: BinaryIO) -> None:
    """The files one after the other, each as it is when its turn comes; one that was deleted since is left out."""
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for name, path in files:
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue
            with file:
                about = tarfile.TarInfo(name)
                status = os.fstat(file.fileno())
                about.size, about.mode, about.mtime = status.st_size, 0o600, int(status.st_mtime)
                tar.addfile(about, file)


def unpack_tar(archive: Path, folder: Path) -> list[str]:
    """Unpacks regular files below `folder`; names that lead elsewhere are refused."""
    names = []
    with tarfile.open(archive, "r:") as tar:
        for member in tar:
            target = folder / member.name
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or not target.resolve().is_relative_to(folder.resolve()):
                raise BackupError(f"the set holds {member.name!r}, which is no file of an installation")
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                shutil.copyfileobj(content, file)
                file.flush()
                os.fsync(descriptor)
            names.append(member.name)
    return names


def _below(name: str, folder: Path) -> Iterator[Named]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            yield f"{name}/{path.relative_to(folder)}", path
