"""Late data: trips are derived again by the time of the fix, and end the same whatever the order of arrival."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from contract.fix import Fix
from contract.messages import Status
from gateway.ingest import tracker as tracker_module
from gateway.ingest.batch import Batch
from gateway.ingest.inbox import Message
from gateway.ingest.writer import Writer
from gateway.tracking.engine import Step, step
from storage.derived_rows import Findings
from tests.integration.gateway.derive.conftest import EVENING, Round, numbered, plan_round
from tests.unit.gateway.tracking.worlds import NINE, ROUND, fix, north

Undisturbed = Callable[[list[Fix]], Findings]


HOME_AGAIN = [fix(570 + second, north(0), speed_mps=0.0) for second in range(150)]


def in_packs(fixes: list[Fix], size: int = 40) -> list[list[Fix]]:
    return [fixes[start : start + size] for start in range(0, len(fixes), size)]


def test_a_trip_in_order_is_confirmed_and_not_told_anew(planned: Round) -> None:
    planned.write(ROUND, most=60)
    live = planned.findings()
    told = planned.rows("SELECT milestone, at, recorded_at FROM waybill.milestone ORDER BY id")

    assert planned.version() == (1, "live", False)
    assert planned.work() > 0
    assert planned.version() == (1, "live", True), "deriving again shows the same, and nothing is missing"
    assert planned.findings() == live
    assert planned.rows("SELECT milestone, at, recorded_at FROM waybill.milestone ORDER BY id") == told
    assert planned.rows("SELECT count(*) FROM waybill.derivation_queue") == [(0,)]
    assert planned.work() == 0


def test_a_version_holds_stops_visits_facts_and_the_fixes_that_decided(planned: Round) -> None:
    planned.write(ROUND)
    planned.work()

    found = planned.findings()
    assert [visit.drop_id is not None for visit in found.visits] == [True, True]
    assert [stop.reason for stop in found.stops if stop.drop_id] == ["DELIVERY", "DELIVERY"]
    assert all(stop.evidence and stop.policy_version for stop in found.stops)
    assert found.departed is not None
    assert found.returned is not None
    assert found.facts is not None
    assert 2100 < found.facts.distance_m < 2600
    hours = planned.rows("SELECT hour_at, distance_m FROM waybill.vehicle_hour")
    assert all(distance_m > 0 for _, distance_m in hours)  # type: ignore[operator]


@pytest.mark.parametrize("seed", range(3))
def test_packs_in_any_order_end_in_the_version_of_the_undisturbed_run(
    planned: Round, undisturbed: Undisturbed, seed: int
) -> None:
    expected = undisturbed(ROUND)
    packs = in_packs(ROUND)
    chance = random.Random(seed)
    chance.shuffle(packs)

    for pack in packs:
        planned.write(pack)
        if chance.random() < 0.4:
            planned.work()
    planned.work()

    assert planned.findings() == expected
    assert planned.version()[2], "every number is here: the version is final"


def test_duplicates_and_what_was_sent_again_queue_nothing(planned: Round) -> None:
    planned.write(ROUND)
    planned.work()

    planned.write(ROUND[100:200])

    assert planned.rows("SELECT count(*) FROM waybill.derivation_queue") == [(0,)]


def test_a_day_offline_comes_in_after_the_newest_fixes(planned: Round, undisturbed: Undisturbed) -> None:
    expected = undisturbed(ROUND)

    planned.write(ROUND[-20:])
    planned.work()
    assert planned.rows("SELECT departed_at FROM waybill.trip") == [(None,)]
    planned.write(ROUND[:-20], most=50)
    planned.work()

    assert planned.findings() == expected
    [(departed_at, ended_at)] = planned.rows("SELECT departed_at, ended_at FROM waybill.trip")
    assert expected.departed is not None
    assert expected.returned is not None
    assert (departed_at, ended_at) == (expected.departed.at, expected.returned.at)
    told = planned.rows("SELECT DISTINCT milestone FROM waybill.milestone WHERE known = 'detected' ORDER BY 1")
    assert told == [("arrived",), ("arriving_soon",), ("out_for_delivery",)]
    legs = planned.rows("SELECT lower(during), upper(during) FROM waybill.leg")
    assert legs == [(departed_at, ended_at)] * 2


def test_a_first_trip_that_comes_in_last_gives_every_later_trip_its_own_departure(planned: Round) -> None:
    later = [timedelta(hours=hours) for hours in (0, 4, 8)]
    trips = [planned.trip_id, *(plan_round(planned.connection, (f"b-{n}", f"c-{n}"), later[n]) for n in (1, 2))]
    driven = numbered([msgspec.structs.replace(one, fixed_at=one.fixed_at + after) for after in later for one in ROUND])
    first = len(ROUND)

    planned.write(driven[first:], most=60)
    planned.work()
    assert planned.departed_h() == [4, None, 8], (
        "the second may have left in the hours without fixes, the third did not"
    )
    planned.write(driven[:first], most=60)
    while planned.work():
        pass

    assert planned.departed_h() == [0, 4, 8]
    assert [planned.version(trip)[2] for trip in trips] == [True] * 3


def test_late_fixes_move_an_arrival_that_was_told_and_the_telling_stays(planned: Round) -> None:
    # Between 126 s and 150 s the van comes to the first door; live tracking sees it only from 150 s on.
    hole = [one for one in ROUND if 100 <= (one.fixed_at - NINE).total_seconds() < 150]
    planned.write([one for one in ROUND if one not in hole])
    [(told_id, told_at)] = planned.rows(
        "SELECT m.id, m.at FROM waybill.milestone m JOIN waybill.orders o ON o.id = m.order_id"
        " WHERE o.source_ref = 'a-1' AND m.milestone = 'arrived'"
    )
    planned.write(hole)
    planned.work()

    version, cause, final = planned.version()
    assert (version, cause, final) == (2, "late_data", True)
    rows = planned.rows(
        "SELECT m.id, m.at FROM waybill.milestone m JOIN waybill.orders o"
        " ON o.id = m.order_id WHERE o.source_ref = 'a-1' AND m.milestone = 'arrived'"
    )
    assert rows == [(told_id, told_at)], "what was told stays, and is not told twice"
    [(at, withdrawn, note)] = planned.rows(
        "SELECT c.at, c.withdrawn, c.note FROM waybill.milestone_correction c JOIN waybill.milestone m"
        " ON m.id = c.milestone_id JOIN waybill.orders o ON o.id = m.order_id WHERE o.source_ref = 'a-1'"
        " AND m.milestone = 'arrived'"
    )
    assert not withdrawn
    assert at < told_at  # type: ignore[operator]
    assert "corrected to" in str(note)
    drops = planned.rows("SELECT arrived_at FROM waybill.trip_drop ORDER BY seq")
    assert drops[0] == (at,)
    superseded = planned.rows("SELECT version, superseded_at IS NULL FROM waybill.derivation ORDER BY version")
    assert superseded == [(1, False), (2, True)]
    audit = planned.rows("SELECT reason, after ->> 'version' FROM waybill.audit_event WHERE action = 'trip.derived'")
    assert audit == [("late_data", "2")]
    planned.write(hole)
    assert planned.work() == 0


def test_a_gap_is_provisional_while_numbers_are_missing_and_goes_when_they_come(planned: Round) -> None:
    hole = [one for one in ROUND if 200 <= (one.fixed_at - NINE).total_seconds() < 330]
    planned.connection.execute(
        "INSERT INTO waybill.device_status (device_id, received_at, state, body)"
        " SELECT id, %s, 'online', %s FROM waybill.device",
        [NINE, f'{{"state": "online", "spool": "{ROUND[0].spool_id}", "backlog": {len(hole)}}}'],
    )
    # With a drop open it is only home when it stands there for a while.
    planned.write([*(one for one in ROUND if one not in hole), *HOME_AGAIN])
    planned.work()

    [gap] = planned.findings().gaps
    assert (gap.cause, gap.provisional) == ("not_delivered", True)
    assert str(len(hole)) in gap.why
    assert not planned.version()[2]

    planned.write(hole)
    planned.work()

    assert planned.findings().gaps == ()
    assert planned.version()[2]


def test_a_step_that_raised_is_made_up_for_and_its_mark_goes(
    planned: Round, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = undisturbed(ROUND)
    broken = ROUND[150]

    def raising(state: Any, fix: Any, *rest: Any) -> Step:
        if fix == broken:
            raise ArithmeticError("a surprise")
        return step(state, fix, *rest)

    monkeypatch.setattr(tracker_module, "step", raising)
    planned.write(ROUND, most=60)
    assert planned.rows("SELECT failed FROM waybill.tracking_state") == [("ArithmeticError: a surprise",)]
    planned.work()

    assert planned.rows("SELECT failed FROM waybill.tracking_state") == [(None,)]
    assert planned.findings() == expected
    assert planned.version()[2]


def test_a_trip_that_cannot_be_derived_waits_and_does_not_stop_the_others(
    planned: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway.derive import replay

    def raising(*_: Any) -> Step:
        raise ArithmeticError("a surprise")

    planned.write(ROUND)
    with monkeypatch.context() as patched:
        patched.setattr(replay, "step", raising)
        planned.work()
    [(failures, error)] = planned.rows("SELECT failures, error FROM waybill.derivation_queue")
    assert (failures, error) == (1, "ArithmeticError: a surprise")

    planned.work()
    assert planned.rows("SELECT count(*) FROM waybill.derivation_queue") == [(0,)]


def test_late_fixes_of_an_hour_replace_the_hour(planned: Round) -> None:
    early = ROUND[:300]
    after = [one for one in ROUND if one not in early]
    planned.write(after)
    planned.work()
    planned.write(early)
    planned.work()

    [(hour_at, distance_m, fixes)] = planned.rows("SELECT hour_at, distance_m, fixes FROM waybill.vehicle_hour")
    assert hour_at == NINE
    assert fixes == len(ROUND)
    assert 2100 < distance_m < 2600  # type: ignore[operator]
    assert timedelta(hours=1) > ROUND[-1].fixed_at - NINE


NEXT_HOUR = [fix(3600 + second, north(0), speed_mps=0.0) for second in range(5)]
SILENT_FIFTY_MINUTES = [
    *(fix(at, north(0), speed_mps=0.0) for at in range(0, 1500, 30)),
    *(fix(4500 + at, north(0), speed_mps=0.0) for at in range(0, 300, 30)),
    fix(7200, north(0), speed_mps=0.0),
]
SECOND_HOUR = "SELECT fixes, unseen_s, stopped_s FROM waybill.vehicle_hour ORDER BY hour_at OFFSET 1 LIMIT 1"


def test_an_hour_after_a_long_silence_is_derived_as_it_was_seen_live(planned: Round) -> None:
    late = SILENT_FIFTY_MINUTES[-5]
    on_time = [one for one in SILENT_FIFTY_MINUTES if one is not late]
    planned.write(on_time)
    [(fixes, unseen_s, stopped_s)] = planned.rows(SECOND_HOUR)
    assert unseen_s == 4500 - 1470

    planned.write([late])
    planned.work()

    assert planned.rows(SECOND_HOUR) == [(fixes + 1, unseen_s, stopped_s)]  # type: ignore[operator]


FIXES_AND_UNSEEN = "SELECT fixes, unseen_s FROM waybill.vehicle_hour ORDER BY hour_at LIMIT 1"


def test_what_is_driven_after_late_fixes_of_the_same_hour_belongs_to_it_too(planned: Round) -> None:
    late, after = ROUND[100:200], ROUND[400:]
    planned.write([one for one in ROUND if one not in late + after])
    planned.write(late)
    planned.work()
    planned.write(after + NEXT_HOUR)
    planned.work()

    assert planned.rows(FIXES_AND_UNSEEN) == [(len(ROUND), 0.0)]


@pytest.mark.parametrize("intervals_s", [(1.0,), (5.0, 1.0)], ids=["once", "and others in the same batch"])
def test_a_unit_that_announces_its_intervals_after_its_first_hour_has_the_gaps_of_those_intervals(
    planned: Round, intervals_s: tuple[float, ...]
) -> None:
    # 80 s on the way home: no gap for a unit that announces nothing, and one for a unit that sends every second.
    planned.write([one for one in ROUND if not 400 <= (one.fixed_at - NINE).total_seconds() < 480] + NEXT_HOUR)
    planned.work()
    assert planned.rows(FIXES_AND_UNSEEN) == [(len(ROUND) - 80, 0.0)]
    says = [
        Status(state="online", spool=ROUND[0].spool_id, boot=1, report_interval_s=interval_s, heartbeat_s=30.0)
        for interval_s in intervals_s
    ]
    word = Message("waybill/v1/gps-01/status", b"{}", None, EVENING, 1, 1)
    batch = Batch([], [], [], [("gps-01", one, word) for one in says])
    Writer(planned.connection, planned.tracker).write(batch, EVENING)
    planned.work()

    assert planned.rows(FIXES_AND_UNSEEN) == [(len(ROUND) - 80, 81.0)]
