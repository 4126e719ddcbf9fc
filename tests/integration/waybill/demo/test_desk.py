"""Shop, dispatcher and crews of a demo over HTTP, against the real api, database and broker. Drives no van."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from contract.clock import Clock, true_now
from contract.milestones import Milestone
from gateway.broker_admin import BrokerAdmin
from storage.ids import new_id
from tests.fixtures.api_server import StartApi
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually
from waybill.demo import desk as desk_module
from waybill.demo.caller import RefusedError
from waybill.demo.deeds import Deed, DeedKind, agenda
from waybill.demo.desk import Callers, Desk
from waybill.demo.map_data import load_addresses, load_streets
from waybill.demo.records import DayPlan
from waybill.demo.registers import NotADemoError, first_account, join, register_units
from waybill.demo.scenario import make_day
from waybill.demo.state import Secrets

TWO = datetime(2026, 11, 23, 12, tzinfo=UTC)
STREETS = load_streets()
DAY = make_day(DayPlan(on=date(2026, 11, 23), first_screen_at=TWO, seed=1, vehicles=2), STREETS, load_addresses())
AGENDA = agenda(DAY, STREETS)
JOINED_AT = DAY.opens_at - timedelta(hours=12)
AT_TWO = Clock(origin=TWO, wall=true_now(), rate=0.001)


@pytest.fixture
def secrets(database: Database, broker_admin: BrokerAdmin) -> Secrets:
    with psycopg.connect(database.gateway_url) as connection, connection.transaction():
        register_units(connection, DAY, broker_admin, {}, JOINED_AT)
        return first_account(connection, None, JOINED_AT)


@pytest.fixture
def origin(start_api: StartApi) -> str:
    return start_api(AT_TWO)


@pytest.fixture
def callers(origin: str, secrets: Secrets) -> Iterator[Callers]:
    with closing(join(origin, DAY, secrets, JOINED_AT)[0]) as joined:
        yield joined


@pytest.fixture
def desk(callers: Callers) -> Desk:
    return Desk(callers, AGENDA)


@contextmanager
def at_work(desk: Desk, *, fleet_in_present: bool) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=desk.run, args=(stop, AT_TWO, lambda: fleet_in_present), name="people")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


def due(kind: DeedKind) -> list[Deed]:
    return [deed for deed in AGENDA if deed.kind is kind and deed.at <= TWO]


def counts(database: Database) -> Counter[str]:
    with psycopg.connect(database.owner_url) as connection:
        return Counter(dict(connection.execute("SELECT milestone, count(*) FROM waybill.orders GROUP BY milestone")))


def test_joining_again_changes_nothing_and_keeps_what_proves_who_they_are(
    database: Database, broker_admin: BrokerAdmin, origin: str
) -> None:
    with psycopg.connect(database.gateway_url) as connection, connection.transaction():
        passwords = register_units(connection, DAY, broker_admin, {}, JOINED_AT)
        first = first_account(connection, None, JOINED_AT)
    callers, joined = join(origin, DAY, first, JOINED_AT)
    callers.close()
    with psycopg.connect(database.owner_url) as connection:
        before = connection.execute("SELECT count(*) FROM waybill.audit_event WHERE action <> 'session.opened'")
        told = before.fetchone()
        again = register_units(connection, DAY, broker_admin, passwords, JOINED_AT)
        assert first_account(connection, joined, JOINED_AT) == joined
        callers, rejoined = join(origin, DAY, joined, JOINED_AT)
        callers.close()
        after = connection.execute("SELECT count(*) FROM waybill.audit_event WHERE action <> 'session.opened'")

        assert (again, rejoined) == (passwords, joined)
        assert set(passwords) == {"gps-01", "gps-02", "gps-99"}
        assert after.fetchone() == told


def test_whoever_lost_the_passwords_gets_new_ones(database: Database, secrets: Secrets, origin: str) -> None:
    join(origin, DAY, secrets, JOINED_AT)[0].close()
    with psycopg.connect(database.gateway_url) as connection, connection.transaction():
        anew = first_account(connection, None, JOINED_AT)

    callers, joined = join(origin, DAY, anew, JOINED_AT)

    with closing(callers):
        assert joined.shop is not None
        callers.dispatcher.ask("DELETE", "/v1/session")  # whoever was signed out signs in again
        assert callers.dispatcher.ask("GET", "/v1/session")["name"] == "demo-dispatcher"


def test_a_demo_does_not_mix_with_real_premises(database: Database, broker_admin: BrokerAdmin) -> None:
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(
            "INSERT INTO waybill.premises (id, code, name, tz, created_at)"
            " VALUES (%s, 'kallio', 'Kallio', 'Europe/Helsinki', %s)",
            [new_id(TWO), TWO],
        )

    with (
        psycopg.connect(database.gateway_url) as connection,
        pytest.raises(NotADemoError, match="holds the premises kallio"),
    ):
        register_units(connection, DAY, broker_admin, {}, JOINED_AT)


def test_what_was_done_so_far_is_brought_along_once(database: Database, desk: Desk, callers: Callers) -> None:
    desk.catch_up(TWO)
    Desk(callers, AGENDA).catch_up(TWO)

    done = counts(database)
    assert sum(done.values()) == len(due(DeedKind.PLACE))
    assert done["out_for_delivery"] == sum(len(deed.trip.orders) for deed in due(DeedKind.DEPART))
    assert done["queued"] == sum(len(deed.trip.orders) for deed in due(DeedKind.PLAN)) - done["out_for_delivery"]
    assert desk.refused == 0


def test_an_earlier_plan_says_when_it_was_made_and_when_it_was_told(
    database: Database, desk: Desk, callers: Callers
) -> None:
    desk.catch_up(TWO)

    first = due(DeedKind.PLAN)[0]
    with psycopg.connect(database.owner_url) as connection:
        at, told_at, actor = connection.execute(
            "SELECT at, (after ->> 'told_at')::timestamptz, actor FROM waybill.audit_event"
            " WHERE action = 'trip.planned' ORDER BY at LIMIT 1"
        ).fetchone() or (None, None, None)
        loaded = connection.execute("SELECT min(at) FROM waybill.ledger_movement").fetchone()
    assert (at, actor) == (first.at, "demo-shop")
    assert told_at is not None
    assert told_at >= TWO
    assert loaded == (due(DeedKind.LOAD)[0].at,)
    with pytest.raises(RefusedError, match="records:import") as refused:
        callers.phones.ask("POST", "/v1/trips/T-0001/load", {"code": "1", "at": TWO})
    assert refused.value.status == 403


def test_drivers_wait_while_the_past_is_driven(database: Database, desk: Desk) -> None:
    desk.catch_up(TWO)

    with at_work(desk, fleet_in_present=False):
        eventually(lambda: desk.waiting(TWO) == len(due(DeedKind.HAND_OVER)) + len(due(DeedKind.RETURN)), 60)

    assert "delivered" not in counts(database)


def test_drivers_report_without_fixes_when_none_come(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "PATIENCE_S", 0.0)
    desk.catch_up(TWO)

    with at_work(desk, fleet_in_present=True):
        eventually(lambda: desk.waiting(TWO) == 0, 60)

    done = counts(database)
    failed = [deed for deed in due(DeedKind.HAND_OVER) if deed.order.failure]
    assert done["delivered"] == len(due(DeedKind.HAND_OVER)) - len(failed)
    assert done["returned"] == len(due(DeedKind.RETURN))
    assert desk.done[Milestone.DELIVERED] == done["delivered"]
    assert desk.refused == 0


def test_an_arrival_that_fixes_showed_is_reported_at_once(database: Database, desk: Desk) -> None:
    desk.catch_up(TWO)
    deed = due(DeedKind.HAND_OVER)[0]
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(
            "WITH arrived AS (UPDATE waybill.orders SET milestone = 'arrived', milestone_at = %(at)s"
            " WHERE source_ref = %(ref)s RETURNING id, premises_id)"
            " INSERT INTO waybill.milestone (id, premises_id, order_id, milestone, at, known, recorded_at)"
            " SELECT %(id)s, premises_id, id, 'arrived', %(at)s, 'detected', %(at)s FROM arrived",
            {"at": deed.at, "ref": deed.ref, "id": new_id(deed.at)},
        )

    with at_work(desk, fleet_in_present=False):
        eventually(lambda: counts(database).get(str(deed.milestone)), 60)
