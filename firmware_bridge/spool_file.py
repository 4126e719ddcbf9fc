"""The SQLite file under a spool: opened for one process, checked, moved aside when it is damaged. Knows no fix."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS spool (
    no INTEGER PRIMARY KEY, spool_id TEXT NOT NULL UNIQUE, next_seq INTEGER NOT NULL,
    boot INTEGER NOT NULL, identity TEXT NOT NULL, newest_at TEXT);
CREATE TABLE IF NOT EXISTS fix (
    no INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (no, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dropped (no INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
"""


class DamagedError(sqlite3.DatabaseError):
    """SQLite's own check found damage in the file."""


def open_file(path: Path) -> sqlite3.Connection:
    """The file, made when it is not there; a damaged one is moved aside and a new one takes its place."""
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        if not is_damaged(error):
            raise
        move_aside(path, error)
        return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
    try:
        # One process at a time: a second bridge on the same file would number twice.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # An SD card that is cut off while it writes can lose pages that were safe; 100 MB take a second or two.
        _check(connection)
        connection.executescript(_SCHEMA)
        if "cause" not in {row[1] for row in connection.execute("PRAGMA table_info(dropped)")}:
            connection.execute("ALTER TABLE dropped ADD COLUMN cause TEXT NOT NULL DEFAULT 'size'")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise DamagedError(found)


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, not the disk full, the folder read-only or the file in use."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, DamagedError) or (code is not None and code & 0xFF in (11, 26))  # CORRUPT, NOTADB


def move_aside(path: Path, error: sqlite3.Error) -> Path:
    """Renames a damaged file with its journal, so that somebody can look into it; gives its new name."""
    aside = _rename(path, "damaged")
    log.error(
        "the spool %s is damaged (%s). It is kept as %s, and a new spool begins: fixes that were not delivered "
        "from it are missing. Check the disk or SD card; `sqlite3 %s .recover` can show what it still holds.",
        path,
        error,
        aside,
        aside,
        extra={"action": "spool_damaged"},
    )
    return aside


def keep_for(path: Path, owner: str, device: str) -> Path:
    """Renames a file that came from another unit; gives its new name."""
    aside = _rename(path, owner)
    log.warning(
        "the spool %s was copied from %s and holds fixes that are not those of %s. It is kept as %s, and a new spool "
        "begins. If %s itself can deliver them no more: waybill-bridge bridge --device %s --spool %s",
        path,
        owner,
        device,
        aside,
        owner,
        owner,
        aside,
        extra={"action": "spool_kept"},
    )
    return aside


def _rename(path: Path, why: str) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.{why}-{number}")).exists():
        number += 1
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.replace(aside.with_name(aside.name + ending))
    return aside
