"""The examples of docs/wire-protocol.md, run as they stand against a real broker, gateway and database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from gateway.broker_admin import BrokerAdmin
from tests.docs.documents import examples
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually, register, running_gateway
from waybill.stack.broker import Broker
from waybill.stack.servers import ensure

EXAMPLES = examples("wire-protocol.md")
PASSWORD = "shown-once-by-device-add"
HELSINKI = (601_699_000, 249_384_000)


def on_this_broker(text: str, broker: Broker) -> str:
    """The example with its one placeholder, the broker's address, filled in."""
    changed = text.replace("localhost -p 1883", f"{broker.host} -p {broker.port}")
    changed = changed.replace('"localhost", 1883', f'"{broker.host}", {broker.port}')
    assert changed != text
    return changed


def run(command: list[str]) -> str:
    clients = ensure("mosquitto", print) / "usr/bin"
    environ = {"PATH": f"{clients}{os.pathsep}{os.environ['PATH']}", "PASSWORD": PASSWORD}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def gps_77(broker: Broker, broker_admin: BrokerAdmin, owner: psycopg.Connection) -> None:
    register(owner, "gps-77")
    broker_admin.put({"gps-77": PASSWORD})


@pytest.mark.usefixtures("gps_77")
def test_one_line_in_a_shell_is_stored(broker: Broker, database: Database, owner: psycopg.Connection) -> None:
    with running_gateway(broker, database):
        run(["sh", "-euc", on_this_broker(EXAMPLES["one line"], broker)])

        place = eventually(lambda: owner.execute("SELECT lat_e7, lon_e7 FROM waybill.fix").fetchone())

    assert place == HELSINKI
    assert owner.execute("SELECT name FROM waybill.spool").fetchall() == [("plain",)]


@pytest.mark.usefixtures("gps_77")
def test_twenty_lines_of_python_are_told_that_their_fix_is_stored(
    broker: Broker, database: Database, owner: psycopg.Connection, tmp_path: Path
) -> None:
    program = tmp_path / "example.py"
    program.write_text(on_this_broker(EXAMPLES["python"], broker), encoding="utf-8")

    with running_gateway(broker, database):
        said = run([sys.executable, "-W", "error", str(program)])

    assert said == "stored through 1\n"
    stored = owner.execute(
        "SELECT s.name, f.seq, f.lat_e7, f.lon_e7 FROM waybill.fix f JOIN waybill.spool s ON s.id = f.spool_id"
    )
    assert stored.fetchall() == [("gps-77-first-try", 1, *HELSINKI)]


def test_the_python_example_is_as_short_as_it_says() -> None:
    code = [line for line in EXAMPLES["python"].splitlines() if line and not line.startswith(("import", "from"))]

    assert len(code) <= 20
