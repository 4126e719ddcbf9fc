"""The spool's one thread seen from asyncio: commits in groups, wakes who waits. Decides nothing about sending."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from contract.messages import Receipt
from firmware_bridge.nmea.position import Position
from firmware_bridge.spool import Spool
from firmware_bridge.spool_file import is_damaged
from firmware_bridge.spooled import Gap, Held, Pack, Place

log = logging.getLogger(__name__)

# Commits are at most this close together, so that a 10 Hz receiver does not wear out an SD card; what came in between
# waits in memory, and is the most that a power cut can take.
GROUP_S = 0.25
# So many positions are committed at once without waiting; a source that is faster than the disk waits at twice this.
GROUP_SIZE = 500
# A disk that refuses to write is tried again after this; meanwhile memory holds at most an hour at 1 Hz, the newest.
RETRY_S = 5.0
MAX_WAITING = 3600

P = ParamSpec("P")
T = TypeVar("T")


class SpoolDesk:
    """Owns a Spool and the only thread that touches it."""

    def __init__(self, spool: Spool, device: str) -> None:
        self.spool = spool
        self.lost = 0  # positions that no disk would take
        self._device = device
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"spool-{device}")
        self._waiting: list[Position] = []
        self._refused = False  # the disk took nothing when it was tried last
        self._changed = asyncio.Condition()

    async def put(self, positions: list[Position], *, patient: bool) -> None:
        """Hands positions over for the next commit; waits when the disk is behind.

        When it refuses to write only a patient source waits, such as a file: a receiver speaks on.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: len(self._waiting) < 2 * GROUP_SIZE or not positions or (self._refused and not patient)
            )
            self._waiting += positions
            self._changed.notify_all()

    async def run(self) -> None:
        """Commits what waits, in groups, until cancelled."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: bool(self._waiting))
            await self._commit()
            if len(self._waiting) < GROUP_SIZE:
                await asyncio.sleep(GROUP_S)

    async def _commit(self) -> None:
        group = self._waiting[:GROUP_SIZE]
        try:
            await self._call(self.spool.append, group)
        except sqlite3.Error as error:
            await self._refuse(error)
            await asyncio.sleep(RETRY_S)
            return
        async with self._changed:
            del self._waiting[: len(group)]
            if self._refused:
                self._refused = False
                log.info("the spool is written again; %d fixes are lost", self.lost, extra=self._named("spool_written"))
            self._changed.notify_all()

    async def _refuse(self, error: sqlite3.Error) -> None:
        """The disk takes nothing: said once, and no more waits in memory than may."""
        async with self._changed:
            if not self._refused:
                log.error(
                    "the spool cannot be written (%s). The newest %d fixes wait in memory, and older ones are lost: "
                    "free space on the disk, or replace it.",
                    error,
                    MAX_WAITING,
                    extra=self._named("spool"),
                )
            self._refused = True
            too_many = max(len(self._waiting) - MAX_WAITING, 0)
            if too_many and not self.lost:
                log.error("fixes are lost: no disk takes them", extra=self._named("spool_lost"))
            del self._waiting[:too_many]
            self.lost += too_many
            self._changed.notify_all()

    def _named(self, action: str) -> dict[str, str]:
        return {"action": action, "device": self._device}

    async def flush(self) -> None:
        """Returns when everything that was put is on disk, or the disk takes nothing."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._waiting or self._refused)

    async def changed(self, done: Callable[[], bool]) -> None:
        """Waits until `done()`, looked at after every commit, confirmation and poke."""
        async with self._changed:
            await self._changed.wait_for(done)

    async def poke(self) -> None:
        """Lets everybody in `changed` look again."""
        async with self._changed:
            self._changed.notify_all()

    async def next_pack(self, limit: int, after: Place, before: Place | None = None) -> Pack | None:
        return await self._call(self.spool.next_pack, limit, after, before)

    async def held(self) -> Held:
        return await self._call(self.spool.held)

    async def confirm(self, receipt: Receipt) -> int:
        """Deletes what the receipt confirms; a disk that refuses keeps it, and it is confirmed again later."""
        try:
            deleted = await self._call(self.spool.confirm, receipt)
        except sqlite3.Error:
            log.exception("a receipt could not be recorded", extra=self._named("spool"))
            return 0
        await self.poke()
        return deleted

    async def renew(self) -> None:
        await self._call(self.spool.renew)
        await self.poke()

    async def gaps(self) -> list[Gap]:
        return await self._call(self.spool.gaps)

    async def close(self) -> None:
        await self._call(self.spool.close)
        self._thread.shutdown()

    @property
    def waiting(self) -> int:
        """Positions that are on no disk yet."""
        return len(self._waiting)

    @property
    def backlog(self) -> int:
        """Fixes on disk or on their way there that no receipt has confirmed."""
        return self.spool.backlog + len(self._waiting)

    async def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs it in the spool's thread; on a damaged file once more, on the new spool that takes its place."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._guarded, lambda: function(*args, **kwargs)
        )

    def _guarded(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            self.spool.start_over(error)
            return call()
