"""Papers with their last day: which have run out, which are renewed, and on whose day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from gateway.master.documents import Owner, Paper, add_document, expired_documents, withdraw_document
from gateway.master.drivers import add_driver
from gateway.master.vehicles import add_vehicle
from storage.audit import Actor
from storage.documents import DocumentFilter, documents
from storage.master import Driver, Premises, Vehicle, all_premises
from tests.fixtures.database import Database
from tests.fixtures.gateway import NOON
from tests.fixtures.seed import seed_premises

STAFF = Actor("account", "mia")
TODAY = NOON.date()
YESTERDAY = TODAY - timedelta(days=1)


class Store:
    """Premises with one vehicle and one driver."""

    def __init__(self, connection: psycopg.Connection, premises: Premises) -> None:
        self.connection = connection
        self.premises = premises
        self.van: Vehicle = add_vehicle(connection, premises, "van-7", actor=STAFF, at=NOON)
        self.driver: Driver = add_driver(connection, premises, employee_no="E-3", name="Aino", actor=STAFF, at=NOON)

    def of_van(self, expires_on: date | None, **values: str) -> None:
        owner = Owner(name="van-7", premises_id=self.premises.id, vehicle_id=self.van.id)
        self._add(owner, expires_on, **{"kind": "insurance", **values})

    def of_driver(self, expires_on: date | None, **values: str) -> None:
        owner = Owner(name="E-3", premises_id=self.premises.id, driver_id=self.driver.id)
        self._add(owner, expires_on, **{"kind": "licence", **values})

    def expired(self, at: datetime = NOON) -> list[str]:
        found = expired_documents(self.connection, self.premises, at, vehicle=self.van, crew=[self.driver.id])
        return [one.says for one in found]

    def _add(self, owner: Owner, expires_on: date | None, **values: str) -> None:
        add_document(self.connection, owner, Paper(expires_on=expires_on, **values), actor=STAFF, at=NOON)


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    with psycopg.connect(database.owner_url) as owner:
        seed_premises(owner, NOON)
    with psycopg.connect(database.gateway_url) as connection:
        yield Store(connection, all_premises(connection)[0])


def test_what_ran_out_yesterday_is_named_and_what_is_good_today_is_not(store: Store) -> None:
    store.of_van(YESTERDAY)
    store.of_driver(YESTERDAY - timedelta(days=1), kind="training", title="RBS")
    store.of_driver(TODAY)
    store.of_van(None, kind="registration")

    assert store.expired() == [
        f"training (RBS) of driver E-3 ran out on {YESTERDAY - timedelta(days=1)}",
        f"insurance of vehicle van-7 ran out on {YESTERDAY}",
    ]


def test_a_renewed_paper_is_not_asked_for_again_in_whichever_order_they_came(store: Store) -> None:
    store.of_van(TODAY + timedelta(days=365))
    store.of_van(YESTERDAY)
    store.of_driver(YESTERDAY)
    store.of_driver(None)

    assert store.expired() == []


def test_another_title_is_another_paper(store: Store) -> None:
    store.of_driver(YESTERDAY, kind="training", title="RBS")
    store.of_driver(None, kind="training", title="first aid")

    assert store.expired() == [f"training (RBS) of driver E-3 ran out on {YESTERDAY}"]


def test_a_withdrawn_paper_renews_nothing(store: Store) -> None:
    store.of_van(YESTERDAY)
    store.of_van(None)
    (newest,) = documents(store.connection, DocumentFilter())

    withdraw_document(store.connection, newest, actor=STAFF, at=NOON)

    assert store.expired() == [f"insurance of vehicle van-7 ran out on {YESTERDAY}"]


def test_the_last_day_ends_at_midnight_of_the_premises(store: Store) -> None:
    store.of_van(TODAY)
    midnight_there = datetime(TODAY.year, TODAY.month, TODAY.day, 22, tzinfo=UTC)  # Helsinki, in winter

    assert store.expired(midnight_there - timedelta(minutes=1)) == []
    assert store.expired(midnight_there) == [f"insurance of vehicle van-7 ran out on {TODAY}"]


def test_every_change_is_told_with_its_author(store: Store) -> None:
    store.of_van(YESTERDAY)
    withdraw_document(store.connection, documents(store.connection, DocumentFilter())[0], actor=STAFF, at=NOON)

    events = store.connection.execute(
        "SELECT actor, action, before, after FROM waybill.audit_event WHERE object_kind = 'document'"
        " ORDER BY recorded_at"
    ).fetchall()
    assert [(actor, action) for actor, action, _, _ in events] == [
        ("mia", "document.added"),
        ("mia", "document.withdrawn"),
    ]
    assert events[0][3]["of"] == events[1][2]["of"] == "vehicle van-7"
