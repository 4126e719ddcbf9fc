"""The store of fixes in the vehicle: on disk before anything is sent, deleted only by receipts. Sends nothing.

SQLite with synchronous=FULL: after `append` returned, the fixes survive a power cut. One thread at a time may use it.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Literal

import msgspec

from contract.clock import SYSTEM, Clock
from contract.fix import Fix
from contract.messages import Receipt
from contract.times import format_instant, parse_instant
from firmware_bridge.nmea.position import Position
from firmware_bridge.spool_file import keep_for, move_aside, open_file
from firmware_bridge.spool_identity import identity_of, is_of_this_place
from firmware_bridge.spooled import END, START, Gap, Held, Origin, Pack, Place

# 7 days at 1 Hz are 604,800; at about 120 bytes a fix this is below 100 MB of an SD card.
MAX_FIXES = 700_000
# Older than this nobody waits for it, and the gateway's newest chunks are compressed by then.
MAX_AGE = timedelta(days=7)
_AT_ONCE = 500


class SpoolError(OSError):
    """The spool cannot be used; the message names the file and what to do."""


class Spool:
    """One device's spool file. `newest_at` is the time of the fix numbered last, also after a restart.

    A copied file gets a new spool id, because two stores that number on under one id would contradict each other;
    what the copy still holds keeps its old numbers, so that delivering it twice does no harm. A unit that was given
    another name takes what it holds along, under new numbers: a spool is one device's for ever. What was copied from
    another device is that one's to deliver, and is kept beside.
    """

    _no: int
    spool_id: str
    _next_seq: int
    given_up: int  # numbers of the present spool that were dropped unsent

    def __init__(
        self,
        path: Path,
        origin: Origin,
        *,
        max_fixes: int = MAX_FIXES,
        max_age: timedelta = MAX_AGE,
        clock: Clock = SYSTEM,
    ) -> None:
        self._path = path
        self._origin = origin
        self._max_fixes = max_fixes
        self._max_age = max_age
        self._clock = clock
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = open_file(path)
            self._open()
        except (sqlite3.Error, OSError) as error:
            raise SpoolError(
                f"spool {path}: {error}. The folder must be writable for this user, on a disk that is not full, "
                "and no second bridge may use the file."
            ) from error

    def _open(self) -> None:
        newest, owner = self._newest(), self._owner()
        renamed = owner not in (None, self._origin.device)
        if newest is not None and renamed and not is_of_this_place(newest[4], self._path):
            self._db.close()
            keep_for(self._path, str(owner), self._origin.device)
            self._db = open_file(self._path)
            newest, renamed = None, False
        identity = identity_of(self._path, self._origin.device)
        self.boot: int = 1 if newest is None else newest[3] + 1
        self.newest_at = None if newest is None or newest[5] is None else parse_instant(newest[5])
        self._db.execute("BEGIN IMMEDIATE")
        if newest is not None and newest[4] == identity:
            self._no, self.spool_id, self._next_seq = newest[:3]
            self._db.execute("UPDATE spool SET boot = ? WHERE no = ?", (self.boot, self._no))
        else:
            self._begin(1 if newest is None else newest[0] + 1, identity)
            if renamed:
                self._move(START.no)
        self._db.execute("COMMIT")
        self._count()

    def _newest(self) -> tuple[int, str, int, int, str, str | None] | None:
        query = "SELECT no, spool_id, next_seq, boot, identity, newest_at FROM spool ORDER BY no DESC"
        row: tuple[int, str, int, int, str, str | None] | None = self._db.execute(query).fetchone()
        return row

    def _owner(self) -> str | None:
        """The device whose fixes the file holds; None when it holds none."""
        row = self._db.execute("SELECT body FROM fix ORDER BY no DESC, seq DESC LIMIT 1").fetchone()
        return None if row is None else _decode(row[0]).device

    def _begin(self, no: int, identity: str) -> None:
        """A new spool within the file: another random id, numbers from 1."""
        self._no, self.spool_id, self._next_seq = no, secrets.token_hex(8), 1
        newest = None if self.newest_at is None else format_instant(self.newest_at)
        row = (no, self.spool_id, self._next_seq, self.boot, identity, newest)
        query = "INSERT INTO spool (no, spool_id, next_seq, boot, identity, newest_at) VALUES (?, ?, ?, ?, ?, ?)"
        self._db.execute(query, row)

    def _count(self) -> None:
        self._ids = dict(self._db.execute("SELECT no, spool_id FROM spool").fetchall())
        self._held: int = self._db.execute("SELECT count(*) FROM fix").fetchone()[0]
        query = "SELECT count(*) FROM fix WHERE no = ?"
        self._held_now: int = self._db.execute(query, (self._no,)).fetchone()[0]
        self.given_up = sum(gap.last - gap.first + 1 for gap in self.gaps())

    @property
    def last_seq(self) -> int:
        """The newest number given; 0 when none was."""
        return self._next_seq - 1

    @property
    def backlog(self) -> int:
        """Fixes that no receipt has confirmed."""
        return self._held

    @property
    def confirmed(self) -> int:
        """How many numbers of the present spool receipts have confirmed."""
        return self.last_seq - self._held_now - self.given_up

    def append(self, positions: Iterable[Position]) -> list[Fix]:
        """Numbers the positions and commits them in one transaction; then, and only then, they may be sent."""
        fixes = [self._fix(position, seq) for seq, position in enumerate(positions, self._next_seq)]
        if not fixes:
            return fixes
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._insert(fixes)
            given_up = self._give_up(self._held + len(fixes) - self._max_fixes, "size")
            given_up += self._give_up_aged(fixes[-1].fixed_at)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._next_seq, self.newest_at = fixes[-1].seq + 1, fixes[-1].fixed_at
        self._held += len(fixes) - len(given_up)
        given_up_now = sum(1 for no, _ in given_up if no == self._no)
        self._held_now += len(fixes) - given_up_now
        self.given_up += given_up_now
        return fixes

    def _fix(self, position: Position, seq: int) -> Fix:
        return Fix(
            device=self._origin.device,
            spool_id=self.spool_id,
            seq=seq,
            fixed_at=position.fixed_at,
            lat_e7=position.lat_e7,
            lon_e7=position.lon_e7,
            altitude_m=position.altitude_m,
            speed_mps=position.speed_mps,
            course_deg=position.course_deg,
            hdop=position.hdop,
            satellites=position.satellites,
            quality=position.quality,
            replayed=self._origin.replayed,
            boot_id=self.boot,
        )

    def _give_up_aged(self, newest_at: datetime) -> list[tuple[int, int]]:
        """Gives up what is too old by the receiver's time and by the computer's: either may be wrong by years."""
        limit_at = min(newest_at, self._clock.now()) - self._max_age
        given_up: list[tuple[int, int]] = []
        while True:
            query = "SELECT body FROM fix ORDER BY no, seq LIMIT ?"
            oldest = [_decode(body) for (body,) in self._db.execute(query, (_AT_ONCE if given_up else 1,))]
            aged = list(takewhile(lambda fix: fix.fixed_at < limit_at, oldest))
            if not aged:
                return given_up
            given_up += self._give_up(len(aged), "age")

    def _give_up(self, count: int, cause: Literal["size", "age"]) -> list[tuple[int, int]]:
        """Gives up the oldest fixes and remembers their numbers, to be reported as a gap."""
        if count <= 0:
            return []
        rows: list[tuple[int, int]]
        rows = self._db.execute("SELECT no, seq FROM fix ORDER BY no, seq LIMIT ?", (count,)).fetchall()
        for no, seq in rows:
            query = "UPDATE dropped SET last = ? WHERE no = ? AND last = ? AND cause = ?"
            if self._db.execute(query, (seq, no, seq - 1, cause)).rowcount == 0:
                query = "INSERT INTO dropped (no, first, last, cause) VALUES (?, ?, ?, ?)"
                self._db.execute(query, (no, seq, seq, cause))
        self._db.execute("DELETE FROM fix WHERE (no, seq) <= (?, ?)", rows[-1])
        return rows

    @property
    def newest_place(self) -> Place:
        return Place(self._no, self.last_seq)

    def held(self) -> Held:
        row = self._db.execute("SELECT body FROM fix ORDER BY no, seq LIMIT 1").fetchone()
        return Held(self._held, None if row is None else _decode(row[0]).fixed_at, self.newest_at)

    def next_pack(self, limit: int, after: Place = START, before: Place | None = None) -> Pack | None:
        """The next fixes after a place (and before another), at most `limit`; None when there are none.

        Of one spool and without a hole: a message announces first..last, and the receipt confirms all between them.
        Of one boot: a message names one, and sent again in other packs the same fix would contradict itself.
        """
        query = "SELECT no, seq, body FROM fix WHERE (no, seq) > (?, ?) AND (no, seq) < (?, ?) ORDER BY no, seq LIMIT ?"
        rows = self._db.execute(query, (*after, *(before or END), limit)).fetchall()
        if not rows:
            return None
        no, first, _ = rows[0]
        unbroken = takewhile(lambda row: row[1][:2] == (no, first + row[0]), enumerate(rows))
        fixes = [_decode(row[2]) for _, row in unbroken]
        return Pack(no, list(takewhile(lambda fix: fix.boot_id == fixes[0].boot_id, fixes)))

    def confirm(self, receipt: Receipt) -> int:
        """Deletes what the receipt confirms, and nothing else; gives how many fixes that were."""
        no = next((no for no, spool_id in self._ids.items() if spool_id == receipt.spool), None)
        if no is None:
            return 0
        ranges = [(no, 1, receipt.through), *((no, first, last) for first, last in receipt.also)]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            query = "DELETE FROM fix WHERE no = ? AND seq BETWEEN ? AND ?"
            deleted = sum(self._db.execute(query, closed).rowcount for closed in ranges)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._held -= deleted
        if no == self._no:
            self._held_now -= deleted
        return deleted

    def contradicts(self, receipt: Receipt) -> bool:
        """Whether a receipt confirms numbers of the present spool that were never given."""
        newest = max([receipt.through, *(last for _, last in receipt.also)])
        return receipt.spool == self.spool_id and newest > self.last_seq

    def renew(self) -> None:
        """Starts a new spool in the file and numbers everything that is held of the present one anew."""
        before, spool_id, next_seq = self._no, self.spool_id, self._next_seq
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._begin(before + 1, identity_of(self._path, self._origin.device))
            self._move(before)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            self._no, self.spool_id, self._next_seq = before, spool_id, next_seq
            raise
        self._count()

    def _move(self, from_no: int) -> None:
        """Numbers anew, in the present spool and under this device's name, what is held of the spools before it."""
        query = "SELECT no, seq, body FROM fix WHERE no >= ? AND no < ? ORDER BY no, seq LIMIT ?"
        while rows := self._db.execute(query, (from_no, self._no, _AT_ONCE)).fetchall():
            self._db.execute("DELETE FROM fix WHERE no >= ? AND (no, seq) <= (?, ?)", (from_no, *rows[-1][:2]))
            fixes = [
                msgspec.structs.replace(_decode(body), device=self._origin.device, spool_id=self.spool_id, seq=seq)
                for seq, (_, _, body) in enumerate(rows, self._next_seq)
            ]
            self._insert(fixes)
            self._next_seq = fixes[-1].seq + 1

    def _insert(self, fixes: list[Fix]) -> None:
        rows = [(self._no, fix.seq, _encode(fix)) for fix in fixes]
        self._db.executemany("INSERT INTO fix (no, seq, body) VALUES (?, ?, ?)", rows)
        if fixes:
            newest = (fixes[-1].seq + 1, format_instant(fixes[-1].fixed_at), self._no)
            self._db.execute("UPDATE spool SET next_seq = ?, newest_at = ? WHERE no = ?", newest)

    def gaps(self) -> list[Gap]:
        """What of the present spool had to be given up unsent, in order."""
        query = "SELECT first, last, cause FROM dropped WHERE no = ? ORDER BY first"
        return [Gap(first, last, cause) for first, last, cause in self._db.execute(query, (self._no,))]

    def start_over(self, error: sqlite3.Error) -> None:
        """The file turned out to be damaged while in use: moves it aside and begins a new one."""
        self._db.close()
        move_aside(self._path, error)
        self._db = open_file(self._path)
        self._open()

    def close(self) -> None:
        self._db.close()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Fix)


def _encode(fix: Fix) -> bytes:
    return _encoder.encode(fix)


def _decode(body: bytes) -> Fix:
    return _decoder.decode(body)
