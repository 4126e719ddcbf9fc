"""The way of a fix through the gateway, as one list: take, read, write, acknowledge, confirm."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

import psycopg

from contract.clock import Clock, true_now
from contract.codec import Reject, encode
from contract.fix import DEVICE_NAME
from contract.messages import Receipt, Rejection
from contract.topics import REJECTED, STORED, device_topic
from gateway.ingest.batch import MAX_DAYS, read_batch, spread_too_far, unstorable_batch
from gateway.ingest.figures import Figures
from gateway.ingest.inbox import Message
from gateway.ingest.receipts import RECEIPT_EVERY_S, Receipts
from gateway.ingest.subscriber import Subscriber
from gateway.ingest.writer import Writer, Written

log = logging.getLogger(__name__)

MOST_MESSAGES = 5_000  # one transaction; more gains nothing (20,000 rows: the same rows/s)
LINGER_S = 0.004  # how long the first message of a batch waits for others; under load batches grow by themselves
HEARTBEAT_S = 5.0
POSTED_EVERY_S = 1.0
MOST_POSTED = 500
DRAIN_S = 5.0  # for what has come when we are told to stop; a supervisor waits longer before it kills
RETRY_S = 1.0  # a full disk or a lock does not go away by asking faster


class Pipeline:
    """Runs until stopped. A lost database is waited for with the batch in hand; nothing is acknowledged meanwhile."""

    def __init__(
        self, subscriber: Subscriber, connect: Callable[[], Writer | None], heartbeat: Callable[[Counter[str]], None],
        clock: Clock, stop: threading.Event, figures: Figures,
    ) -> None:  # fmt: skip
        self._subscriber = subscriber
        self._connect = connect
        self._heartbeat = heartbeat
        self._clock = clock
        self._figures = figures
        self._receipts = Receipts()
        self._stopping = stop
        self._writer: Writer | None = None
        self._beat_at = 0.0
        self._posted_at = 0.0
        self._trouble: str | None = None  # why nothing can be stored now
        self._turned_at = time.monotonic()
        self._drain_until_s: float | None = None
        self.counters: Counter[str] = Counter()

    @property
    def trouble(self) -> str | None:
        """Why the database stores nothing now; None when it does."""
        return self._trouble

    @property
    def turning_s(self) -> float:
        """Seconds since the loop began its present turn: long when the database does not answer."""
        return time.monotonic() - self._turned_at

    @property
    def receipts_waiting(self) -> int:
        return self._receipts.waiting

    def greet(self, receipts: dict[str, Receipt]) -> None:
        """Sends every device what is stored already: a broker that lost its state forgot the retained receipts."""
        for device, receipt in receipts.items():
            self._receipts.add(device, receipt)

    def run(self) -> None:
        """Take, read, write, acknowledge, confirm; until told to stop. Then what has come by then, and no more."""
        while not self._stopping.is_set():
            self._turned_at = time.monotonic()
            messages = self._subscriber.take(MOST_MESSAGES, LINGER_S, timeout_s=0.2)
            if messages:
                self._store(messages)
            self._store_posted()
            self._confirm()
            connected = int(self._subscriber.connected.is_set())
            if connected != self.counters["connected"] or time.monotonic() - self._beat_at >= HEARTBEAT_S:
                self.counters["connected"] = connected
                self._beat_at = time.monotonic()
                self._beat()
        self._drain()

    def _drain(self) -> None:
        """Stores and acknowledges what is here already, so that the next gateway need not receive it again."""
        left = self._subscriber.unacknowledged()
        while left > 0 and self._goes_on() and self._writer is not None:
            messages = self._subscriber.take(min(left, MOST_MESSAGES), linger_s=0.0, timeout_s=0.0)
            if not messages:
                break
            left -= len(messages)
            self._store(messages)
        self._confirm(early_s=RECEIPT_EVERY_S)
        if self._writer is not None and not self._writer.lost():
            self._heartbeat(self.counters)

    def _goes_on(self) -> bool:
        """Whether to begin another try: always until told to stop, then for a moment."""
        if not self._stopping.is_set():
            return True
        if self._drain_until_s is None:
            self._drain_until_s = time.monotonic() + DRAIN_S
        return time.monotonic() < self._drain_until_s

    def _store(self, messages: list[Message]) -> None:
        """Stores the messages and acknowledges them. What the database refuses is halved until it stands alone."""
        began_s = time.monotonic()
        written = self._write(messages)
        if written is None:
            return
        self._trouble = None
        self._figures.stored(messages, written, time.monotonic() - began_s, true_now())
        self._subscriber.acknowledge(messages)
        self._count(messages, written)
        for device, receipts in written.receipts.items():
            for receipt in receipts:
                self._receipts.add(device, receipt)
        for reject, _topic in written.rejects:
            self._tell(reject)

    def _store_posted(self) -> None:
        """What did not come by the broker: looked for once a second, deleted in the transaction that stores it."""
        if self._writer is None or time.monotonic() - self._posted_at < POSTED_EVERY_S:
            return
        self._posted_at = time.monotonic()
        while posted := self._writer.posted(MOST_POSTED, self._clock):
            self._store(posted)
            if self._stopping.is_set() or self._writer is None or len(posted) < MOST_POSTED:
                return

    def _write(self, messages: list[Message]) -> Written | None:
        """What was stored; None when the halves were stored by themselves or we are stopping."""
        unstorable: str | None = None
        while self._goes_on():
            writer = self._writer = self._writer or self._wait_for_database()
            if writer is None:
                return None
            try:
                now = self._clock.now()
                batch = read_batch(messages, now) if unstorable is None else unstorable_batch(messages[0], unstorable)
                if batch.days <= MAX_DAYS:
                    return writer.write(batch, now)
                if len(messages) == 1:
                    return writer.write(spread_too_far(batch), now)
            except Exception as error:  # one message's surprise must not stop the others: it is found and kept
                if writer.lost():
                    log.warning("database lost", extra={"action": "database_lost", "error": _line(error)})
                    self._writer = None
                    continue
                if len(messages) == 1:
                    if _passes(error):
                        self._rest(error)
                        continue
                    if unstorable is not None:
                        raise  # not even its bytes: the database takes nothing at all
                    log.exception("unstorable message", extra={"action": "unstorable", "topic": messages[0].topic})
                    unstorable = f"{type(error).__name__}: {error}".strip()[:500]
                    continue
            self._halve(messages)
            return None
        return None

    def _rest(self, error: Exception) -> None:
        """Waits with the message in hand while the database stores nothing; says why once, not at every try."""
        trouble = _line(error)
        level = logging.DEBUG if trouble == self._trouble else logging.WARNING
        self._trouble = trouble
        log.log(level, "the database stores nothing now", extra={"action": "store_waits", "error": trouble})
        if self._stopping.wait(RETRY_S):
            self._drain_until_s = 0.0  # it will not come back just because we leave

    def _halve(self, messages: list[Message]) -> None:
        middle = len(messages) // 2
        self._store(messages[:middle])
        self._store(messages[middle:])

    def _wait_for_database(self) -> Writer | None:
        pause_s = 0.2
        while not self._stopping.is_set():
            writer = self._connect()
            if writer is not None:
                return writer
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, 5.0)
        return None

    def _confirm(self, early_s: float = 0.0) -> None:
        if not self._subscriber.connected.is_set():
            return
        for device, receipt in self._receipts.due(time.monotonic() + early_s):
            self._subscriber.publish(device_topic(device, STORED), encode(receipt), retain=True)

    def _tell(self, reject: Reject) -> None:
        if DEVICE_NAME.fullmatch(reject.device) and self._receipts.may_reject(reject.device, time.monotonic()):
            word = Rejection(
                reason=reject.reason.value, detail=reject.detail, field=reject.field, value=reject.value,
                spool=reject.spool, seq=reject.seq,
            )  # fmt: skip
            self._subscriber.publish(device_topic(reject.device, REJECTED), encode(word), retain=False)
            # As often as the device hears it: a unit gone mad is counted, not echoed.
            log.info(
                "no fix could be made of a message: %s",
                reject.detail,
                extra={"action": "rejected", "device": reject.device, "reason": reject.reason.value},
            )

    def _count(self, messages: list[Message], written: Written) -> None:
        self.counters.update(
            messages=len(messages), batches=1, fixes=written.fixes,
            refused=sum(written.refused_by.values()),
            duplicates=written.duplicates, late=written.late, rejects=len(written.rejects),
            unknown_fields=written.unknown_fields, ignored=written.ignored,
        )  # fmt: skip

    def _beat(self) -> None:
        """A sign of life; also finds out, when nothing comes in, that the database is away or back."""
        if self._writer is None or self._writer.lost():
            self._writer = self._connect()
        if self._writer is not None:
            self._heartbeat(self.counters)


def _passes(error: Exception) -> bool:
    """Whether the database, not the message, is why it was not stored: disk full, lock, deadlock, a server that stops.

    Of psycopg's operational errors only class 54, program limits exceeded, is the message's own.
    """
    return isinstance(error, psycopg.OperationalError) and not (error.sqlstate or "").startswith("54")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
