"""Two units under one name take the line from each other: both come through whole, and staff hear of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from contract.clock import true_now
from contract.messages import Status
from gateway.broker_admin import BrokerAdmin
from gateway.ingest.late import keep_words
from tests.fixtures.database import Database
from tests.fixtures.driving import Drive, Driven, Unit
from tests.fixtures.gateway import DEVICE_PASSWORD, NOON, PREMISES, eventually, register, running_gateway
from tests.fixtures.vehicles import Vehicles
from waybill.stack.broker import Broker

NAME = "twice"
WAITS_S = 90.0
NUMBERS = """
    SELECT s.name, array_agg(f.seq ORDER BY f.seq) FROM waybill.fix f JOIN waybill.spool s ON s.id = f.spool_id
    GROUP BY s.name
"""
STAFF = "SELECT kind, rule FROM waybill.exception WHERE premises_id = %s"
AUDIT = "SELECT object_id FROM waybill.audit_event WHERE action = 'device.doubled'"


@pytest.fixture
def pair(broker: Broker, broker_admin: BrokerAdmin, tmp_path: Path) -> Iterator[list[Vehicles]]:
    """Two bridges with the same name and password, in vans a day apart, so that their fixes can be told apart."""
    broker_admin.put({NAME: DEVICE_PASSWORD})
    made = []
    with ExitStack() as stack:
        for days in (2, 1):
            unit = Unit(device=NAME, password=DEVICE_PASSWORD, spool=tmp_path / f"{days}.db", port=broker.port)
            drive = Drive(begins_at=(true_now() - timedelta(days=days)).replace(microsecond=0), units=(unit,))
            one = Vehicles(drive, tmp_path / f"{days}.json")
            one.start()
            stack.callback(one.kill)
            made.append(one)
        yield made
    broker_admin.remove([NAME])


def test_two_bridges_of_one_name_both_come_through_and_staff_hear_of_it(
    broker: Broker, database: Database, owner: psycopg.Connection, pair: list[Vehicles]
) -> None:
    register(owner, NAME)
    with running_gateway(broker, database):
        eventually(lambda: owner.execute(STAFF, [PREMISES]).fetchall(), WAITS_S)
        driven: list[Driven] = [told for one in pair for told in one.finish()]

    stored = dict(owner.execute(NUMBERS.encode()).fetchall())
    assert stored == {one.spool: list(range(1, one.spooled + 1)) for one in driven}
    assert len(stored) == 2
    assert [(one.backlog, one.dropped) for one in driven] == [(0, 0)] * 2
    assert owner.execute("SELECT count(*) FROM waybill.reject").fetchone() == (0,)
    [(kind, rule)] = owner.execute(STAFF, [PREMISES]).fetchall()
    assert kind == "contradicted"
    assert all(one.spool in rule for one in driven)
    assert owner.execute(AUDIT).fetchall() == [(NAME,)]


Says = Callable[[str, int], None]


@pytest.fixture
def says(database: Database, owner: psycopg.Connection) -> Iterator[Says]:
    """The device names a spool, so many minutes after noon."""
    device_id = register(owner, NAME)
    with psycopg.connect(database.gateway_url, autocommit=True) as connection:

        def say(spool: str, minute: int) -> None:
            at = NOON + timedelta(minutes=minute)
            with connection.transaction():
                keep_words(connection, [(device_id, Status(state="online", spool=spool, boot=1), at)], at)
                connection.execute(
                    "INSERT INTO waybill.device_status (device_id, received_at, state, body)"
                    " VALUES (%s, %s, 'online', jsonb_build_object('spool', %s::text, 'boot', 1))"
                    " ON CONFLICT (device_id) DO UPDATE SET body = excluded.body",
                    [device_id, at, spool],
                )

        yield say


def test_a_new_spool_is_no_second_unit(says: Says, owner: psycopg.Connection) -> None:
    for minute, spool in enumerate(("aaaa", "aaaa", "bbbb", "bbbb", "cccc")):
        says(spool, minute)

    assert owner.execute(AUDIT).fetchall() == []


def test_staff_hear_of_two_units_once_an_hour_and_of_one_in_no_vehicle_too(
    says: Says, owner: psycopg.Connection
) -> None:
    for minute in range(0, 130, 10):
        says("aaaa" if minute % 20 else "bbbb", minute)

    assert owner.execute(AUDIT).fetchall() == [(NAME,), (NAME,)]
    assert owner.execute("SELECT count(*) FROM waybill.exception").fetchone() == (0,), "nobody knows where it is"
