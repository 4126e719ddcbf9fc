"""The worker's jobs that tell people: from the feed to messages, from messages to mail servers. Knows no text."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg

from contract.clock import SYSTEM, Clock, true_now
from gateway.notify.customers import tell_customers
from gateway.notify.etas import tell_etas
from gateway.notify.saying import NotifyOptions
from gateway.notify.templates import Texts
from gateway.outbox.messages import send_due_messages
from gateway.outbox.ways import Way, WayOptions, ways_of
from gateway.worker.jobs import CONNECT_S, Job
from storage.messages import forget_staff_messages

log = logging.getLogger(__name__)

# One that is slow holds up its sender, not the other, and no other channel.
_SENDERS = {"email": 2, "sms": 2, "webhook": 2}
_MOST_REST_S = 60.0
_STAFF_LOG_KEPT = timedelta(days=90)


class MessageOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How people are told by this installation."""

    ways: WayOptions = WayOptions()
    notify: NotifyOptions = NotifyOptions()
    texts_dir: Path | None = None
    quiet_hours: str = ""
    clock: Clock = SYSTEM


def message_jobs(database_url: str, options: MessageOptions) -> list[Job]:
    """Makes messages of what happened, sends them on each way by itself, forgets what staff were told long ago."""
    texts = Texts(options.texts_dir)

    def make() -> None:
        if texts.look_again():
            for problem in texts.problems:
                log.warning("text not used", extra={"action": "text_refused", "error": str(problem)})
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            tell_customers(connection, texts, options.notify, options.clock)
            tell_etas(connection, texts, options.notify, options.clock)

    def forget() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            forget_staff_messages(connection, true_now() - _STAFF_LOG_KEPT)

    senders = [
        Job(f"messages_{channel}_{number}", 1.0, _sender(database_url, channel, way, options))
        for channel, way in ways_of(options.ways).items()
        for number in range(1, _SENDERS[channel] + 1)
    ]
    return [Job("messages", 1.0, make), *senders, Job("message_log", 6 * 3600.0, forget)]


def _sender(database_url: str, channel: str, way: Way, options: MessageOptions) -> Callable[[], None]:
    rest = Rest()

    def go() -> None:
        if rest.is_over:
            with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
                run = send_due_messages(connection, {channel: way}, options.clock, options.quiet_hours)
            rest.after(down=run.down)

    return go


class Rest:
    """How long a way is left alone while it is down: 2 s, 4 s … up to a minute."""

    def __init__(self) -> None:
        self._failures = 0
        self._until_s = 0.0

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until_s

    def after(self, *, down: bool) -> None:
        self._failures = min(self._failures + 1, 6) if down else 0
        self._until_s = time.monotonic() + min(2.0**self._failures, _MOST_REST_S) if down else 0.0
