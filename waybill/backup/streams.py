"""Byte streams between the parts of a backup: counted, hashed, and with the first error kept. Opens no file.

pyrage turns what a stream raises into text, so a stream keeps its error and whoever called pyrage raises it again.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable
from typing import IO, BinaryIO

Told = Callable[[int], None]


class Source(io.RawIOBase):
    """Reads `raw`; at its end `ended` may raise, so that a program that failed is no short part."""

    def __init__(self, raw: IO[bytes], told: Told, ended: Callable[[], None] = lambda: None) -> None:
        self._raw, self._told, self._ended = raw, told, ended
        self._digest = hashlib.sha256()
        self.bytes = 0
        self.error: Exception | None = None

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            piece = self._raw.read(size)
            if not piece:
                self._ended()
        except Exception as error:
            self.error = error
            raise
        self._digest.update(piece)
        self.bytes += len(piece)
        self._told(len(piece))
        return piece


class Sink(io.RawIOBase):
    """Writes to `raw`, or nowhere."""

    def __init__(self, raw: IO[bytes] | None = None) -> None:
        self._raw = raw
        self._digest = hashlib.sha256()
        self.bytes = 0
        self.error: Exception | None = None

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]
        try:
            if self._raw is not None:
                self._raw.write(piece)
        except Exception as error:
            self.error = error
            raise
        self._digest.update(piece)
        self.bytes += len(piece)
        return len(piece)


class Written:
    """What `write` writes, to be read from `stream` while it is being written, through a pipe and by another thread."""

    def __init__(self, write: Callable[[BinaryIO], None]) -> None:
        reader, writer = os.pipe()
        self.stream = os.fdopen(reader, "rb")
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(write, writer), name="backup-files")
        self._thread.start()

    def ended(self) -> None:
        """Raises what `write` raised; to be asked at the end of the stream."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.stream.close()  # a writer that still writes gets a broken pipe, and its thread ends
        self._thread.join()

    def _run(self, write: Callable[[BinaryIO], None], writer: int) -> None:
        try:
            with os.fdopen(writer, "wb") as file:
                write(file)
        except Exception as error:  # noqa: BLE001 - raised again by whoever reads
            self._error = error
