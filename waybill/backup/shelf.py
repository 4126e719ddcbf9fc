"""The folder in which sets are kept: their names, which are there, which are one too many. Reads no set's inside."""

from __future__ import annotations

import fcntl
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from waybill.backup.errors import BackupError
from waybill.backup.set_file import SetReader

_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Kept(msgspec.Struct, frozen=True):
    """A set that is there; `trouble` says why it is none."""

    name: str
    made_at: datetime
    bytes: int
    waybill: str | None
    opened_by: str | None
    trouble: str | None = None


class Shelf:
    """The sets of one installation, told from those of another by the word that their names begin with."""

    def __init__(self, folder: Path, word: str = "waybill") -> None:
        if _WORD.fullmatch(word) is None:
            raise BackupError(f"--name {word!r}: small letters, digits and hyphens, at most 32")
        self.folder = folder
        self._name = re.compile(rf"{re.escape(word)}-(\d{{8}}T\d{{6}}Z)\.tar")
        self._word = word

    def new_path(self, at: datetime) -> Path:
        """A path for a set of that time; names sort as times do."""
        path = self.folder / f"{self._word}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar"
        if path.exists():
            raise BackupError(f"{path} is there already: another backup was made in this very second")
        return path

    def paths(self) -> list[Path]:
        """Every set, newest first."""
        try:
            return sorted((p for p in self.folder.iterdir() if self._name.fullmatch(p.name)), reverse=True)
        except OSError as error:
            raise BackupError(f"{self.folder}: {error.strerror}") from error

    def sets(self) -> list[Kept]:
        return [self._look_at(path) for path in self.paths()]

    def make_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BackupError(f"{self.folder} cannot be made: {error.strerror}") from error

    def sweep(self) -> None:
        """Removes what backups that were killed have left behind; one that is being written is left alone."""
        for path in self.folder.glob(f"{self._word}-*.tar.part"):
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            except BlockingIOError:
                continue
            finally:
                os.close(descriptor)

    def keep_newest(self, count: int, good: Path) -> list[str]:
        """Deletes all but the newest `count` sets, and never `good`, which was just made and read back."""
        too_many = [path for path in self.paths()[count:] if path != good]
        for path in too_many:
            path.unlink()
        return [path.name for path in too_many]

    def _look_at(self, path: Path) -> Kept:
        found = self._name.fullmatch(path.name)
        assert found is not None, "paths() gives no other"
        made_at = datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        try:
            with SetReader(path) as one:
                return Kept(path.name, made_at, one.bytes, one.about.waybill, one.about.opened_by)
        except BackupError as error:
            return Kept(path.name, made_at, path.stat().st_size, None, None, str(error))
