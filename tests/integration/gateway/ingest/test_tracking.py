"""What the gateway writes of a trip: links, milestones and audit events in the transaction of the fixes. No broker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from contract.codec import Claim
from contract.fix import Fix
from contract.milestones import Milestone
from gateway.ingest import tracker as tracker_module
from gateway.ingest.batch import Batch
from gateway.ingest.inbox import Message
from gateway.ingest.tracker import Tracker
from gateway.ingest.writer import Writer
from gateway.orders.service import declare, place_order, plan_trip
from gateway.tracking.engine import Step, step
from gateway.tracking.policy import Policy
from storage.audit import Actor
from storage.ids import new_id
from storage.orders import NewDrop, NewOrder, NewTrip
from storage.zones import Zone, put_zone
from tests.fixtures.database import Database
from tests.fixtures.gateway import PREMISES, VAN, register
from tests.unit.gateway.tracking.worlds import NINE, ROUND, north

DISPATCHER = Actor("account", "aino")
SPOOL = ROUND[0].spool_id


@pytest.fixture
def gateway(database: Database, owner: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection with the gateway's rights; gps-01 is fitted in a van with a trip to the doors of ROUND."""
    register(owner, "gps-01")
    with psycopg.connect(database.gateway_url, autocommit=True) as connection:
        plan_round(connection)
        yield connection


def plan_round(connection: psycopg.Connection) -> None:
    """A trip to the doors of ROUND, with an order for each."""
    drops = []
    for ref, metres in (("a-1", 700), ("a-2", 1200)):
        lat_e7, lon_e7 = north(metres)
        order = NewOrder(
            source="shop", source_ref=ref, customer_name="Liisa", address="Kaisaniementie 5", lat_e7=lat_e7,
            lon_e7=lon_e7, window_from=NINE, window_to=NINE + timedelta(hours=1), placed_at=NINE - timedelta(hours=1),
        )  # fmt: skip
        placed = place_order(connection, UUID(PREMISES), order, DISPATCHER)
        for milestone in (Milestone.ACCEPTED, Milestone.READY):
            declare(connection, placed.id, milestone, NINE, DISPATCHER)
        drops.append(NewDrop(placed.id))
    trip = NewTrip(
        premises_id=UUID(PREMISES), vehicle_id=UUID(VAN), crew=(), drops=tuple(drops),
        planned_departure_at=NINE + timedelta(minutes=2),
    )  # fmt: skip
    plan_trip(connection, trip, DISPATCHER, NINE)


def batch(fixes: list[Fix]) -> Batch:
    claim = Claim(SPOOL, fixes[0].seq, fixes[-1].seq)
    message = Message("waybill/v1/gps-01/fixes", b"{}", claim, NINE + timedelta(hours=1), 1, 1)
    return Batch([(fix, message) for fix in fixes], [], [("gps-01", claim)], [])


def write(connection: psycopg.Connection, fixes: list[Fix], *, most: int = 10_000) -> None:
    """Stores the fixes as the gateway does, `most` in one transaction."""
    writer = Writer(connection, Tracker(Policy()))
    for start in range(0, len(fixes), most):
        writer.write(batch(fixes[start : start + most]), NINE)


