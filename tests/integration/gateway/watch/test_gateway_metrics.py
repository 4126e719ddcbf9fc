"""What a running gateway tells monitors: counts of what it stored, and what is wrong when a server is away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from gateway.broker_admin import BrokerAdmin
from tests.fixtures.command_line import settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import DEVICE_PASSWORD, Device, eventually, register
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, BROKER_GATEWAY_PASSWORD
from tests.integration.gateway.ingest.test_ingest import fixes
from tests.unit.gateway.watch.test_listener import samples
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres


def environ_of(database: Database, broker: Broker, port: int) -> dict[str, str]:
    return {
        **{name: url for name, url in settings_of_tests(database).items() if url},
        "WAYBILL_BROKER_PORT": str(broker.port),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
        "WAYBILL_GATEWAY_METRICS_PORT": str(port),
        "WAYBILL_WORKER_METRICS_PORT": str(port),
        "WAYBILL_ACCEPT_SIMULATED": "true",
    }


def answer(port: int, path: str) -> httpx.Response | None:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=5)
    except httpx.TransportError:
        return None


def metrics(port: int) -> dict[str, float]:
    got = answer(port, "metrics")
    return samples(got.text) if got is not None else {}


def ready(port: int) -> bool:
    got = answer(port, "readyz")
    return got is not None and got.status_code == 200


def failing(port: int) -> dict[str, Any]:
    """The checks that fail, by name."""
    got = answer(port, "readyz")
    if got is None or got.status_code != 503:
        return {}
    return {check["name"]: check for check in got.json()["checks"] if not check["ok"]}


def test_what_was_stored_refused_and_rejected_is_counted(
    broker: Broker,
    database: Database,
    owner: psycopg.Connection,
    make_device: Callable[[str], Device],
    server_ports: Ports,
    tmp_path: Path,
) -> None:
    register(owner, "watch-a")
    device, port, sent = make_device("watch-a"), server_ports.claim(0), fixes("watch-a", 20)
    log = tmp_path / "log"
    environ = {**environ_of(database, broker, port), "WAYBILL_LOG_FORMAT": "json"}
    with waybill_process("gateway", environ=environ, log=log):
        eventually(lambda: ready(port), 30)
        device.send(sent)
        device.send(sent)
        device.send_raw(b"not JSON", first=21, last=21)
        device.receipt(through=21)
        found = metrics(port)

    assert found["waybill_messages_received_total[]"] == 3
    assert found["waybill_fixes_committed_total[]"] == 20
    assert found["waybill_duplicates_total[]"] == 20
    assert found["waybill_rejects_total[('reason', 'unreadable')]"] == 1
    assert found["waybill_rejects_total[('reason', 'unknown_device')]"] == 0
    assert found["waybill_fixes_refused_total[('rule', 'jump')]"] == 0
    assert found["waybill_unacknowledged_messages[]"] == 0
    assert found["waybill_commit_lag_seconds_count[]"] == found["waybill_batch_messages_count[]"] >= 1
    assert found["waybill_batch_messages_sum[]"] == 3
    assert (found["waybill_broker_connected[]"], found["waybill_database_connected[]"]) == (1, 1)
    assert found["waybill_broker_connections_total[]"] == 1
    assert '"action": "rejected"' in log.read_text()
    [event] = [line for line in log.read_text().splitlines() if '"action": "rejected"' in line]
    assert '"device": "watch-a"' in event
    assert '"reason": "unreadable"' in event


def test_servers_that_are_away_are_named_with_the_remedy_and_come_back(
    mortal_broker: Broker,
    postgres: Postgres,
    database: Database,
    server_ports: Ports,
    tmp_path: Path,
) -> None:
    mortal_broker.start()
    BrokerAdmin(mortal_broker.host, mortal_broker.port, BROKER_ADMIN_PASSWORD).put({"watch-b": DEVICE_PASSWORD})
    port = server_ports.claim(0)
    with waybill_process("gateway", environ=environ_of(database, mortal_broker, port), log=tmp_path / "log"):
        eventually(lambda: ready(port), 30)

        postgres.kill()
        without_database = eventually(lambda: failing(port), 20)
        down = metrics(port)
        alive = answer(port, "healthz")
        postgres.start()
        eventually(lambda: ready(port), 30)

        mortal_broker.kill()
        without_broker = eventually(lambda: failing(port), 20)
        mortal_broker.start()
        eventually(lambda: ready(port), 30)
        found = eventually(
            lambda: (got := metrics(port)).get("waybill_broker_stored_messages[]") is not None and got, 20
        )

    assert alive is not None
    assert alive.status_code == 200
    assert set(without_database) == {"database"}
    assert "start the database" in without_database["database"]["remedy"]
    assert str(postgres.port) not in str(without_database), "an address is nobody's business here"
    assert down["waybill_database_connected[]"] == 0
    assert set(without_broker) == {"broker"}
    assert "start the broker" in without_broker["broker"]["remedy"]
    assert found["waybill_broker_connections_total[]"] == 2
    assert found["waybill_database_connections_total[]"] == 2
    assert found["waybill_broker_dropped_messages_total[]"] == 0


def test_a_second_gateway_of_the_same_name_says_so(
    broker: Broker, database: Database, server_ports: Ports, tmp_path: Path
) -> None:
    first, second = server_ports.claim(0), server_ports.claim(0)
    with waybill_process("gateway", environ=environ_of(database, broker, first), log=tmp_path / "first"):
        eventually(lambda: ready(first), 30)
        with waybill_process("gateway", environ=environ_of(database, broker, second), log=tmp_path / "second"):
            found = eventually(lambda: (got := failing(second)) and "lock" in got["database"]["says"] and got, 30)

    assert "WAYBILL_GATEWAY_CLIENT_ID" in found["database"]["remedy"]


@pytest.mark.parametrize("devices", [2])
def test_the_worker_tells_of_fleet_and_database(
    broker: Broker,
    database: Database,
    owner: psycopg.Connection,
    server_ports: Ports,
    tmp_path: Path,
    devices: int,
) -> None:
    register(owner, "watch-c")
    register(owner, "watch-d", vehicle="01900000-0000-7000-8000-00000000000a", name="van-2")
    owner.execute(
        "INSERT INTO waybill.last_fix (device_id, fixed_at, received_at, seq, lat_e7, lon_e7, replayed)"
        " SELECT id, clock_timestamp() - interval '3 s', clock_timestamp(), 1, 0, 0, false FROM waybill.device"
        " WHERE name = 'watch-c'"
    )
    owner.execute(
        "INSERT INTO waybill.device_status SELECT id, clock_timestamp(), 'online', '{\"backlog\": 7}'"
        " FROM waybill.device WHERE name = 'watch-c'"
    )
    port = server_ports.claim(0)
    with waybill_process("worker", environ=environ_of(database, broker, port), log=tmp_path / "log"):
        found = eventually(lambda: (got := metrics(port)).get("waybill_devices[]") and got, 30)
        eventually(lambda: ready(port), 10)

    assert (found["waybill_devices[]"], found["waybill_devices_heard[]"]) == (devices, 1)
    assert found["waybill_backlog_fixes[]"] == 7
    assert found["waybill_device_backlog_fixes[('device', 'watch-c'), ('vehicle', 'van-1')]"] == 7
    assert found["waybill_clock_lag_seconds[]"] == pytest.approx(3, abs=0.01)
    assert found["waybill_database_bytes[]"] > 1_000_000
    assert abs(found["waybill_database_clock_offset_seconds[]"]) < 5
