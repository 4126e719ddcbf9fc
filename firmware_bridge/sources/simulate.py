"""A simulated vehicle's receiver, in step with the clock. Earlier hours are driven as fast as the path takes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

from contract.clock import Clock
from firmware_bridge.sim.day import VehicleDay
from firmware_bridge.sim.feed import nmea
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sources.source import Source

# Epochs made in one go while catching up: about 5 ms of work, so that the other vehicles get their turn.
BURST = 100
# At the clock's speed: a fast clock (60 simulated seconds a second) is served in steps, not one timer per epoch.
SHORTEST_SLEEP_S = 0.05


async def _no_limit() -> None:
    return


class SimulatedSource(Source):
    """The bytes of one vehicle's day from `start` to now and on; `until` ends it.

    `may_go_on` is awaited before each burst of the past: back-pressure of the path behind.
    """

    def __init__(
        self,
        day: VehicleDay,
        streets: Streets | None,
        seed: int,
        clock: Clock,
        *,
        start: datetime,
        until: datetime | None = None,
    ) -> None:
        self.name = f"simulate:{day.vehicle}?seed={seed}"
        self.caught_up = asyncio.Event()
        self.may_go_on: Callable[[], Awaitable[object]] = _no_limit
        self._day, self._streets, self._seed, self._clock = day, streets, seed, clock
        self._start = start
        self._until = until

    @property
    def catching_up(self) -> bool:
        return not self.caught_up.is_set()

    def start_after(self, fixed_at: datetime) -> None:
        """Goes on where an earlier run ended, so that no second is driven twice.

        Not after a fix of the future: its receiver's clock was wrong, and waiting for that time would be a standstill.
        """
        if fixed_at <= self._clock.now():
            self._start = max(self._start, fixed_at + timedelta(seconds=1))

    async def chunks(self) -> AsyncIterator[bytes]:
        """One burst of all epochs that are due, or of BURST of them."""
        epochs = nmea(self._day, self._streets, self._seed, _whole_second(self._start), self._until)
        burst: list[bytes] = []
        for instant, sentences in epochs:
            if instant > self._clock.now():
                if burst:
                    yield b"".join(burst)
                    burst = []
                self.caught_up.set()
                yield b""
                await asyncio.sleep(max(SHORTEST_SLEEP_S, self._clock.seconds_until(instant)))
            burst.append(sentences)
            if len(burst) == BURST:
                await self.may_go_on()
                yield b"".join(burst)
                burst = []
                await asyncio.sleep(0)
        if burst:
            yield b"".join(burst)
        self.caught_up.set()


def _whole_second(instant: datetime) -> datetime:
    """The first whole second not before an instant."""
    return instant if instant.microsecond == 0 else instant.replace(microsecond=0) + timedelta(seconds=1)
