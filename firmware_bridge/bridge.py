"""The bridge: source -> decoder and sampling -> spool -> publisher. Does no hop's work itself."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime
from pathlib import Path

import msgspec

from contract.clock import SYSTEM, Clock
from contract.fix import DEVICE_NAME
from contract.messages import Gnss, Status
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.health import Health
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.power import Power, read_power
from firmware_bridge.publisher import LinkState, Publisher
from firmware_bridge.remote_settings import RemoteSettings
from firmware_bridge.sampling import Sampler, SamplingPolicy
from firmware_bridge.sources.simulate import SimulatedSource
from firmware_bridge.sources.source import Source
from firmware_bridge.spool import MAX_FIXES, Spool
from firmware_bridge.spool_desk import SpoolDesk
from firmware_bridge.spooled import Origin
from firmware_bridge.streams import needs_split
from firmware_bridge.unit_status import Observed, compose_status

log = logging.getLogger(__name__)

# True seconds without a position: receivers speak every second, so this is no hiccup.
SILENT_S = 5.0


class BridgeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one bridge needs. `drain_s` bounds the wait for receipts when it stops (true seconds)."""

    device: str
    source: Source
    spool_path: Path
    broker: BrokerAddress
    clock: Clock = SYSTEM
    sampling: SamplingPolicy = SamplingPolicy()
    max_fixes: int = MAX_FIXES
    drain_s: float = 10.0


class BridgeProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Where one bridge stands, for whoever shows it. Numbers are of the present spool."""

    device: str
    spool: str
    spooled: int  # numbers given: 1..spooled
    confirmed: int  # of them, by receipts
    backlog: int
    dropped: int  # given up by the bounded spool
    newest_at: datetime | None  # fix time of the number given last
    connected: bool
    trouble: str | None  # why there is no link to the broker, with what to do
    refused: str | None  # what the broker refuses now, with the remedy
    source_ended: bool
    counts: dict[str, int]  # what the decoder left out, by reason


class Bridge:
    """One device. Make it inside a running event loop; `run` works until the source ends, or `stop` is set."""

    def __init__(self, options: BridgeOptions) -> None:
        if not DEVICE_NAME.fullmatch(options.device):
            raise ValueError(f"device {options.device!r} must match [a-z0-9][a-z0-9-]{{0,31}}")
        self.options = options
        self.source_ended = False
        self._heard_s = time.monotonic()
        self._health = Health(self._heard_s, rate=options.clock.rate)
        self._decoder = Decoder()
        self._off_duty = 0  # positions that stayed in the vehicle
        self._remote = RemoteSettings(options.spool_path, options.sampling)
        # A capture is played to see what the receiver saw; only what a vehicle sends now is thinned.
        self._sampler = None if options.source.replayed else Sampler(self._remote.policy)
        origin = Origin(device=options.device, replayed=options.source.replayed)
        self._spool = Spool(options.spool_path, origin, max_fixes=options.max_fixes, clock=options.clock)
        if isinstance(options.source, SimulatedSource) and self._spool.newest_at is not None:
            options.source.start_after(self._spool.newest_at)
        self.desk = SpoolDesk(self._spool, options.device)
        self._publisher = Publisher(options.device, options.broker, self.desk, self._status, self._split, self._obey)

    @property
    def newest_at(self) -> datetime | None:
        """Fix time of the newest number given, also of an earlier run."""
        return self._spool.newest_at

    @property
    def link(self) -> LinkState:
        return self._publisher.state

    def gnss(self) -> Gnss:
        """The receiver now."""
        return self._health.gnss(time.monotonic())

    async def run(self, stop: asyncio.Event) -> None:
        """1. read until the source ends or `stop`; 2. commit what is in hand; 3. wait for receipts, at most drain_s."""
        name = self.options.device
        try:
            async with asyncio.TaskGroup() as tasks:
                commit = tasks.create_task(self.desk.run(), name=f"spool-{name}")
                publish = tasks.create_task(self._publisher.run(), name=f"publish-{name}")
                read = tasks.create_task(self._read(), name=f"read-{name}")
                quiet = tasks.create_task(self._watch_silence(), name=f"silence-{name}")
                asked = tasks.create_task(stop.wait(), name=f"stop-{name}")
                await asyncio.wait((read, asked), return_when=asyncio.FIRST_COMPLETED)
                for task in (read, quiet, asked):
                    task.cancel()
                await asyncio.wait((read, quiet, asked))
                await self._take(self._decoder.flush())
                await self._put([] if self._sampler is None else self._sampler.flush())
                await self._drain()
                publish.cancel()
                commit.cancel()
        finally:
            await self.desk.close()

    async def _read(self) -> None:
        source = self.options.source
        async for chunk in source.chunks():
            await self._take(self._decoder.feed(chunk) if chunk else self._decoder.pause())
        self.source_ended = True

    async def _watch_silence(self) -> None:
        """What was held back is the last word before a silence when the receiver has stopped speaking: a port that
        is gone, a tunnel. It goes to disk before the power can be cut."""
        while self._sampler is not None:
            await asyncio.sleep(SILENT_S / 5)
            silent_s = time.monotonic() - self._heard_s
            if silent_s < SILENT_S or self.options.source.catching_up:
                continue
            await self._take(self._decoder.pause())
            if self._sampler.holds:
                await self._put(self._sampler.flush())

    async def _take(self, positions: list[Position]) -> None:
        """From the decoder to the spool: retimed and whole when replayed, else sampled."""
        if positions:
            self._heard_s = time.monotonic()
        self._health.heard(self._decoder, time.monotonic())
        chosen: list[Position] = []
        for position in positions:
            self._health.placed(position)
            retimed = self.options.source.retime(position)
            if self._remote.is_off_duty(retimed.fixed_at):
                self._off_duty += 1
                chosen += [] if self._sampler is None else self._sampler.flush()  # of the time before
                continue
            chosen += [retimed] if self._sampler is None else self._sampler.feed(retimed)
        if positions and self._is_live:
            self._health.timed(positions[-1], self.options.clock.now())
        if chosen:
            await self._put(chosen)

    async def _put(self, positions: list[Position]) -> None:
        await self.desk.put(positions, patient=not self._is_live)

    @property
    def _is_live(self) -> bool:
        """Whether the receiver's time can be held against the unit's clock."""
        return not (self.options.source.replayed or self.options.source.catching_up)

    async def _drain(self) -> None:
        await self.desk.flush()
        try:
            async with asyncio.timeout(self.options.drain_s):
                await self.desk.changed(lambda: self.desk.backlog == 0)
        except TimeoutError:
            log.warning(
                "stopped after %.0f s: %d unconfirmed fixes stay in the spool and are sent at the next start%s",
                self.options.drain_s,
                self._spool.backlog,
                f"; {self.desk.waiting} more are lost, no disk took them" if self.desk.waiting else "",
                extra={"action": "drain", "device": self.options.device},
            )

    async def _split(self) -> bool:
        """Whether the newest fixes go beside the backlog; never for a source that drives the past on purpose."""
        if self.options.source.catching_up:
            return False
        return needs_split(await self.desk.held(), self.options.clock.rate)

    async def _obey(self, body: bytes) -> bool:
        """A command: settings hold from the next position on, and from the next start."""
        if not await asyncio.to_thread(self._remote.take, body):
            return False
        if self._sampler is not None:
            self._sampler.adopt(self._remote.policy)
        return True

    async def _status(self) -> Status:
        seen = Observed(
            now=self.options.clock.now(),
            now_s=time.monotonic(),
            source=self.options.source.name,
            remote=self._remote,
            held=await self.desk.held(),
            gaps=await self.desk.gaps(),
            left_out=self._left_out,
            unwritten=self.desk.lost,
            power=await self._power(),
        )
        return compose_status(seen, self._spool, self._health, self._publisher.state)

    async def _power(self) -> Power:
        """The unit's own; a simulated one would tell of the computer that simulates it."""
        return Power() if isinstance(self.options.source, SimulatedSource) else await asyncio.to_thread(read_power)

    @property
    def _left_out(self) -> dict[str, int]:
        return {**self._decoder.counts, "off_duty": self._off_duty}

    def progress(self) -> BridgeProgress:
        spool = self._spool
        return BridgeProgress(
            device=self.options.device,
            spool=spool.spool_id,
            spooled=spool.last_seq,
            confirmed=spool.confirmed,
            backlog=self.desk.backlog,
            dropped=spool.given_up,
            newest_at=spool.newest_at,
            connected=self._publisher.state.connected,
            trouble=self._publisher.state.trouble,
            refused=self._publisher.state.refused,
            source_ended=self.source_ended,
            counts=self._left_out,
        )


async def run_bridge(options: BridgeOptions, stop: asyncio.Event | None = None) -> BridgeProgress:
    """One bridge from start to drained; gives where it ended. Set `stop` to end it before its source does."""
    bridge = Bridge(options)
    await bridge.run(stop or asyncio.Event())
    return bridge.progress()
