"""What the worker does for messages, step by step, so that a test says when. Holds no test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from contract.clock import true_now
from gateway.notify.customers import tell_customers
from gateway.notify.etas import tell_etas
from gateway.notify.saying import NotifyOptions
from gateway.notify.templates import Texts
from gateway.outbox.mail import MailOptions
from gateway.outbox.messages import Run, send_due_messages
from gateway.outbox.ways import SmsOptions, WayOptions, ways_of
from tests.fixtures.api import Api, clock_at
from tests.fixtures.gateway import NOON

PUBLIC = "https://delivery.example.org"


@dataclass
class Teller:
    """An installation's way of telling people, at a time that the test sets."""

    api: Api
    port: int | None = None
    sms_url: str | None = None
    texts_dir: Path | None = None
    now: datetime = NOON
    quiet_hours: str = "22:00-07:00"
    channels: tuple[str, ...] = ("email",)
    notify: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """From here on customers are told."""
        self.make()

    def make(self) -> int:
        options = NotifyOptions(channels=self.channels, public_url=PUBLIC, **self.notify)
        texts = Texts(self.texts_dir)
        texts.look_again()
        with self.connected() as connection:
            made = tell_customers(connection, texts, options, clock_at(self.now))
            return made + tell_etas(connection, texts, options, clock_at(self.now))

    def send(self, *channels: str) -> Run:
        mail = None
        if self.port is not None:
            mail = MailOptions(
                host="127.0.0.1", port=self.port, sender="orders@shop.example", security="none",
            )  # fmt: skip
        sms = None if self.sms_url is None else SmsOptions(self.sms_url, "whsec_" + "QUJD" * 8)
        ways = ways_of(WayOptions(mail=mail, sms=sms, webhook_allow_private=True, public_url=PUBLIC))
        chosen = {name: way for name, way in ways.items() if not channels or name in channels}
        with self.connected() as connection:
            return send_due_messages(connection, chosen, clock_at(self.now), self.quiet_hours)

    def tell(self) -> Run:
        self.make()
        return self.send()

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.api.database.gateway_url, autocommit=True) as connection:
            yield connection

    def make_due(self) -> None:
        """As if the time until the next try had passed."""
        with psycopg.connect(self.api.database.owner_url) as owner:
            owner.execute("UPDATE waybill.message SET next_at = %s WHERE next_at IS NOT NULL", [true_now()])

    def states(self) -> list[tuple[str, str | None, str | None]]:
        """(kind, outcome, because) of every message, oldest first."""
        rows = self.api.rows("SELECT kind, outcome, because FROM waybill.message ORDER BY created_at, id")
        return [(kind, outcome, because) for kind, outcome, because in rows]
