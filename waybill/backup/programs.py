"""pg_dump and pg_restore: where they are, and how they are started without a password that others can read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from waybill.backup.errors import BackupError
from waybill.stack.places import private_root

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_LINES_SHOWN = 4


def find_program(name: str, server_version: str) -> Path:
    """The first `name` that is not older than the server: on PATH, of Debian's packages, or of the private copy."""
    wanted, seen = int(server_version.split(".", maxsplit=1)[0]), []
    for path in _places(name):
        major = _major(path)
        if major is not None and major >= wanted:
            return path
        seen.append(f"{path} is version {major}")
    found = f" ({'; '.join(seen)})" if seen else ""
    raise BackupError(
        f"no {name} of PostgreSQL {wanted} or newer on this machine{found}: apt-get install postgresql-client-{wanted}"
    )


@contextmanager
def running(program: Path, words: list[str], url: str, *, stdin: int | None, stdout: int | None) -> Iterator[Running]:
    """The program at work on the database at `url`; killed when the block is left before its end."""
    parts = conninfo_to_dict(url)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if parts.get("password"):
        environ["PGPASSWORD"] = str(parts.pop("password"))  # arguments are for everybody on the machine to read
    command = [str(program), "--no-password", f"--dbname={make_conninfo('', **parts)}", *words]
    with TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL if stdin is None else stdin, stdout=stdout, stderr=said, env=environ
        )
        try:
            yield Running(process, said)
        finally:
            for stream in (process.stdin, process.stdout):
                if stream is not None and not stream.closed:
                    _close(stream)
            process.kill()
            process.wait()


class Running:
    """A program of PostgreSQL that was started."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        self.process = process
        self._said = said

    def ended(self) -> None:
        """Waits for the end; raises when it is not a good one."""
        code = self.process.wait()
        if code != 0:
            raise BackupError(f"{Path(str(self.process.args[0])).name} ended with {code}: {self.says()}")  # type: ignore[index]

    def says(self) -> str:
        """The errors that it told, without its warnings."""
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").splitlines()
        errors = [line for line in lines if "error:" in line] or lines
        return " / ".join(line.strip() for line in errors[:_LINES_SHOWN]) or "it said nothing"


def _close(stream: IO[bytes]) -> None:
    with suppress(OSError):  # what was still to be written has no reader any more
        stream.close()


def _places(name: str) -> Iterator[Path]:
    on_path = shutil.which(name)
    if on_path is not None:
        yield Path(on_path)
    yield from sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    yield from (private_root() / "servers/postgres").glob(f"usr/lib/postgresql/*/bin/{name}")


def _major(path: Path) -> int | None:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = _VERSION.search(done.stdout)
    return None if found is None else int(found[1])
