"""One set: a tar file of parts that are encrypted each by itself. Decides nothing about what is in them.

The tar is there so that a set is one file, and any `tar` takes it apart. Its headers are written again when a part's
length is known, because a part is never on disk in plain and its length shows only at its end.
"""

from __future__ import annotations

import fcntl
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from waybill.backup.errors import BackupError
from waybill.backup.keys import Key, Lock, key_by_passphrase
from waybill.backup.manifest import ABOUT, FORMAT, KEY, MANIFEST, About, Manifest, Part
from waybill.backup.streams import Sink, Source, Told

_BLOCK = tarfile.BLOCKSIZE


class SetWriter:
    """Writes NAME.part; `finish` gives it its name, and until then there is no set."""

    def __init__(self, path: Path, lock: Lock, told: Told) -> None:
        self._path = path
        self._half_done = path.with_name(f"{path.name}.part")
        self._lock = lock
        self._told = told
        self._sealed: dict[str, str] = {}  # name -> digest of the encrypted bytes
        descriptor = os.open(self._half_done, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        # Held while we live: whoever finds a .part that nobody holds may remove it.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._file = os.fdopen(descriptor, "w+b")

    def plain(self, name: str, content: bytes) -> None:
        """A member that anybody may read."""
        start = self._open_member()
        self._file.write(content)
        self._close_member(name, start)

    def sealed(self, name: str, raw: BinaryIO, ended: Callable[[], None] = lambda: None) -> Part:
        """Reads `raw` to its end into an encrypted member."""
        source, start = Source(raw, self._told, ended), self._open_member()
        sink = Sink(self._file)
        try:
            self._lock.seal(source, sink)
        except Exception as error:
            raise source.error or sink.error or error from error
        self._sealed[name] = sink.sha256
        self._close_member(name, start)
        return Part(name, source.bytes, source.sha256)

    def finish(self) -> int:
        """The set is on disk and read back as it was written; its size."""
        self._file.write(b"\0" * 2 * _BLOCK)
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._read_back()
        self._half_done.replace(self._path)
        _sync_folder(self._path.parent)
        self._file.close()
        return size

    def abandon(self) -> None:
        """Leaves nothing behind."""
        self._file.close()
        self._half_done.unlink(missing_ok=True)

    def _read_back(self) -> None:
        with SetReader(self._half_done) as written:
            for name, digest in self._sealed.items():
                sink = Sink()
                with written.member(name) as member:
                    while piece := member.read(1 << 20):
                        sink.write(piece)
                if sink.sha256 != digest:
                    raise BackupError(f"{self._half_done}: {name} reads back other than it was written; check the disk")

    def _open_member(self) -> int:
        start = self._file.tell()
        self._file.write(b"\0" * _BLOCK)
        return start

    def _close_member(self, name: str, start: int) -> None:
        end = self._file.tell()
        about = tarfile.TarInfo(name)
        about.size, about.mode = end - start - _BLOCK, 0o600
        self._file.seek(start)
        # GNU's way of writing numbers has room for more than the 8 GiB of the oldest tar.
        self._file.write(about.tobuf(tarfile.GNU_FORMAT))
        self._file.seek(end)
        self._file.write(b"\0" * (-end % _BLOCK))


class SetReader:
    """One set that is there; `about` is what it tells everybody."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.bytes = path.stat().st_size
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115 - closed by __exit__
        except (tarfile.TarError, EOFError) as error:
            raise self._torn(error) from error
        except OSError as error:
            raise BackupError(f"{path}: {error.strerror}") from error
        try:
            self._names = self._tar.getnames()
            self.about = self._about()
        except (tarfile.TarError, EOFError) as error:
            self._tar.close()
            raise self._torn(error) from error
        except BackupError:
            self._tar.close()
            raise

    @property
    def by_passphrase(self) -> bool:
        return self.about.opened_by == "passphrase"

    def key(self, passphrase: str) -> Key:
        with self.member(KEY) as member:
            return key_by_passphrase(member.read(), passphrase)

    def manifest(self, key: Key) -> Manifest:
        out = io.BytesIO()
        self.open(MANIFEST, key, Sink(out), lambda _more: None)
        manifest = msgspec.json.decode(out.getvalue(), type=Manifest)
        missing = [part.name for part in manifest.parts if part.name not in self._names]
        if missing:
            raise BackupError(f"{self.path}: {', '.join(missing)} is missing; take another set")
        return manifest

    def open(self, name: str, key: Key, sink: Sink, told: Told) -> None:
        """Decrypts a member into `sink`; `told` hears how many encrypted bytes were read."""
        with self.member(name) as member:
            source = Source(member, told)
            try:
                key.open(source, sink)
            except Exception as error:
                raise sink.error or BackupError(
                    f"{self.path}: {name} cannot be opened ({error}): it was changed, cut off, or the key is another's"
                ) from error

    def check(self, part: Part, key: Key, told: Told) -> None:
        """Reads a whole part and compares it with the manifest."""
        sink = Sink()
        self.open(part.name, key, sink, told)
        if (sink.bytes, sink.sha256) != (part.bytes, part.sha256):
            raise BackupError(f"{self.path}: {part.name} is not what the manifest says; take another set")

    def member(self, name: str) -> BinaryIO:
        found = self._tar.extractfile(name) if name in self._names else None
        if found is None:
            raise BackupError(f"{self.path} holds no {name}: it is no whole set of Waybill")
        return found  # type: ignore[return-value]

    def __enter__(self) -> SetReader:
        return self

    def __exit__(self, *_why: object) -> None:
        self._tar.close()

    def _torn(self, error: Exception) -> BackupError:
        return BackupError(f"{self.path} is no whole set: {error}; it was cut off or is something else")

    def _about(self) -> About:
        try:
            with self.member(ABOUT) as member:
                about = msgspec.json.decode(member.read(), type=About)
        except msgspec.DecodeError as error:
            raise BackupError(f"{self.path}: {ABOUT} is damaged: {error}") from error
        if about.format != FORMAT:
            raise BackupError(
                f"{self.path} has format {about.format}, this version reads {FORMAT}: take Waybill {about.waybill}"
            )
        return about


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
