"""The technician's check of a mounted unit: receiver, spool, link, one fix up to its receipt. Repairs nothing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

import msgspec

from firmware_bridge.bridge import Bridge, BridgeOptions
from firmware_bridge.nmea.framing import Framer
from firmware_bridge.nmea.position import Position
from firmware_bridge.sources.source import Source
from firmware_bridge.spool import SpoolError

# The search through all baud rates takes 12 s; a receiver that was just fed speaks within 2 s.
FIRST_WORD_S = 20.0
# To count sentences and kinds: five bursts of a receiver at 1 Hz.
LISTEN_S = 5.0
# A receiver that was switched on with the engine needs half a minute for its first fix under open sky.
FIX_S = 40.0
# Connecting over a slow link takes seconds; a receipt comes every 2 s.
LINK_S = 20.0
RECEIPT_S = 20.0
# Above this the sky is hidden: under a metal roof, or an antenna face down.
GOOD_HDOP = 5.0
_POSITIONS = frozenset({"RMC", "GGA", "GNS", "GLL"})
_DATES = frozenset({"RMC", "ZDA"})
_SKY = "see that the antenna faces the open sky, wait a few minutes, and check again"


class Finding(msgspec.Struct, frozen=True):
    """One line of the check; `remedy` says what to do about one that failed."""

    what: str
    passed: bool
    said: str
    remedy: str | None = None

    def line(self) -> str:
        text = f"{'pass' if self.passed else 'FAIL'}  {self.what:<10} {self.said}"
        return text if self.passed or self.remedy is None else f"{text}\n      {'':<10} -> {self.remedy}"


class _Tap(Source):
    """The unit's source with what comes from it counted; at its end it waits to be cancelled."""

    def __init__(self, source: Source) -> None:
        self.name, self.replayed = source.name, source.replayed
        self.ended = False
        self.kinds: Counter[str] = Counter()
        self.damaged: Counter[str] = Counter()
        self.first_s: float | None = None
        self._source = source
        self._framer = Framer(self.damaged)

    @property
    def catching_up(self) -> bool:
        return self._source.catching_up

    @property
    def told(self) -> str | None:
        return self._source.told

    def retime(self, position: Position) -> Position:
        return self._source.retime(position)

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._source.chunks():
            for sentence in self._framer.feed(chunk):
                self.kinds[sentence[2:5]] += 1
                self.first_s = self.first_s or time.monotonic()
            yield chunk
        self.ended = True
        yield b""
        await asyncio.Event().wait()


async def check_mounting(options: BridgeOptions) -> AsyncIterator[Finding]:
    """The findings as they come. A bridge that runs meanwhile holds port and spool: stop it first."""
    tap = _Tap(options.source)
    try:
        bridge = Bridge(msgspec.structs.replace(options, source=tap, drain_s=2.0))
    except SpoolError as error:
        stop_first = "stop a bridge that runs (sudo systemctl stop waybill-bridge), or name a file of your own: --spool"
        yield Finding("spool", passed=False, said=str(error), remedy=stop_first)
        return
    spooled = bridge.progress().spooled
    yield Finding(
        "spool", passed=True, said=f"{options.spool_path} is writable, {bridge.desk.backlog} fixes wait in it"
    )
    stop = asyncio.Event()
    running = asyncio.create_task(bridge.run(stop), name="mounting-check")
    try:
        async for finding in _receiver(bridge, tap, running):
            yield finding
        yield await _link(bridge, options, running)
        yield await _test_fix(bridge, tap, spooled, running)
    finally:
        stop.set()
        await asyncio.wait((running,))
        if not running.cancelled():
            running.exception()  # a source that cannot be used; it was told as a finding


async def _receiver(bridge: Bridge, tap: _Tap, running: asyncio.Task[None]) -> AsyncIterator[Finding]:
    await _within(FIRST_WORD_S, running, lambda: tap.first_s is not None or tap.ended)
    if tap.first_s is None:
        said = _failure(running) or tap.told or f"{tap.name}: not one sentence within {FIRST_WORD_S:.0f} s"
        yield Finding("receiver", passed=False, said=said, remedy="nothing else can be checked of it until it speaks")
        return
    yield Finding("receiver", passed=True, said=tap.told or f"reading {tap.name}")
    await _within(LISTEN_S, running, lambda: tap.ended)
    yield _sentences(tap)
    await _within(FIX_S, running, lambda: bridge.gnss().fix or tap.ended)
    gnss = bridge.gnss()
    facts = [
        "a fix" if gnss.fix else "no fix",
        "satellites not told" if gnss.satellites is None else f"{gnss.satellites} satellites",
        "HDOP not told" if gnss.hdop is None else f"HDOP {gnss.hdop:g}",
    ]
    good = gnss.fix and (gnss.hdop is None or gnss.hdop <= GOOD_HDOP)
    yield Finding("satellites", passed=good, said=", ".join(facts), remedy=_SKY)
    if gnss.antenna is not None:
        remedy = "check the antenna's plug" if gnss.antenna == "open" else "check the antenna's cable for damage"
        yield Finding("antenna", passed=gnss.antenna == "ok", said=f"the receiver says {gnss.antenna}", remedy=remedy)