def found(connection: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that tracking writes, without ids and true times."""
    queries = {
        "trip": "SELECT departed_at, ended_at FROM waybill.trip",
        "drop": "SELECT seq, arrived_at, left_at FROM waybill.trip_drop ORDER BY seq",
        "leg": "SELECT o.source_ref, l.during FROM waybill.leg l JOIN waybill.orders o ON o.id = l.order_id ORDER BY 1",
        "milestone": "SELECT o.source_ref, m.milestone, m.at, m.evidence FROM waybill.milestone m"
        " JOIN waybill.orders o ON o.id = m.order_id WHERE m.known = 'detected' ORDER BY 1, m.at, m.milestone",
        "order": "SELECT source_ref, milestone FROM waybill.orders ORDER BY 1",
        "audit": "SELECT action, actor, at FROM waybill.audit_event WHERE actor_kind = 'device' ORDER BY at",
    }
    return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def test_a_round_leaves_trip_doors_legs_milestones_and_audit_events(gateway: psycopg.Connection) -> None:
    write(gateway, ROUND)

    record = found(gateway)
    [(departed_at, ended_at)] = record["trip"]
    assert departed_at < ended_at
    assert all(departed_at < arrived_at < left_at < ended_at for _, arrived_at, left_at in record["drop"])
    assert [(leg.lower, leg.upper) for _, leg in record["leg"]] == [(departed_at, ended_at)] * 2
    assert [(ref, milestone) for ref, milestone, _, _ in record["milestone"]] == [
        (ref, milestone) for ref in ("a-1", "a-2") for milestone in ("out_for_delivery", "arriving_soon", "arrived")
    ]
    assert all(evidence for _, _, _, evidence in record["milestone"])
    assert record["order"] == [("a-1", "arrived"), ("a-2", "arrived")]
    assert record["audit"] == [("trip.departed", "gps-01", departed_at), ("trip.ended", "gps-01", ended_at)]


def test_a_trip_departs_from_a_yard_that_was_entered_before_any_trip(
    gateway: psycopg.Connection, owner: psycopg.Connection
) -> None:
    at_home = {"type": "Point", "coordinates": [24.94, 60.17]}
    yard = Zone(
        id=new_id(NINE), premises_id=UUID(PREMISES), premises_code="shop", name="yard", kind="premises",
        geometry=at_home, radius_m=100.0, from_at=None, to_at=None, source="drawn", created_at=NINE,
    )  # fmt: skip
    put_zone(owner, yard)
    writer = Writer(gateway, Tracker(Policy()))

    for one in ROUND:
        writer.write(batch([one]), NINE)

    [(departed_at, ended_at)] = found(gateway)["trip"]
    assert departed_at < ended_at
    assert gateway.execute("SELECT count(*) FROM waybill.reject").fetchone() == (0,)


def test_a_late_fix_that_comes_again_is_counted_late_once(gateway: psycopg.Connection) -> None:
    writer = Writer(gateway, Tracker(Policy()))
    writer.write(batch([*ROUND[:3], *ROUND[4:6]]), NINE)

    written = [writer.write(batch(ROUND[3:4]), NINE) for _ in range(2)]

    assert [(one.late, one.duplicates) for one in written] == [(1, 0), (0, 1)]


def test_a_batch_in_which_something_was_found_confirms_its_numbers(gateway: psycopg.Connection) -> None:
    writer = Writer(gateway, Tracker(Policy()))
    writer.write(batch(ROUND[:50]), NINE)

    written = writer.write(batch(ROUND[50:]), NINE)

    assert found(gateway)["trip"] != [(None, None)]
    assert [receipt.through for receipt in written.receipts["gps-01"]] == [len(ROUND)]


@pytest.mark.parametrize("most", [3, 100])
def test_any_batching_writes_the_same_record(gateway: psycopg.Connection, database: Database, most: int) -> None:
    with psycopg.connect(database.gateway_url) as undone:
        write(undone, ROUND)
        at_once = found(undone)
        undone.rollback()

    write(gateway, ROUND, most=most)

    assert found(gateway) == at_once


def test_ids_of_what_was_found_carry_its_time(gateway: psycopg.Connection) -> None:
    write(gateway, ROUND)

    tables = ("leg", "milestone", "audit_event")
    ids = [found_id for table in tables for (found_id,) in gateway.execute(f"SELECT id FROM waybill.{table}")]
    assert len(ids) > 10
    assert {found_id.version for found_id in ids} == {7}


def test_a_step_that_raises_costs_tracking_of_its_device_only_and_leaves_a_mark(
    gateway: psycopg.Connection, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(owner, "gps-02", vehicle="01900000-0000-7000-8000-000000000009", name="van-2")
    broken = ROUND[100]

    def raising(state: Any, fix: Fix, *rest: Any) -> Step:
        if fix == broken:
            raise ArithmeticError("a surprise")
        return step(state, fix, *rest)

    monkeypatch.setattr(tracker_module, "step", raising)
    both = batch(ROUND[:200])
    other = {"device": "gps-02", "spool_id": "other-spool"}
    both.fixes += [(msgspec.structs.replace(fix, **other), message) for fix, message in both.fixes[:50]]
    writer = Writer(gateway, Tracker(Policy()))
    writer.write(both, NINE)

    marks = dict(
        gateway.execute(
            "SELECT d.name, t.failed FROM waybill.tracking_state t JOIN waybill.device d ON d.id = t.device_id"
        ).fetchall()
    )
    assert marks == {"gps-01": "ArithmeticError: a surprise", "gps-02": None}
    assert gateway.execute("SELECT count(*) FROM waybill.fix").fetchone() == (250,)
    assert found(gateway)["trip"] == [(None, None)]

    writer.write(batch(ROUND[200:]), NINE)
    marked = gateway.execute("SELECT count(*) FROM waybill.tracking_state WHERE failed IS NOT NULL").fetchone()
    assert marked == (1,), "what the raising step missed is still to be derived"
