"""What deriving again must keep or set right: the delivery's visit, good records without fixes, a wrong clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from contract.reasons import DerivationCause
from gateway.derive.declaring import declare_times
from gateway.derive.deriving import derive_and_keep, derive_once
from gateway.derive.gone import FixesGoneError
from gateway.derive.ground import Grounds
from gateway.derive.reasons import find_trip
from gateway.tracking.policy import Policy
from gateway.worker.derive import WORKER
from tests.integration.gateway.derive.conftest import EVENING, Round
from tests.unit.gateway.tracking.worlds import NINE, ROUND, drive

# A wait of forty seconds at a light before the first door, 300 m on, back to the door, and the delivery there.
TWICE = drive(
    (60, 0, 0), (70, 0, 700), (40, 700, 700), (30, 700, 1000), (30, 1000, 700), (120, 700, 700), (50, 700, 1200),
    (120, 1200, 1200), (120, 1200, 0), (150, 0, 0),
)  # fmt: skip
BACK_AT = NINE + timedelta(seconds=60 + 70 + 40 + 30)
ARRIVED = (
    "SELECT m.at FROM waybill.milestone m JOIN waybill.orders o ON o.id = m.order_id"
    " WHERE o.source_ref = 'a-1' AND m.milestone = 'arrived'"
)
STRICTER = Policy(stop_min_s=60)


def test_of_several_visits_at_a_door_the_last_is_the_deliverys(planned: Round) -> None:
    planned.write(TWICE, most=30)
    told = planned.rows(ARRIVED)
    assert len(told) == 1
    assert told[0][0] < BACK_AT  # type: ignore[operator]
    live = planned.rows("SELECT arrived_at, left_at FROM waybill.trip_drop ORDER BY seq")
    assert live[0][0] > BACK_AT  # type: ignore[operator]

    planned.work()

    assert planned.rows(ARRIVED) == told, "what was told stays, and is not told twice"
    assert planned.rows("SELECT arrived_at, left_at FROM waybill.trip_drop ORDER BY seq") == live
    [visit, _] = planned.findings().visits
    assert visit.arrived_at == live[0][0]
    assert visit.left_at == live[0][1]
    assert visit.left_at - visit.arrived_at > timedelta(seconds=90)


def test_the_correction_of_an_arrival_that_was_only_a_wait_is_marked(planned: Round) -> None:
    planned.write(TWICE, most=30)
    planned.connection.execute("UPDATE waybill.drop_visit SET arrived_at = arrived_at - INTERVAL '100 seconds'")
    [(told_at,)] = planned.rows(ARRIVED)

    planned.work()

    rows = planned.rows(
        "SELECT c.at, c.withdrawn, c.note FROM waybill.milestone_correction c JOIN waybill.milestone m"
        " ON m.id = c.milestone_id JOIN waybill.orders o ON o.id = m.order_id"
        " WHERE o.source_ref = 'a-1' AND m.milestone = 'arrived'"
    )
    [(at, withdrawn, note)] = rows
    assert not withdrawn
    assert at > BACK_AT > told_at  # type: ignore[operator]
    assert "corrected to" in str(note)


def derived_again(planned: Round, policy: Policy) -> Any:
    with planned.connection.transaction():
        return derive_and_keep(
            planned.connection, planned.trip_id, DerivationCause.ASKED, Grounds(policy), WORKER, EVENING
        )


@pytest.mark.parametrize(
    ("goes", "said"),
    [
        ("true", "no fixes of its time are kept"),
        ("fixed_at < '2026-11-23T09:03Z'", "are not kept"),
        ("fixed_at > '2026-11-23T09:07Z'", "are not kept"),
    ],
)
def test_a_record_whose_fixes_are_gone_is_not_replaced(
    planned: Round, owner: psycopg.Connection, goes: str, said: str
) -> None:
    planned.write(ROUND)
    planned.work()
    before, version = planned.findings(), planned.version()
    trip = planned.rows("SELECT departed_at, ended_at FROM waybill.trip")
    owner.execute(f"DELETE FROM waybill.fix WHERE {goes}".encode())

    outcome = derived_again(planned, STRICTER)

    assert outcome.refused is not None
    assert said in outcome.refused
    assert not outcome.changed
    assert (planned.findings(), planned.version()) == (before, version)
    assert planned.rows("SELECT departed_at, ended_at FROM waybill.trip") == trip
    with planned.connection.transaction(), pytest.raises(FixesGoneError, match="kept"):
        derive_once(planned.connection, planned.trip_id, Policy(), EVENING, {"stop_min_s": 60})


def test_what_lies_off_the_trip_may_go_and_it_is_derived_all_the_same(
    planned: Round, owner: psycopg.Connection
) -> None:
    planned.write(ROUND)
    planned.work()
    owner.execute("DELETE FROM waybill.fix WHERE fixed_at < '2026-11-23T09:00:30Z'")

    outcome = derived_again(planned, STRICTER)

    assert outcome.refused is None
    assert outcome.changed


def test_a_gap_of_a_wrong_clock_says_so(planned: Round) -> None:
    def wrong(at: datetime) -> bool:
        return 135 <= (at - NINE).total_seconds() < 300

    fixes = [
        msgspec.structs.replace(one, boot_id=1, fixed_at=one.fixed_at + timedelta(hours=wrong(one.fixed_at)))
        for one in ROUND
    ]
    planned.write(fixes)
    planned.work()

    [gap] = [one for one in planned.findings().gaps if one.began_at < NINE + timedelta(minutes=5)]
    assert gap.cause == "wrong_clock"
    assert "165 fixes that the unit numbered in between came with times that lie elsewhere" in gap.why
    assert not gap.provisional


def test_silence_before_a_declared_end_is_a_gap_and_lowers_coverage(planned: Round) -> None:
    planned.write(ROUND[:200])  # to the first door; then nothing comes any more
    last, ended_at = ROUND[199].fixed_at, NINE + timedelta(hours=2)
    with planned.connection.transaction():
        trip = find_trip(planned.connection, str(planned.trip_id))
        declare_times(planned.connection, trip, None, ended_at, actor=WORKER, at=EVENING)

    planned.work()

    [gap] = planned.findings().gaps
    assert (gap.began_at, gap.ended_at, gap.provisional) == (last, ended_at, False)
    facts = planned.findings().facts
    assert facts is not None
    assert facts.unseen_s == (ended_at - last).total_seconds()
    assert (facts.began_at, facts.ended_at) == (planned.rows("SELECT departed_at FROM waybill.trip")[0][0], ended_at)
    assert facts.moving_s + facts.stopped_s + facts.unseen_s == (ended_at - facts.began_at).total_seconds()
