"""Trips whose departure nobody saw: they end with their reason and hold up no other, live and derived again."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from contract.fix import Fix
from gateway.worker.derive import WORKER
from storage.derivation_queue import queue_overdue
from tests.integration.gateway.derive.conftest import EVENING, Round, numbered, plan_round
from tests.unit.gateway.tracking.test_matching import later
from tests.unit.gateway.tracking.worlds import NINE, ROUND, drive

HOUR = timedelta(hours=1)
TIMES = "SELECT departed_at, ended_at, end_reason FROM waybill.trip ORDER BY planned_departure_at"
# At home at nine and a round, and the same an hour later; of the first round nothing comes.
WHOLE = numbered([*ROUND, *later(ROUND, HOUR)])
UNSEEN = WHOLE[60 : len(ROUND)]
HIDDEN = [one for one in WHOLE if one not in UNSEEN]


def two_trips(planned: Round) -> Round:
    """The other round, planned for an hour later than the first."""
    return Round(planned.connection, plan_round(planned.connection, ("b-1", "b-2"), HOUR))


def settle(planned: Round) -> None:
    """The worker until nothing is due: of a vehicle's trips it takes the earliest first."""
    while planned.work():
        pass


def test_the_departure_of_the_next_trip_is_not_taken_for_the_hidden_one(planned: Round) -> None:
    second = two_trips(planned)
    planned.write(HIDDEN, most=60)

    live = planned.rows(TIMES)
    assert live[0] == (None, NINE + HOUR, "departure not seen")
    assert live[1][0] is not None
    assert live[1][2] is None
    found = planned.findings()
    assert found.departed is None
    assert found.unseen is not None
    assert "no valid fixes from 09:00:59 to 10:00:00" in found.unseen.why
    assert planned.rows("SELECT count(*) FROM waybill.milestone m JOIN waybill.orders o ON o.id = m.order_id"
                        " WHERE o.source_ref LIKE 'a-%' AND m.known = 'detected'") == [(0,)]  # fmt: skip

    settle(planned)
    assert planned.rows(TIMES) == live, "deriving again shows the same"
    assert planned.findings() == found
    assert not planned.version()[2], "the numbers of that time are missing: they may still come"
    assert second.version()[2]


def test_it_is_final_when_no_number_of_the_time_is_missing(planned: Round) -> None:
    two_trips(planned)
    planned.write(numbered(HIDDEN), most=60)
    planned.work()

    assert planned.rows(TIMES)[0][2] == "departure not seen"
    assert planned.version()[2]


def test_the_hidden_round_is_found_when_its_fixes_come_after_all(planned: Round) -> None:
    two_trips(planned)
    planned.write(HIDDEN)
    planned.work()
    assert planned.rows(TIMES)[0][2] == "departure not seen"

    planned.write(UNSEEN)
    settle(planned)

    [first, second] = planned.rows(TIMES)
    assert first[0] is not None
    assert NINE < first[0] < first[1] < NINE + HOUR  # type: ignore[operator]
    assert first[2] is None
    assert second[0] > first[1]  # type: ignore[operator]
    assert planned.version()[2]
    found = planned.findings()
    assert found.unseen is None
    assert [visit.arrived_at is not None for visit in found.visits] == [True, True]


def test_the_order_of_arrival_makes_no_difference(planned: Round) -> None:
    second = two_trips(planned)
    packs: list[list[Fix]] = [HIDDEN[start : start + 40] for start in range(0, len(HIDDEN), 40)]
    for pack in packs[::-1]:
        planned.write(pack)
        settle(planned)

    assert planned.rows(TIMES)[0] == (None, NINE + HOUR, "departure not seen")
    assert second.findings().departed is not None
    assert second.version()[2]


def test_a_trip_that_never_left_ends_two_days_after_its_plan(planned: Round, owner: psycopg.Connection) -> None:
    planned.write(drive((60, 0, 0)))
    assert queue_overdue(planned.connection, EVENING - timedelta(hours=48)) == 0, "it may still leave"
    after = NINE + timedelta(hours=49)

    assert queue_overdue(planned.connection, after - timedelta(hours=48)) == 1
    planned.work(after)

    [(departed_at, ended_at, reason)] = planned.rows(TIMES)
    assert (departed_at, ended_at, reason) == (None, NINE + timedelta(hours=48, minutes=2), "departure not seen")
    found = planned.findings()
    assert found.unseen is not None
    assert "no departure in 60 fixes" in found.unseen.why
    assert planned.version()[2]
    assert planned.rows("SELECT actor FROM waybill.audit_event WHERE action = 'trip.derived'") == [(WORKER.name,)]


def test_a_day_of_a_trip_that_was_over_before_its_plan_can_be_gone_through(
    planned: Round, owner: psycopg.Connection
) -> None:
    """Retention asks for the ranges that stay; a range that ended before it began stopped it."""
    owner.execute("UPDATE waybill.trip SET ended_at = planned_departure_at - INTERVAL '5 hours', cancelled = true")

    rows = owner.execute(
        "SELECT on_trip FROM waybill.kept_ranges(%s, %s)", [NINE - timedelta(hours=12), NINE + timedelta(hours=12)]
    ).fetchall()

    assert len(rows) == 1
