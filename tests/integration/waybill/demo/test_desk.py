"""Shop, dispatcher and drivers of a demo, against the real database and broker. Drives no van."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from contract.clock import Clock, true_now
from contract.milestones import Milestone
from gateway.broker_admin import BrokerAdmin
from storage.orders import milestone_counts
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually
from waybill.demo import desk as desk_module
from waybill.demo.deeds import Deed, DeedKind, agenda
from waybill.demo.desk import Desk
from waybill.demo.map_data import load_addresses, load_streets
from waybill.demo.records import DayPlan
from waybill.demo.registers import NotADemoError, Registered, register_day
from waybill.demo.scenario import make_day

TWO = datetime(2026, 11, 23, 12, tzinfo=UTC)
STREETS = load_streets()
DAY = make_day(DayPlan(on=date(2026, 11, 23), first_screen_at=TWO, seed=1, vehicles=2), STREETS, load_addresses())
AGENDA = agenda(DAY, STREETS)
JOINED_AT = DAY.opens_at - timedelta(hours=12)
AT_TWO = Clock(origin=TWO, wall=true_now(), rate=0.001)


@pytest.fixture
def registered(database: Database, broker_admin: BrokerAdmin) -> Registered:
    with psycopg.connect(database.gateway_url) as connection, connection.transaction():
        ids, _ = register_day(connection, DAY, broker_admin, {}, JOINED_AT)
    return ids


@pytest.fixture
def desk(database: Database, registered: Registered) -> Desk:
    return Desk(database.gateway_url, registered, AGENDA)


@contextmanager
def at_work(desk: Desk, *, fleet_in_present: bool) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=desk.run, args=(stop, AT_TWO, lambda: fleet_in_present), name="people")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def due(kind: DeedKind) -> list[Deed]:
    return [deed for deed in AGENDA if deed.kind is kind and deed.at <= TWO]


def counts(database: Database, registered: Registered) -> dict[Milestone, int]:
    with psycopg.connect(database.gateway_url) as connection:
        return milestone_counts(connection, registered.premises_id)


def test_registering_a_day_again_changes_nothing_and_keeps_passwords(
    database: Database, broker_admin: BrokerAdmin
) -> None:
    with psycopg.connect(database.gateway_url) as connection, connection.transaction():
        first, passwords = register_day(connection, DAY, broker_admin, {}, JOINED_AT)
        again, kept = register_day(connection, DAY, broker_admin, passwords, JOINED_AT)

    assert (again, kept) == (first, passwords)
    assert set(kept) == {"gps-01", "gps-02", "gps-99"}


def test_a_demo_does_not_mix_with_real_premises(database: Database, broker_admin: BrokerAdmin) -> None:
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(
            "INSERT INTO waybill.premises (id, code, name, tz, created_at)"
            " VALUES (gen_random_uuid(), 'kallio', 'Kallio', 'Europe/Helsinki', %s)",
            [TWO],
        )

    with (
        psycopg.connect(database.gateway_url) as connection,
        pytest.raises(NotADemoError, match="holds the premises kallio"),
    ):
        register_day(connection, DAY, broker_admin, {}, JOINED_AT)


def test_the_office_does_what_is_due_once(database: Database, desk: Desk, registered: Registered) -> None:
    desk.office_until(TWO)
    desk.office_until(TWO)

    assert sum(counts(database, registered).values()) == len(due(DeedKind.PLACE))
    on_trips = {deed.trip.key: len(deed.trip.orders) for deed in due(DeedKind.PLAN)}
    assert counts(database, registered)[Milestone.QUEUED] == sum(on_trips.values())


def test_drivers_wait_while_the_past_is_driven(database: Database, desk: Desk, registered: Registered) -> None:
    desk.office_until(TWO)

    with at_work(desk, fleet_in_present=False):
        eventually(lambda: desk.waiting(TWO) == len(due(DeedKind.HAND_OVER)) + len(due(DeedKind.RETURN)))

    assert Milestone.DELIVERED not in counts(database, registered)


def test_drivers_report_without_fixes_when_none_come(
    database: Database, desk: Desk, registered: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "PATIENCE_S", 0.0)
    desk.office_until(TWO)

    with at_work(desk, fleet_in_present=True):
        eventually(lambda: desk.waiting(TWO) == 0)

    done = counts(database, registered)
    failed = [deed for deed in due(DeedKind.HAND_OVER) if deed.order.failure]
    assert done[Milestone.DELIVERED] == len(due(DeedKind.HAND_OVER)) - len(failed)
    assert done.get(Milestone.RETURNED, 0) == len(due(DeedKind.RETURN))
    assert desk.refused == 0


def test_an_arrival_that_fixes_showed_is_reported_at_once(
    database: Database, desk: Desk, registered: Registered
) -> None:
    desk.office_until(TWO)
    deed = due(DeedKind.HAND_OVER)[0]
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(
            "UPDATE waybill.orders SET milestone = 'arrived', milestone_at = %s WHERE source_ref = %s",
            [deed.at, deed.ref],
        )

    with at_work(desk, fleet_in_present=False):
        eventually(lambda: counts(database, registered).get(deed.milestone))
