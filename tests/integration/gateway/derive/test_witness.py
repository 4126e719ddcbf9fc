"""Handoffs of one round held against its van: at once, when its unit comes back late, and again when more is known."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from contract.clock import Clock, true_now
from contract.milestones import Milestone
from contract.reasons import FailureReason
from gateway.custody.handoffs import Handoff
from gateway.derive.ground import Grounds
from gateway.master.policy import choose_policy
from gateway.master.premises import find_premises
from gateway.orders.service import declare
from gateway.tracking.policy import Policy
from gateway.worker.witness import judge_due
from tests.fixtures.database import Database
from tests.integration.gateway.derive.conftest import DISPATCHER, EVENING, Round
from tests.unit.gateway.tracking.worlds import NINE, ROUND, fix, north
from waybill.invocation import CommandError
from waybill.trips.witness import explanation

# The first door 700 m north from 130 s to 250 s, the second at 1,200 m from 300 s to 390 s; home again at 510 s.
AT_FIRST, AT_SECOND, AT_HOME = 200, 350, 1200
AT_REST = [fix(at, north(0), speed_mps=0.0) for at in range(570, 2000, 30)]
DAY = [*ROUND, *AT_REST]
JUDGED = (
    "SELECT o.source_ref, w.version, w.verdict, w.no_data, w.cause FROM waybill.witness w JOIN waybill.handoff h"
    " ON h.id = w.handoff_id JOIN waybill.orders o ON o.id = h.order_id ORDER BY 1, 2"
)
EXCEPTIONS = "SELECT withdrawn, closed_at IS NULL FROM waybill.exception WHERE kind = 'handoff_contradicted'"


def hand_over(planned: Round, ref: str, seconds: float, *, failed: FailureReason | None = None, offline: bool = False
              ) -> None:  # fmt: skip
    """Somebody says that the order was handed over, or not, so many seconds after nine."""
    (order_id,) = planned.rows(f"SELECT id FROM waybill.orders WHERE source_ref = '{ref}'")[0]
    declare(
        planned.connection, UUID(str(order_id)), Milestone.DELIVERED if failed is None else Milestone.FAILED,
        NINE + timedelta(seconds=seconds), DISPATCHER, reason_code=failed,
        handoff=Handoff(offline=offline, trip_id=planned.trip_id),
    )  # fmt: skip


def judge(planned: Round, seconds: float | None = None) -> None:
    """Lets the worker judge what it may at that time (None: in the evening), without the waiting."""
    now = EVENING if seconds is None else NINE + timedelta(seconds=seconds)
    planned.connection.execute("UPDATE waybill.witness_queue SET due_at = '2000-01-01'")
    judge_due(planned.connection, Grounds(Policy()), Clock(origin=now, wall=true_now()))


def test_true_handoffs_are_corroborated_once_their_time_is_over(planned: Round) -> None:
    planned.write(DAY)
    hand_over(planned, "a-1", AT_FIRST)
    hand_over(planned, "a-2", AT_SECOND)

    judge(planned, AT_FIRST + 200)
    assert planned.rows(JUDGED) == []
    judge(planned)

    assert planned.rows(JUDGED) == [("a-1", 1, "corroborated", None, "handoff"),
                                    ("a-2", 1, "corroborated", None, "handoff")]  # fmt: skip
    assert planned.rows("SELECT count(*) FROM waybill.witness_queue") == [(0,)]
    planned.work()
    assert len(planned.rows(JUDGED)) == 2
    assert planned.rows(EXCEPTIONS) == []


def test_a_handoff_said_at_home_is_contradicted_by_metres_and_minutes_and_opens_one_exception(planned: Round) -> None:
    planned.write(DAY)
    hand_over(planned, "a-1", AT_HOME)

    judge(planned)
    planned.work()

    [(metres, off_s, why)] = planned.rows("SELECT nearest_m, off_s, why FROM waybill.witness")
    assert abs(float(str(metres)) - 700) < 2
    assert off_s == 250 - 1 - AT_HOME
    assert why == (
        "within 5 min of 09:20:00Z the vehicle came no nearer to the door than 700 m, at 09:15:00Z; it stood there "
        "16 min earlier, from 09:02:10Z to 09:04:09Z"
    )
    assert planned.rows(EXCEPTIONS) == [(False, True)]
    opened = planned.rows("SELECT rule FROM waybill.exception WHERE handoff_id IS NOT NULL")
    assert str(opened[0][0]).startswith("order 1001: attempt 1, delivered on T-0001; within 5 min of 09:20:00Z")


def test_a_unit_that_was_offline_has_no_data_until_its_backlog_comes(planned: Round) -> None:
    hole = [one for one in ROUND if 100 <= (one.fixed_at - NINE).total_seconds() < 400]
    planned.write([one for one in DAY if one not in hole])
    hand_over(planned, "a-1", AT_FIRST)
    hand_over(planned, "a-2", AT_SECOND + 700)
    planned.work()
    judge(planned)
    assert planned.rows(JUDGED) == [("a-1", 1, "no_data", "not_delivered", "handoff"),
                                    ("a-2", 1, "contradicted", None, "handoff")]  # fmt: skip

    planned.write(hole)
    planned.work()

    assert planned.rows(JUDGED) == [
        ("a-1", 1, "no_data", "not_delivered", "handoff"), ("a-1", 2, "corroborated", None, "late_data"),
        ("a-2", 1, "contradicted", None, "handoff"), ("a-2", 2, "contradicted", None, "late_data"),
    ]  # fmt: skip
    off = planned.rows("SELECT off_s IS NULL FROM waybill.witness WHERE verdict = 'contradicted' ORDER BY version")
    assert off == [(True,), (False,)]


def test_a_unit_that_is_heard_again_in_order_is_judged_without_waiting_for_the_trips_end(planned: Round) -> None:
    planned.write([one for one in ROUND if one.fixed_at < NINE + timedelta(seconds=160)])
    hand_over(planned, "a-2", AT_SECOND)
    judge(planned, AT_SECOND + 310)
    assert planned.rows(JUDGED) == []  # it may be heard in a moment
    judge(planned, AT_SECOND + 600)
    assert planned.rows(JUDGED) == [("a-2", 1, "no_data", "not_heard", "handoff")]

    planned.write([one for one in DAY if one.fixed_at >= NINE + timedelta(seconds=160)])
    judge(planned, 1900)

    assert planned.rows(JUDGED)[1:] == [("a-2", 2, "corroborated", None, "handoff")]
    assert planned.rows("SELECT count(*) FROM waybill.witness_queue") == [(0,)]


def test_other_thresholds_judge_anew_and_withdraw_what_they_do_not_show(planned: Round) -> None:
    planned.write(DAY)
    hand_over(planned, "a-1", AT_HOME)
    judge(planned)
    assert planned.rows(EXCEPTIONS) == [(False, True)]

    choose_policy(
        planned.connection, find_premises(planned.connection, None), {"witness_within_s": "1200"}, Policy(),
        reason="long ways", from_at=NINE - timedelta(days=1), actor=DISPATCHER, at=EVENING,
    )  # fmt: skip
    planned.work()

    assert planned.rows(JUDGED)[1:] == [("a-1", 2, "corroborated", None, "policy")]
    assert planned.rows(EXCEPTIONS) == [(True, False)]
    told = planned.rows("SELECT action FROM waybill.audit_event WHERE object_kind = 'exception' ORDER BY recorded_at")
    assert told == [("exception.opened",), ("exception.withdrawn",)]


def test_a_breakdown_elsewhere_is_nobodys_contradiction_and_out_of_reach_the_clock_may_be_off(planned: Round) -> None:
    planned.write(DAY)
    hand_over(planned, "a-1", 1100, offline=True)
    hand_over(planned, "a-2", AT_HOME, failed=FailureReason.VEHICLE_BREAKDOWN)

    judge(planned)

    assert [row[2] for row in planned.rows(JUDGED)] == ["corroborated", "contradicted"]
    assert planned.rows(EXCEPTIONS) == []


def test_judgements_stay(planned: Round) -> None:
    planned.write(DAY)
    hand_over(planned, "a-1", AT_FIRST)
    judge(planned)
    for attack in ("UPDATE waybill.witness SET verdict = 'contradicted'", "DELETE FROM waybill.witness"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            planned.connection.execute(attack.encode())


def test_it_is_told_in_words_with_its_fixes_and_thresholds(planned: Round, database: Database) -> None:
    planned.write(DAY)
    hand_over(planned, "a-1", AT_HOME)
    with psycopg.connect(database.reader_url, autocommit=True) as reader:
        assert "not held against the vehicle yet" in explanation(reader, "1001/1", None)[-1]
        judge(planned)
        told = "\n".join(explanation(reader, "1001", None))
        for wrong, says in (("1002/1", "there is no handoff '1002/1'"), ("1001/7", "has the attempts 1")):
            with pytest.raises(CommandError, match=says):
                explanation(reader, wrong, None)

    assert told.startswith(
        "Order 1001, attempt 1: delivered at 2026-11-23 09:20:00Z on T-0001, says aino.\nContradicted"
    )
    assert "no nearer to the door than 700 m" in told
    assert "within 150 m of the door, slower than 1.5 m/s" in told
    assert "fix 131 at" in told
    assert f"policy {Policy().version}." in told
