"""Sends what the spool holds and deletes only what a receipt confirms. A PUBACK opens the send window, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable

import aiomqtt
import msgspec
from paho.mqtt.reasoncodes import ReasonCode

from contract import codec, topics
from contract.messages import Receipt, Status
from firmware_bridge.broker_link import (
    FAILURE,
    BrokerAddress,
    BrokerLink,
    ReadRefusedError,
    connect_remedy,
    is_refusal,
    remedy,
)
from firmware_bridge.spool_desk import SpoolDesk
from firmware_bridge.streams import Streams, Turn

log = logging.getLogger(__name__)

STATUS_S = 30.0
# After an outage of the broker a fleet must not come back in the same second: backoff with jitter.
RECONNECT_S = (0.5, 1.0, 2.0, 5.0, 10.0)
# Two units under one name take the line from each other: turns of half a minute bring both of them through.
TAKEN_OVER_S = 30.0
# A refusal does not go away by sending faster.
REFUSED_S = (1.0, 5.0, 15.0, 60.0)
OFFLINE = Status(state="offline")


class LinkState(msgspec.Struct):
    """What the publisher shows: connected or not, and what was refused last, with the remedy."""

    connected: bool = False
    trouble: str | None = None  # why there is no link, with what to do
    refused: str | None = None
    receipts: int = 0
    links: int = 0  # connections made
    statuses: int = 0  # that the broker took
    linked_at_s: float = 0.0  # when the present one was made, by time.monotonic
    receipt: Receipt | None = None  # the newest one for the present spool


class Publisher:
    """One device's connection. `status` is asked for the message's content each time one is due.

    `command` takes the body of a command and says whether the status is to tell something new.
    `split` is asked after every new start of sending whether the newest fixes are to go beside the backlog.
    """

    def __init__(
        self,
        device: str,
        address: BrokerAddress,
        desk: SpoolDesk,
        status: Callable[[], Awaitable[Status]],
        split: Callable[[], Awaitable[bool]],
        command: Callable[[bytes], Awaitable[bool]],
    ) -> None:
        self.state = LinkState()
        self._device = device
        self._address = address
        self._desk = desk
        self._status = status
        self._split = split
        self._command = command
        self._status_due = asyncio.Event()
        self._streams = Streams()
        self._spool_id = desk.spool.spool_id
        self._nudge: asyncio.Task[None] | None = None
        self._leaving = False
        self._refusals = 0
        self._paused_until_s = 0.0

    async def run(self) -> None:
        """Connects, sends, and connects again, until cancelled; then says offline and leaves."""
        failures = 0
        while True:
            link = self._link()
            try:
                async with link:
                    failures = 0
                    await self._session(link)
            except* (aiomqtt.MqttError, OSError) as group:  # aiomqtt lets a broken pipe through while it disconnects
                self._lost(link, group)
            if self._leaving:
                raise asyncio.CancelledError  # leaving a dead line raised an error of its own in place of this
            wait_s = TAKEN_OVER_S if link.taken_over else RECONNECT_S[min(failures, len(RECONNECT_S) - 1)]
            failures += 1
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret

    def _link(self) -> BrokerLink:
        will = aiomqtt.Will(self._topic(topics.STATUS), codec.encode(OFFLINE), qos=1, retain=True)
        return BrokerLink(self._device, self._address, will, self._answered)

    def _topic(self, channel: str) -> str:
        return topics.device_topic(self._device, channel)

    def _lost(self, link: BrokerLink, group: BaseExceptionGroup[Exception]) -> None:
        """Says once what is wrong with the link and what to do, not at every try."""
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        remedy_now = connect_remedy(error, self._device, self._address)
        if link.taken_over:
            remedy_now = f"another unit connects as {self._device}: give one of them a name and a credential of its own"
        text = f"no link to the broker at {self._address.host}:{self._address.port}: {error}; {remedy_now}"
        level = logging.DEBUG if text == self.state.trouble else logging.WARNING
        self.state.trouble = text
        log.log(level, "%s", text, extra=self._about("link"))

    async def _session(self, link: BrokerLink) -> None:
        wanted = [(self._topic(channel), 1) for channel in (topics.STORED, topics.REJECTED, topics.COMMAND)]
        answers = await link.subscribe(wanted)
        if any(isinstance(answer, ReasonCode) and answer.value >= FAILURE for answer in answers):
            raise ReadRefusedError("the broker's rules do not let this device read its receipts")
        self._streams.rewind()  # what was under way on the old connection may not have arrived
        self.state.connected, self.state.trouble = True, None
        self.state.links += 1
        self.state.linked_at_s = time.monotonic()
        log.info("linked to the broker", extra=self._about("link"))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(link), name=f"listen-{self._device}")
                tasks.create_task(self._send(link), name=f"send-{self._device}")
                tasks.create_task(self._watch(), name=f"watch-{self._device}")
                tasks.create_task(self._tell_status(link), name=f"status-{self._device}")
        except asyncio.CancelledError:
            # The will is only for a connection that breaks: who leaves in order says so.
            self._leaving = True
            with contextlib.suppress(aiomqtt.MqttError, OSError):  # on a dead line the will says it
                # With all the rest, so that the last word about the backlog is the state it was left in.
                last = msgspec.structs.replace(await self._status(), state=OFFLINE.state)
                await self._publish_status(link, last)
            raise
        finally:
            self.state.connected = False

    async def _listen(self, link: BrokerLink) -> None:
        async for message in link.messages:
            channel = str(message.topic).rpartition("/")[2]
            body = message.payload if isinstance(message.payload, bytes) else b""
            if channel == topics.STORED:
                await self._take_receipt(body)
            elif channel == topics.REJECTED:
                text = body[:500].decode("utf-8", "replace")
                log.warning("refused: %s", text, extra=self._about("rejected"))
            elif channel == topics.COMMAND and await self._command(body):
                self._status_due.set()

    async def _take_receipt(self, body: bytes) -> None:
        receipt = codec.decode_receipt(body)
        if receipt is None:
            log.warning("unreadable receipt", extra=self._about("receipt"))
            return
        if self._desk.spool.contradicts(receipt):
            await self._renumber(receipt)
            return
        if receipt.spool == self._desk.spool.spool_id:
            self.state.receipt = receipt
        self._streams.receipt(receipt, time.monotonic())
        if await self._desk.confirm(receipt):
            self.state.receipts += 1
            self.state.refused = None
            self._refusals = 0

    async def _renumber(self, receipt: Receipt) -> None:
        """The gateway has numbers that we never gave: this file is an older state of itself (a disk that lied about
        fsync, a restored image). Going on would give numbers twice, so it becomes a new spool."""
        log.warning(
            "the gateway confirms %d but the newest number here is %d: the spool was set back; it gets a new id",
            receipt.through,
            self._desk.spool.last_seq,
            extra=self._about("renumber"),
        )
        await self._desk.renew()
        self._streams.rewind()

    async def _send(self, link: BrokerLink) -> None:
        while True:
            pause_s = self._paused_until_s - time.monotonic()
            if pause_s > 0:
                await asyncio.sleep(pause_s)
                continue
            if not self._streams.begun:
                newest, self._spool_id = self._desk.spool.newest_place, self._desk.spool.spool_id
                self._streams.begin(newest, split=await self._split())
                if self._streams.is_split:
                    log.info("sending the newest fixes beside the backlog", extra=self._about("live"))
            await self._desk.changed(lambda: not self._streams.begun or self._next_turn() is not None)
            turn = self._next_turn()
            if turn is not None:
                await self._send_turn(link, turn)

    def _next_turn(self) -> Turn | None:
        return self._streams.next_turn(self._desk.spool.newest_place)

    async def _send_turn(self, link: BrokerLink, turn: Turn) -> None:
        pack = await self._desk.next_pack(turn.limit, turn.after, turn.before)
        if not self._streams.holds(turn):
            return  # rewound meanwhile: this pack is not the next one any more
        if pack is None:
            self._streams.nothing_left(turn)
            return
        fixes = pack.fixes
        claim = [
            (topics.PROPERTY_SPOOL, fixes[0].spool_id),
            (topics.PROPERTY_FIRST, str(fixes[0].seq)),
            (topics.PROPERTY_LAST, str(fixes[-1].seq)),
        ]
        mid = link.send(self._topic(topics.FIXES), codec.encode_fixes(fixes, fixes[0].boot_id), claim)
        self._streams.sent(turn, pack, mid, time.monotonic())

    def _about(self, action: str) -> dict[str, str]:
        return {"action": action, "device": self._device}

    def _answered(self, mid: int, reason: int) -> None:
        """A PUBACK: success says nothing about storage; a refusal means that nothing was sent at all."""
        if not self._streams.carries(mid):
            return
        if not is_refusal(reason):
            self._streams.answered(mid)
            if self._streams.is_split:  # the backlog waits for room in the line
                self._nudge = asyncio.get_running_loop().create_task(self._desk.poke(), name=f"nudge-{self._device}")
            return
        self.state.refused = f"0x{reason:02x}: {remedy(reason)}"
        if time.monotonic() >= self._paused_until_s:
            wait_s = REFUSED_S[min(self._refusals, len(REFUSED_S) - 1)]
            self._refusals += 1
            self._paused_until_s = time.monotonic() + wait_s
            log.warning(
                "the broker refused fixes (0x%02x): %s. They stay in the spool; next try in %.0f s.",
                reason,
                remedy(reason),
                wait_s,
                extra=self._about("refused"),
            )
        self._streams.rewind()

    async def _watch(self) -> None:
        """Sends again what no receipt has come for."""
        while True:
            await asyncio.sleep(1.0)
            if self._spool_id != self._desk.spool.spool_id:
                self._streams.rewind()  # a damaged file was replaced: its places mean nothing in the new one
            if self._streams.overdue(time.monotonic()):
                log.warning(
                    "no receipt for %d messages; sending them again",
                    self._streams.under_way,
                    extra=self._about("resend"),
                )
                self._streams.rewind()
            await self._desk.poke()

    async def _tell_status(self, link: BrokerLink) -> None:
        while True:
            self._status_due.clear()
            await self._publish_status(link, await self._status())
            self.state.statuses += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._status_due.wait(), STATUS_S)

    async def _publish_status(self, link: BrokerLink, status: Status) -> None:
        await link.publish(self._topic(topics.STATUS), codec.encode(status), qos=1, retain=True, timeout=5.0)
