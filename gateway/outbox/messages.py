"""Sends what people are to be told: claims it, decides once more whether it is to be said, tries, keeps the answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import psycopg

from contract.clock import Clock, true_now
from gateway.outbox.kinds import AT_ANY_HOUR, no_longer_true
from gateway.outbox.quiet import on_duty_at, quiet_until
from gateway.outbox.retries import DOWN_WAIT, next_message_try
from gateway.outbox.verdicts import Outcome, Verdict
from gateway.outbox.ways import Way
from storage.messages import (
    DueMessage,
    claim_message,
    end_message,
    put_message_attempt,
    put_off_message,
    take_due_message,
)

log = logging.getLogger(__name__)

_MOST_SENT = 200  # in one run; then the others' jobs come first again
# Longer than a try can take: if the worker is killed in the middle, it is said again then, with the same id.
CLAIM = timedelta(seconds=120)


class Run(msgspec.Struct, frozen=True):
    """What one run did; down: the way itself failed, so that the rest waits."""

    tried: int
    down: bool


class Wait(msgspec.Struct, frozen=True):
    """It is not to be said before then (true time)."""

    until: datetime


class Drop(msgspec.Struct, frozen=True):
    """It is not to be said at all."""

    because: str


def send_due_messages(connection: psycopg.Connection, ways: Mapping[str, Way], clock: Clock, quiet_hours: str) -> Run:
    """Over a connection with autocommit: what is due on these ways, the one that waits the longest first."""
    tried = 0
    for _ in range(_MOST_SENT):
        with connection.transaction():
            due = take_due_message(connection, list(ways), true_now())
            if due is None:
                return Run(tried, down=False)
            instead = decide(due, clock, quiet_hours)
            _keep(connection, due, instead)
        if instead is not None:
            continue
        tried += 1
        outcome = ways[due.channel](due)
        with connection.transaction():
            _finish(connection, due, outcome)
        if outcome.verdict is Verdict.DOWN:
            return Run(tried, down=True)
    return Run(tried, down=False)


def decide(due: DueMessage, clock: Clock, quiet_hours: str) -> Wait | Drop | None:
    """None: it is to be said now. What no longer means anything is dropped before anybody's quiet is thought of."""
    if due.test:
        return Drop("a test order reaches nobody")
    if due.opted_out:
        return Drop("the customer does not want to be told")
    if due.off_the_roster:
        return Drop("not on the roster any more")
    if (because := no_longer_true(due.kind, due.milestone)) is not None:
        return Drop(because)
    return _not_now(due, clock, quiet_hours)


def _not_now(due: DueMessage, clock: Clock, quiet_hours: str) -> Wait | Drop | None:
    now = clock.now()
    if due.audience == "customer" and due.tz is not None:
        ends = quiet_until(now, due.tz, quiet_hours if due.quiet_hours is None else due.quiet_hours)
        return None if ends is None else Wait(clock.wall_at(ends))
    if due.duty_hours and due.duty_tz is not None and due.kind not in AT_ANY_HOUR:
        begins = on_duty_at(now, due.duty_tz, due.duty_hours)
        if begins is None:
            return Drop("never on duty")
        return None if begins == now else Wait(clock.wall_at(begins))
    return None


def _keep(connection: psycopg.Connection, due: DueMessage, instead: Wait | Drop | None) -> None:
    if isinstance(instead, Drop):
        end_message(connection, due.id, "dropped", instead.because, true_now())
    elif isinstance(instead, Wait):
        put_off_message(connection, due.id, instead.until)
    else:
        claim_message(connection, due.id, true_now() + CLAIM)


def _finish(connection: psycopg.Connection, due: DueMessage, outcome: Outcome) -> None:
    now, said = true_now(), outcome.said.replace("\x00", "\\0")  # PostgreSQL's text holds no NUL
    put_message_attempt(connection, due.id, now, outcome.status, said, outcome.took_s)
    extra = {"message_id": str(due.id), "channel": due.channel, "status": outcome.status}
    if outcome.verdict is Verdict.DELIVERED:
        end_message(connection, due.id, "delivered", None, now)
        return
    log.warning("message not delivered", extra={"action": "message_failed", **extra})
    if outcome.verdict is Verdict.REFUSED:
        end_message(connection, due.id, "given_up", f"refused: {said}", now)
        return
    down = outcome.verdict is Verdict.DOWN
    next_at = now + DOWN_WAIT if down else next_message_try(due.attempts + 1, now, outcome.retry_after)
    if next_at > due.give_up_at:
        end_message(connection, due.id, "given_up", f"not delivered in time: {said}", now)
    else:
        put_off_message(connection, due.id, next_at)
