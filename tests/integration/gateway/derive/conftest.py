"""A gateway's connection with a van and a planned trip, and the worker's hand on the queue. Asserts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg
import pytest

from contract.clock import Clock, true_now
from contract.codec import Claim
from contract.fix import Fix
from contract.milestones import Milestone
from gateway.derive.ground import Grounds
from gateway.ingest.batch import Batch
from gateway.ingest.inbox import Message
from gateway.ingest.tracker import Tracker
from gateway.ingest.writer import Writer
from gateway.orders.service import declare, place_order, plan_trip
from gateway.tracking.policy import Policy
from gateway.worker.derive import work_off
from storage.audit import Actor
from storage.derived import counting_version, read_findings
from storage.derived_rows import Findings
from storage.orders import NewDrop, NewOrder, NewTrip
from tests.fixtures.database import Database
from tests.fixtures.gateway import PREMISES, VAN, register
from tests.unit.gateway.tracking.worlds import NINE, ROUND, north

DISPATCHER = Actor("account", "aino")
SPOOL = ROUND[0].spool_id
EVENING = NINE + timedelta(hours=10)


class Round:
    """One van's trip: what comes of its fixes, and what the worker makes of it."""

    def __init__(self, connection: psycopg.Connection, trip_id: UUID) -> None:
        self.connection, self.trip_id = connection, trip_id
        self.tracker = Tracker(Policy())

    def write(self, fixes: list[Fix], *, most: int = 10_000) -> None:
        """Stores the fixes as the gateway does, in the order given, `most` in one transaction."""
        writer = Writer(self.connection, self.tracker)
        for start in range(0, len(fixes), most):
            writer.write(_batch(fixes[start : start + most]), EVENING)

    def work(self, now: datetime = EVENING) -> int:
        """Lets the worker do what is queued, without the waiting; how many trips and hours."""
        self.connection.execute("UPDATE waybill.derivation_queue SET due_at = '2000-01-01'")
        self.connection.execute("UPDATE waybill.hour_queue SET due_at = '2000-01-01'")
        clock = Clock(origin=now, wall=true_now())
        return work_off(self.connection, Grounds(Policy()), clock)

    def version(self, trip_id: UUID | None = None) -> tuple[int, str, bool]:
        """Number, cause and finality of the version that counts."""
        with self.connection.transaction():
            counts = counting_version(self.connection, trip_id or self.trip_id)
        assert counts is not None
        return counts.version, counts.cause, counts.final

    def findings(self) -> Findings:
        """What the version that counts holds."""
        with self.connection.transaction():
            counts = counting_version(self.connection, self.trip_id)
        assert counts is not None
        return read_findings(self.connection, counts.id)

    def departed_h(self) -> list[int | None]:
        """So many hours after nine each trip departed; in the order in which they were planned."""
        rows = self.connection.execute("SELECT departed_at FROM waybill.trip ORDER BY planned_departure_at").fetchall()
        return [None if at is None else round((at - NINE) / timedelta(hours=1)) for (at,) in rows]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.connection.execute(query.encode()).fetchall()


@pytest.fixture
def gateway(database: Database, owner: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection with the gateway's rights; gps-01 is fitted in a van."""
    register(owner, "gps-01")
    with psycopg.connect(database.gateway_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def planned(gateway: psycopg.Connection) -> Round:
    """A trip to the doors of ROUND, at 700 and 1,200 m north."""
    return Round(gateway, plan_round(gateway))


@pytest.fixture
def undisturbed(database: Database, owner: psycopg.Connection) -> Callable[[list[Fix]], Findings]:
    """What the very same fixes show when they come in order and at once, on a trip of their own, rolled back."""

    def derive(fixes: list[Fix]) -> Findings:
        with psycopg.connect(database.gateway_url) as connection, connection.transaction(force_rollback=True):
            trip_id = connection.execute("SELECT id FROM waybill.trip").fetchone()
            assert trip_id is not None
            other = Round(connection, trip_id[0])
            other.write(fixes)
            other.work()
            return other.findings()

    return derive


def plan_round(
    connection: psycopg.Connection, refs: tuple[str, str] = ("a-1", "a-2"), later: timedelta = timedelta()
) -> UUID:
    drops = []
    for ref, metres in zip(refs, (700, 1200), strict=True):
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
        planned_departure_at=NINE + timedelta(minutes=2) + later,
    )  # fmt: skip
    return plan_trip(connection, trip, DISPATCHER, NINE - timedelta(minutes=30)).id


def _batch(fixes: list[Fix]) -> Batch:
    """One message a run of numbers, as the bridge claims them."""
    batch = Batch([], [], [], [])
    runs: list[list[Fix]] = []
    for fix in fixes:
        if runs and fix.seq == runs[-1][-1].seq + 1:
            runs[-1].append(fix)
        else:
            runs.append([fix])
    for run in runs:
        claim = Claim(SPOOL, run[0].seq, run[-1].seq)
        message = Message("waybill/v1/gps-01/fixes", b"{}", claim, EVENING, 1, 1)
        batch.fixes.extend((fix, message) for fix in run)
        batch.claims.append(("gps-01", claim))
    return batch


def numbered(fixes: list[Fix]) -> list[Fix]:
    """The same with numbers 1, 2, 3 …, as a spool gives them after a gap too."""
    return [msgspec.structs.replace(fix, seq=number) for number, fix in enumerate(fixes, 1)]
