"""Milestones under any calls: only steps of the table, delivered stays delivered, one audit event for each step."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from contract.milestones import FOLLOWERS, Milestone, may_follow
from contract.reasons import FailureReason
from gateway.custody.handoffs import Handoff
from gateway.orders.changes import cancel
from gateway.orders.service import declare, place_order, plan_trip
from gateway.refusals import RefusedError
from storage.audit import Actor
from storage.handoffs import handoffs_of_order
from storage.ids import new_id
from storage.order_reads import Reader, order_document
from storage.orders import CrewMember, NewDrop, NewLine, NewOrder, NewTrip
from storage.tracking import DetectedMilestone, put_detected
from tests.fixtures.database import Database
from tests.fixtures.seed import seed_premises

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DRIVER = Actor("driver", "E-17")
AT_THE_DOOR = (Milestone.DELIVERED, Milestone.FAILED)
BY_FIXES = (Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVING_SOON, Milestone.ARRIVED)
MILESTONES = st.sampled_from(list(Milestone))
# Half of the calls are such that may be taken: pure chance hardly ever comes to a door.
CHOICE = st.one_of(st.none(), MILESTONES)


class MilestoneMachine(RuleBasedStateMachine):
    """`told` is what must be on record of one order: (milestone, known, trip)."""

    def __init__(self, connection: psycopg.Connection, premises_id: UUID, van: UUID, driver: UUID) -> None:
        super().__init__()
        self.connection, self.premises_id, self.van, self.driver = connection, premises_id, van, driver
        self.undo = connection.transaction(force_rollback=True)
        self.undo.__enter__()
        self.at = NOON
        self.milestone = Milestone.RECEIVED
        self.trip: UUID | None = None
        self.told: list[tuple[Milestone, str, UUID | None]] = [(Milestone.RECEIVED, "declared", None)]
        self.partial = False
        self.contradicted = 0
        self.audited = Counter({"order.placed": 1})

    def teardown(self) -> None:
        self.undo.__exit__(None, None, None)

    @initialize()
    def place(self) -> None:
        order = NewOrder(
            source="shop", source_ref="a-1", customer_name="Liisa", address="Kaisaniementie 5", lat_e7=601_700_000,
            lon_e7=249_400_000, window_from=NOON, window_to=NOON + timedelta(hours=3), placed_at=NOON,
            lines=(NewLine(item="Ice", quantity=Decimal(1), unit="kg"),),
        )  # fmt: skip
        self.order_id = place_order(self.connection, self.premises_id, order, DRIVER).id

    @rule(
        wanted=CHOICE, pick=st.integers(0, 9), code=st.sampled_from([None, *FailureReason]),
        note=st.sampled_from([None, "", "why"]), partial=st.booleans(),
    )  # fmt: skip
    def say(
        self, wanted: Milestone | None, pick: int, code: FailureReason | None, note: str | None, *, partial: bool
    ) -> None:
        following = sorted(FOLLOWERS[self.milestone])
        if wanted is None:
            wanted = following[pick % len(following)] if following else Milestone.DELIVERED
            code = code or FailureReason.RECIPIENT_ABSENT
        confirms = (
            wanted is self.milestone and wanted not in AT_THE_DOOR and (wanted, "declared", self.trip) not in self.told
        )
        allowed = (
            (confirms or may_follow(self.milestone, wanted))
            and (wanted is not Milestone.FAILED or code is not None)
            and (code is not FailureReason.OTHER or bool(note))
            and (not partial or wanted is Milestone.DELIVERED)
        )
        taken = self._try(lambda: declare(self.connection, self.order_id, wanted, self._later(), DRIVER,
                                          reason_code=code, note=note, partial=partial))  # fmt: skip
        assert taken == allowed
        if taken:
            self._keep(wanted, "declared", "order.confirmed" if confirms else "order.declared")
            self.partial = self.partial or partial

    @rule(wanted=MILESTONES)
    def tell_later(self, wanted: Milestone) -> None:
        """A phone that was out of reach: what happened at the door is never refused, and moves nothing that is over."""
        allowed = wanted in AT_THE_DOOR and self.trip is not None
        handoff = Handoff(offline=True, trip_id=self.trip)
        taken = self._try(lambda: declare(self.connection, self.order_id, wanted, self._later(), DRIVER,
                                          reason_code=FailureReason.BAD_ADDRESS, handoff=handoff))  # fmt: skip
        assert taken == allowed
        if taken:
            follows, before = may_follow(self.milestone, wanted), self.milestone
            self.contradicted += not follows
            self._keep(wanted, "declared", "order.declared")
            self.milestone = wanted if follows else before

    @rule(wanted=st.sampled_from(BY_FIXES))
    def detect(self, wanted: Milestone) -> None:
        if self.trip is None:
            return
        seen = DetectedMilestone(str(self.order_id), str(self.trip), wanted, self._later(), "[]")
        put_detected(self.connection, [seen], self.at)
        if (wanted, "detected", self.trip) not in self.told:
            self.told.append((wanted, "detected", self.trip))
        if may_follow(self.milestone, wanted):
            self.milestone = wanted

    @rule(hours=st.integers(0, 3))
    def plan(self, hours: int) -> None:
        """A later trip may be planned to leave before the one on which it failed was to."""
        trip = NewTrip(
            premises_id=self.premises_id, vehicle_id=self.van, crew=(CrewMember(self.driver),),
            drops=(NewDrop(self.order_id),), planned_departure_at=NOON + timedelta(hours=hours),
        )  # fmt: skip
        allowed = may_follow(self.milestone, Milestone.QUEUED)
        made: list[UUID] = []
        taken = self._try(lambda: made.append(plan_trip(self.connection, trip, DRIVER, self._later()).id))
        assert taken == allowed
        if taken:
            self.trip = made[0]
            self._keep(Milestone.QUEUED, "declared", None)
            events = self.connection.execute(
                "SELECT action FROM waybill.audit_event WHERE object_id = %s", [str(self.trip)]
            )
            assert events.fetchall() == [("trip.planned",)]

    @rule()
    def call_off(self) -> None:
        allowed = may_follow(self.milestone, Milestone.CANCELLED)
        taken = self._try(lambda: cancel(self.connection, self.order_id, DRIVER, self._later(), "changed their mind"))
        assert taken == allowed
        if taken:
            self._keep(Milestone.CANCELLED, "declared", "order.declared")

    @invariant()
    def the_order_stands_where_the_table_lets_it_stand(self) -> None:
        row = self.connection.execute("SELECT milestone FROM waybill.orders WHERE id = %s", [self.order_id]).fetchone()
        assert row == (self.milestone,)

    @invariant()
    def everything_that_was_taken_is_on_record_once_with_one_audit_event(self) -> None:
        (shown,) = order_document(self.connection, Reader([self.premises_id], test=False), key=str(self.order_id))
        rows = self.connection.execute(
            "SELECT milestone, known, trip_id FROM waybill.milestone WHERE order_id = %s", [self.order_id]
        ).fetchall()
        assert Counter(rows) == Counter(self.told)
        assert any(one["partial"] for one in shown["milestones"]) == self.partial
        events = self.connection.execute(
            "SELECT action FROM waybill.audit_event WHERE object_id = %s", [str(self.order_id)]
        )
        assert Counter(action for (action,) in events) == self.audited

    @invariant()
    def every_time_at_the_door_is_counted_whichever_trip_it_was_on(self) -> None:
        tries = [trip for milestone, known, trip in self.told if milestone in AT_THE_DOOR and known == "declared"]
        kept = handoffs_of_order(self.connection, self.order_id)
        assert [one.attempt_no for one in kept] == list(range(1, len(tries) + 1))
        trips = self.connection.execute(
            "SELECT trip_id FROM waybill.handoff WHERE order_id = %s ORDER BY attempt_no", [self.order_id]
        )
        assert [trip for (trip,) in trips] == tries
        assert sum(one.conflict is not None for one in kept) == self.contradicted
        found = self.connection.execute("SELECT count(*) FROM waybill.exception").fetchone()
        assert found == (self.contradicted,)

    def _try(self, deed: object) -> bool:
        assert callable(deed)
        try:
            with self.connection.transaction():
                deed()
        except RefusedError:
            return False
        return True

    def _keep(self, milestone: Milestone, known: str, action: str | None) -> None:
        self.told.append((milestone, known, self.trip))
        self.milestone = milestone
        if action is not None:
            self.audited[action] += 1

    def _later(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at


@pytest.mark.parametrize("days", [12, pytest.param(1000, marks=pytest.mark.long)])
def test_no_calls_bring_an_order_where_the_table_does_not(database: Database, days: int) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        premises_id, van, driver = seed_premises(owner, NOON), new_id(NOON), new_id(NOON)
        owner.execute(
            "INSERT INTO waybill.vehicle (id, premises_id, name, created_at) VALUES (%s, %s, 'van-1', %s)",
            [van, premises_id, NOON],
        )
        owner.execute(
            "INSERT INTO waybill.driver (id, premises_id, employee_no, name, created_at)"
            " VALUES (%s, %s, 'E-17', 'Aino', %s)",
            [driver, premises_id, NOON],
        )
    with psycopg.connect(database.gateway_url, autocommit=True) as connection:
        run_state_machine_as_test(
            lambda: MilestoneMachine(connection, premises_id, van, driver),
            settings=settings(max_examples=days, stateful_step_count=25, deadline=None),
        )


def test_delivered_is_final_and_only_what_came_back_goes_out_again() -> None:
    assert [one for one, after in FOLLOWERS.items() if not after] == [Milestone.DELIVERED]
    assert {one for one, after in FOLLOWERS.items() if Milestone.QUEUED in after} == {
        Milestone.ACCEPTED, Milestone.READY, Milestone.FAILED, Milestone.RETURNED,
    }  # fmt: skip
    assert FOLLOWERS[Milestone.CANCELLED] == {Milestone.RETURNED}
