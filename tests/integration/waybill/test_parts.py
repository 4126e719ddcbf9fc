"""gateway, api and worker as processes of their own: they live without servers, and SIGTERM ends them with 0."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.fixtures.command_line import settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_GATEWAY_PASSWORD
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports


def _environ(database: Database, broker: Broker) -> dict[str, str]:
    return {
        **settings_of_tests(database),
        "WAYBILL_BROKER_PORT": str(broker.port),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
    }


def _part_seen(database: Database, name: str) -> bool:
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute("SELECT 1 FROM waybill.part WHERE name = %s", [name]).fetchone() is not None


@pytest.mark.parametrize("part", ["gateway", "worker", "api"])
def test_part_gives_signs_of_life_and_sigterm_ends_it_with_0(
    database: Database, broker: Broker, server_ports: Ports, tmp_path: Path, part: str
) -> None:
    environ = {**_environ(database, broker), "WAYBILL_API_PORT": str(server_ports.claim(0))}
    log = tmp_path / "log"
    with waybill_process(part, environ=environ, log=log) as process:
        eventually(lambda: _part_seen(database, part) or process.poll() is not None, 60)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=8) == 0, log.read_text()

    assert _part_seen(database, part)
    assert all(line.split()[2] == part for line in log.read_text().splitlines()), log.read_text()


@pytest.mark.parametrize("part", ["gateway", "worker", "api"])
def test_part_without_database_and_broker_waits_and_still_ends(server_ports: Ports, tmp_path: Path, part: str) -> None:
    nowhere = f"postgresql://waybill_gateway:password@127.0.0.1:{server_ports.claim(0)}/waybill"
    environ = {
        "WAYBILL_DATABASE_URL": nowhere,
        "WAYBILL_BROKER_PORT": str(server_ports.claim(0)),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
        "WAYBILL_API_PORT": str(server_ports.claim(0)),
    }
    log = tmp_path / "log"
    with waybill_process(part, environ=environ, log=log) as process:
        eventually(lambda: "WARNING" in log.read_text() or process.poll() is not None)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=8) == 0, log.read_text()

    assert "Traceback" not in log.read_text()
    assert "password@" not in log.read_text()


def test_readiness_follows_the_gateway(database: Database, broker: Broker, server_ports: Ports, tmp_path: Path) -> None:
    port = server_ports.claim(0)
    environ = {**_environ(database, broker), "WAYBILL_API_PORT": str(port)}
    address = f"http://127.0.0.1:{port}/v1"

    def answer(path: str) -> httpx.Response | None:
        try:
            return httpx.get(f"{address}/{path}", timeout=5)
        except httpx.TransportError:
            return None

    with waybill_process("api", environ=environ, log=tmp_path / "api"):
        health = eventually(lambda: answer("health"))
        before = answer("ready")
        with waybill_process("gateway", environ=environ, log=tmp_path / "gateway"):
            ready = eventually(lambda: (got := answer("ready")) and got.status_code == 200 and got)

    assert health.json()["status"] == "ok"
    assert before is not None
    assert before.status_code == 503
    assert before.json()["checks"][-1] == {
        "name": "gateway", "ok": False, "says": "never seen", "remedy": "start waybill gateway, or look into its log",
    }  # fmt: skip
    assert [check["name"] for check in ready.json()["checks"]] == ["database", "schema", "gateway"]


def test_a_busy_port_is_one_clear_line(database: Database, broker: Broker, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environ = {**_environ(database, broker), "WAYBILL_API_PORT": str(taken.getsockname()[1])}
        with waybill_process("api", environ=environ, log=log) as process:
            code = process.wait(timeout=60)

    assert code == 1
    [line] = log.read_text().splitlines()
    assert line.startswith("waybill: cannot listen on 127.0.0.1:")
    assert line.endswith("set api_host or api_port")


def test_a_wrong_setting_is_refused_at_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with waybill_process("worker", environ={"WAYBILL_API_PORT": "many"}, log=log) as process:
        code = process.wait(timeout=60)

    assert code == 1
    assert log.read_text() == (
        "waybill: api_port = 'many' (environment WAYBILL_API_PORT) is refused; "
        "allowed: a whole number from 1 to 65535\n"
    )


def test_the_dashboard_says_whether_it_lives_and_can_read_and_sigterm_ends_it_with_0(
    database: Database, server_ports: Ports, tmp_path: Path
) -> None:
    port = server_ports.claim(0)
    environ = {**settings_of_tests(database), "WAYBILL_DASHBOARD_PORT": str(port)}
    log = tmp_path / "log"

    def answer(path: str) -> httpx.Response | None:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=5)
        except httpx.TransportError:
            return None

    with waybill_process("dashboard", environ=environ, log=log) as process:
        eventually(lambda: (got := answer("_stcore/health")) and got.status_code == 200, within_s=60)
        alive, ready = answer("healthz"), answer("readyz")
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=8) == 0, log.read_text()

    assert alive is not None
    assert alive.json()["status"] == "ok"
    assert ready is not None
    assert ready.json() == {
        "status": "ready", "checks": [{"name": "database", "ok": True, "says": "reachable as reader"}],
    }  # fmt: skip
