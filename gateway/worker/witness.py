"""The worker's job that holds handoffs against their vehicles' units as soon as both are known. Knows no rule of it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

import psycopg

from contract.clock import Clock, true_now
from gateway.custody.witnessing import FIRST, judge_handoffs
from gateway.derive.ground import Grounds
from gateway.tracking.policy import Policy
from gateway.worker.derive import WORKER
from gateway.worker.jobs import CONNECT_S, Job
from storage.derivation_queue import lock_trip
from storage.witness import due_witnesses, handoffs_to_judge, leave_witness_queue, put_off_witness

log = logging.getLogger(__name__)

_AT_ONCE = 200
# Then nobody waits for the unit any more; when it is heard after all, the trip is derived again, and that judges too.
_LONGEST = timedelta(hours=48)
_SOONEST, _LATEST = timedelta(seconds=5), timedelta(minutes=15)
_AFTER_FAILURE = timedelta(minutes=5)


def witnessing(database_url: str, base: Policy, clock: Clock) -> Job:
    """Judges handoffs whose time is over."""
    grounds = Grounds(base)

    def run() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S, autocommit=True) as connection:
            judge_due(connection, grounds, clock)

    return Job("witness", 5.0, run)


def judge_due(connection: psycopg.Connection, grounds: Grounds, clock: Clock) -> int:
    """Judges what is due, each trip in a transaction of its own; how many handoffs were looked at."""
    due = due_witnesses(connection, _AT_ONCE)
    for trip_id, group in groupby(due, key=lambda one: one[1]):
        ids = [handoff_id for handoff_id, _ in group]
        try:
            with connection.transaction():
                _judge(connection, trip_id, ids, grounds, clock.now())
        except Exception:
            if connection.closed:
                raise
            log.exception("handoffs not judged", extra={"action": "handoffs_not_judged", "trip": str(trip_id)})
            for handoff_id in ids:
                put_off_witness(connection, handoff_id, true_now() + _AFTER_FAILURE)
    return len(due)


def _judge(
    connection: psycopg.Connection, trip_id: UUID | None, ids: list[UUID], grounds: Grounds, now: datetime
) -> None:
    if trip_id is not None:
        lock_trip(connection, trip_id)
    handoffs = handoffs_to_judge(connection, handoff_ids=ids)
    by_premises = groupby(sorted(handoffs, key=lambda one: one.premises_id), key=lambda one: one.premises_id)
    for _, several in by_premises:
        together = list(several)
        settled = judge_handoffs(connection, trip_id, together, grounds, FIRST, now, WORKER)
        for one in together:
            if one.id in settled or one.at + _LONGEST < now:
                leave_witness_queue(connection, one.id)
            else:
                wait = min(max((now - one.at) / 4, _SOONEST), _LATEST)
                put_off_witness(connection, one.id, true_now() + wait)
