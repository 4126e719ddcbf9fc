"""Puts the files of a set where they belong, each old one moved aside first. Starts and stops nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from waybill.backup.errors import BackupError
from waybill.backup.files import STATE, STORE, unpack_tar
from waybill.backup.keys import Key
from waybill.backup.set_file import SetReader
from waybill.backup.streams import Sink
from waybill.configuration import ABOUT, read_file
from waybill.stack.installation import FILE_NAME, Value, keep_values

_FOLDERS = ("map", "media", "credentials", "device-ca", "included")
# Folders that a setting names: on the new machine they are in the data folder.
_NAMED_BY = {"map_dir": "map", "device_ca_dir": "device-ca"}
# Where the old machine's servers were and how one got in: the new one has its own, or its settings say.
_OF_THE_MACHINE = ("data_dir", "clock")


class Unpacked:
    """A set's files in a folder beside their places, on the same disk, so that putting them there is a rename."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str) -> bool:
        return (self.folder / name).exists()

    def settings(self) -> dict[str, Value]:
        """The settings of the set that are worth anything on another machine."""
        path = self.folder / "settings" / FILE_NAME
        if not path.is_file():
            return {}
        values = {name: value for name, value in read_file(path).values.items() if not _of_the_machine(name)}
        values |= {name: folder for name, folder in _NAMED_BY.items() if name in values and self.has(folder)}
        return {name: value for name, value in values.items() if isinstance(value, str | int | float | bool)}


def unpack(one: SetReader, key: Key, names: Iterable[str], into: Path, told: Callable[[int], None]) -> Unpacked:
    """Decrypts and unpacks the file parts of a set below `into`; `clear` removes what was not put in place."""
    folder = into / ".restoring"
    shutil.rmtree(folder, ignore_errors=True)  # of a restore that was killed: it holds passwords
    into.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    try:
        for name in names:
            archive = folder / "part.tar"
            with archive.open("wb") as file:
                one.open(name, key, Sink(file), told)
            unpack_tar(archive, folder)
            archive.unlink()
    except BaseException:
        shutil.rmtree(folder)
        raise
    return Unpacked(folder)


def in_the_way(unpacked: Unpacked, into: Path, broker: Path | None) -> list[Path]:
    """What is there already and would be moved aside."""
    wanted = [into / name for name in _FOLDERS if unpacked.has(name)]
    if broker is not None:
        wanted += [broker / STORE, broker / STATE]
    return [path for path in wanted if path.exists()]


def put(unpacked: Unpacked, into: Path, broker: Path | None, stamp: str) -> list[Path]:
    """Moves everything to its place; what was there gets `.before-STAMP` at its end. Where things now are."""
    placed = []
    for name in _FOLDERS:
        if unpacked.has(name):
            placed.append(_move(unpacked.folder / name, into / name, stamp))
    if broker is not None:
        broker.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = broker.stat()
        _retire(broker / STATE, stamp)  # also when the set has none: its receipts are of another state
        for path in _files_of(unpacked, "broker"):
            if os.geteuid() == 0:
                os.chown(path, owner.st_uid, owner.st_gid)
            placed.append(_move(path, broker / path.name, stamp))
    if values := unpacked.settings():
        keep_values(into, values)
        placed.append(into / FILE_NAME)
    return placed


def clear(unpacked: Unpacked) -> None:
    shutil.rmtree(unpacked.folder, ignore_errors=True)


def _files_of(unpacked: Unpacked, name: str) -> list[Path]:
    folder = unpacked.folder / name
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _move(source: Path, target: Path, stamp: str) -> Path:
    try:
        _retire(target, stamp)
        # Not a rename: the broker's folder may be another volume.
        shutil.move(source, target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}; the database is restored already") from error
    return target


def _retire(target: Path, stamp: str) -> None:
    if target.exists():
        target.rename(target.with_name(f"{target.name}.before-{stamp}"))


def _of_the_machine(name: str) -> bool:
    about = ABOUT.get(name)
    secret = about is not None and about.kind in ("secret", "database")
    return name in _OF_THE_MACHINE or secret or name.startswith(("broker_", "api_", "dashboard_", "backup_"))