def _sentences(tap: _Tap) -> Finding:
    assert tap.first_s is not None
    count, seconds = tap.kinds.total(), max(1.0, time.monotonic() - tap.first_s)
    kinds = ", ".join(f"{kind} {times}" for kind, times in tap.kinds.most_common(8))
    said = f"{count / seconds:.1f} a second: {kinds}"
    wrong = tap.damaged["bad_checksum"]
    if wrong * 10 > count:
        said, remedy = (
            f"{said}; {wrong} with a wrong checksum",
            "check the cable's shield and ground; try another baud rate",
        )
        return Finding("sentences", passed=False, said=said, remedy=remedy)
    if not _POSITIONS & tap.kinds.keys():
        return Finding("sentences", passed=False, said=said, remedy="switch RMC and GGA on in the receiver")
    if not _DATES & tap.kinds.keys():
        return Finding("sentences", passed=False, said=f"{said}; none tells the date", remedy="switch RMC on as well")
    return Finding("sentences", passed=True, said=said)


async def _link(bridge: Bridge, options: BridgeOptions, running: asyncio.Task[None]) -> Finding:
    await _within(LINK_S, running, lambda: bridge.link.statuses > 0)
    where = f"{options.broker.host}:{options.broker.port}"
    if bridge.link.statuses:
        tls = " with TLS" if options.broker.uses_tls else ""
        return Finding("link", passed=True, said=f"linked to {where}{tls} as {options.device}, status sent")
    said = bridge.link.trouble or f"no answer from {where} within {LINK_S:.0f} s"
    return Finding("link", passed=False, said=said, remedy="check the modem or WLAN, the address and the credential")


async def _test_fix(bridge: Bridge, tap: _Tap, before: int, running: asyncio.Task[None]) -> Finding:
    """The first number given during the check, confirmed by the gateway."""

    def confirmed() -> bool:
        receipt = bridge.link.receipt
        if receipt is None or bridge.progress().spooled <= before:
            return False
        return receipt.through > before or any(first <= before + 1 <= last for first, last in receipt.also)

    def hopeless() -> bool:
        seen = bridge.progress()
        nothing_comes = tap.ended or not bridge.gnss().fix or seen.counts["off_duty"] > 0
        return seen.spooled <= before and nothing_comes

    await _within(RECEIPT_S, running, lambda: confirmed() or hopeless())
    progress = bridge.progress()
    if confirmed():
        return Finding("test fix", passed=True, said=f"fix {before + 1} is stored: the gateway's receipt says so")
    if progress.counts.get("off_duty"):
        said, remedy = "off duty: no position leaves the vehicle", "set the unit on duty, and check again"
    elif progress.spooled <= before:
        taken = "the status message was taken" if bridge.link.statuses else "nor is there a link"
        said, remedy = f"the receiver has no fix to send; {taken}", _SKY
    else:
        said = progress.refused or f"fix {before + 1} was sent, but no receipt came within {RECEIPT_S:.0f} s"
        remedy = "see that the gateway runs and knows this device; the fix stays in the spool"
    return Finding("test fix", passed=False, said=said, remedy=remedy)


async def _within(seconds: float, running: asyncio.Task[None], done: Callable[[], bool]) -> None:
    """Waits until it is done, the bridge has failed or the time is over."""
    until_s = time.monotonic() + seconds
    while not (done() or running.done() or time.monotonic() > until_s):  # noqa: ASYNC110 - several things at once
        await asyncio.sleep(0.05)


def _failure(running: asyncio.Task[None]) -> str | None:
    """What ended the bridge by itself: a source that cannot be used."""
    error: BaseException | None = running.exception() if running.done() and not running.cancelled() else None
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return None if error is None else str(error)
