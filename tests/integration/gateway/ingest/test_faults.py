"""Broker and database killed in the middle of ingest: every number is stored once, and confirmed in the end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest

from contract.codec import encode_fixes
from gateway.broker_admin import BrokerAdmin
from tests.fixtures.command_line import settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import DEVICE_PASSWORD, Device, eventually, register, running_gateway
from tests.fixtures.processes import Part
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, BROKER_GATEWAY_PASSWORD
from tests.integration.gateway.ingest.test_ingest import fixes, stored
from waybill.stack.broker import Broker
from waybill.stack.postgres import Postgres


def _device(broker: Broker, name: str) -> Device:
    BrokerAdmin(broker.host, broker.port, BROKER_ADMIN_PASSWORD).put({name: DEVICE_PASSWORD})
    return Device(name, broker)


def test_a_database_killed_in_the_middle_costs_nothing(
    broker: Broker, postgres: Postgres, database: Database, make_device: Callable[[str], Device]
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        register(owner, "fault-a")
    with running_gateway(broker, database):
        device = make_device("fault-a")
        sent = fixes("fault-a", 1000)
        for start in range(0, 500, 50):
            device.send(sent[start : start + 50])
        device.receipt(through=1)

        postgres.kill()
        for start in range(500, 1000, 50):
            device.send(sent[start : start + 50])
        postgres.start()
        device.receipt(through=1000, within_s=30)

    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        assert [seq for seq, _ in stored(owner)] == list(range(1, 1001))
        assert owner.execute("SELECT count(*) FROM waybill.reject").fetchone() == (0,)


def test_a_killed_broker_costs_nothing_that_a_receipt_had_confirmed(
    mortal_broker: Broker, database: Database, owner: psycopg.Connection
) -> None:
    register(owner, "fault-b")
    device = _device(mortal_broker, "fault-b")
    with running_gateway(mortal_broker, database):
        sent = fixes("fault-b", 300)
        device.send(sent[:100])
        device.receipt(through=100)

        mortal_broker.kill()
        mortal_broker.start()
        eventually(device.client.is_connected, 20)
        # A bridge sends everything again from the lowest number that no receipt has confirmed.
        device.send(sent[100:])
        device.receipt(through=300, within_s=30)
    device.close()

    assert [seq for seq, _ in stored(owner)] == list(range(1, 301))


def test_a_broker_that_lost_its_state_is_told_the_receipts_again(
    mortal_broker: Broker, database: Database, owner: psycopg.Connection
) -> None:
    register(owner, "fault-c")
    device = _device(mortal_broker, "fault-c")
    with running_gateway(mortal_broker, database):
        device.send(fixes("fault-c", 20))
        device.receipt(through=20)
    device.close()
    mortal_broker.kill()
    for path in mortal_broker.data_dir.glob("mosquitto.db*"):
        path.unlink()
    mortal_broker.start()

    with running_gateway(mortal_broker, database):
        returned = _device(mortal_broker, "fault-c")
        receipt = returned.receipt(through=20)
        returned.close()

    assert (receipt.through, receipt.also) == (20, [])


def test_what_the_database_refuses_is_found_and_kept_while_the_others_are_stored(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: Callable[[str], Device]
) -> None:
    register(owner, "fault-d")
    owner.execute(
        "CREATE FUNCTION refuse_13() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.seq = 13 THEN RAISE EXCEPTION 'thirteen'; END IF; RETURN NEW; END $$"
    )
    owner.execute("CREATE TRIGGER no_13 BEFORE INSERT ON waybill.fix FOR EACH ROW EXECUTE FUNCTION refuse_13()")
    device = make_device("fault-d")
    sent = fixes("fault-d", 40)
    with running_gateway(broker, database):
        for fix in sent:
            device.send([fix])
        device.receipt(through=40, within_s=30)

    assert [seq for seq, _ in stored(owner)] == [seq for seq in range(1, 41) if seq != 13]
    kept = owner.execute("SELECT reason, detail, raw FROM waybill.reject").fetchall()
    assert [(reason, "thirteen" in detail) for reason, detail, _ in kept] == [("unstorable", True)]
    assert kept[0][2] == encode_fixes([sent[12]], 1)


def test_a_database_that_takes_nothing_for_a_while_makes_no_rejects(
    broker: Broker,
    database: Database,
    owner: psycopg.Connection,
    make_device: Callable[[str], Device],
    caplog: pytest.LogCaptureFixture,
) -> None:
    register(owner, "fault-e")
    owner.execute(
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$"
    )
    owner.execute("CREATE TRIGGER no_space BEFORE INSERT ON waybill.fix FOR EACH ROW EXECUTE FUNCTION disk_full()")
    device = make_device("fault-e")
    with running_gateway(broker, database):
        for fix in fixes("fault-e", 8):
            device.send([fix])
        eventually(lambda: [record for record in caplog.records if "stores nothing now" in record.message])
        owner.execute("DROP TRIGGER no_space ON waybill.fix")
        device.receipt(through=8, within_s=30)

    assert [seq for seq, _ in stored(owner)] == list(range(1, 9))
    assert owner.execute("SELECT count(*) FROM waybill.reject").fetchone() == (0,)


UNACKNOWLEDGED = 20_500  # a little more than the broker may have in flight to us


def test_twenty_thousand_in_flight_outlive_a_slow_database_and_restarts_of_the_broker(
    mortal_broker: Broker, database: Database, owner: psycopg.Connection, tmp_path: Path
) -> None:
    register(owner, "fault-f")
    environ = {
        **settings_of_tests(database), "WAYBILL_BROKER_PORT": str(mortal_broker.port),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
    }  # fmt: skip
    log = tmp_path / "gateway.log"
    gateway = Part("gateway", environ=environ, log=log)
    device = _device(mortal_broker, "fault-f")
    started = gateway.start()
    try:
        eventually(lambda: "action=connected" in log.read_text(), 60)
        with psycopg.connect(database.owner_url) as holder:
            holder.execute("LOCK TABLE waybill.fix IN EXCLUSIVE MODE")  # until the block ends
            for fix in fixes("fault-f", UNACKNOWLEDGED):
                device.send_unheard(msgspec.structs.replace(fix, fixed_at=fix.fixed_at - timedelta(hours=7)))
            eventually(lambda: device.acknowledged.qsize() == UNACKNOWLEDGED, 60)
            memory_kb = gateway.memory_kb()
            for _ in range(2):
                mortal_broker.stop()  # in order: it keeps what nobody has acknowledged, and sends it again
                mortal_broker.start()
                # The second time it does not come back before the database does: twice as much is all that it takes in.
                eventually(lambda: log.read_text().count("action=connected") >= 2, 60)
            grown_kb = gateway.memory_kb() - memory_kb
        eventually(lambda: len(stored(owner)) == UNACKNOWLEDGED, 120)
        assert started.poll() is None
    finally:
        gateway.kill()
        device.close()

    assert [seq for seq, _ in stored(owner)] == list(range(1, UNACKNOWLEDGED + 1))
    assert owner.execute("SELECT count(*) FROM waybill.reject").fetchone() == (0,)
    assert grown_kb < 64 * 1024


MANY = 3_000


def test_receipts_for_more_devices_than_the_client_may_have_in_flight_all_arrive(
    mortal_broker: Broker, database: Database, owner: psycopg.Connection
) -> None:
    owner.execute(
        "INSERT INTO waybill.device (name, created_at) SELECT 'many-' || n, now() FROM generate_series(1, %s) n", [MANY]
    )
    with running_gateway(mortal_broker, database):
        os.kill(_pid(mortal_broker), signal.SIGSTOP)
        register(owner, "fault-g")
        os.kill(_pid(mortal_broker), signal.SIGCONT)
        ends = [_device(mortal_broker, name) for name in ("many-1", f"many-{MANY}")]
        heard = [device.receipts.get(timeout=60) for device in ends]
        for device in ends:
            device.close()

    assert [receipt.through for receipt in heard] == [0, 0]


def _pid(broker: Broker) -> int:
    assert broker.pid is not None
    return broker.pid
