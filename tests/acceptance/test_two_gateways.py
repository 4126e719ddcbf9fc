"""Two gateways of one client id: the second waits, disturbs nobody, and takes over when the first is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.acceptance.torture import PATIENCE_S
from tests.fixtures.command_line import settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import Device, eventually, register
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_GATEWAY_PASSWORD
from tests.integration.gateway.ingest.test_ingest import fixes, stored
from waybill.stack.broker import Broker


def test_the_second_gateway_waits_and_takes_over(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: Callable[[str], Device], tmp_path: Path
) -> None:
    environ = {
        **settings_of_tests(database), "WAYBILL_BROKER_PORT": str(broker.port),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
    }  # fmt: skip
    register(owner, "twice-a")
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    sent = fixes("twice-a", 300)
    with waybill_process("gateway", environ=environ, log=logs[0]) as first:
        eventually(lambda: "action=connected" in logs[0].read_text(), PATIENCE_S)
        with waybill_process("gateway", environ=environ, log=logs[1]):
            device = make_device("twice-a")
            eventually(lambda: logs[1].read_text().count("action=locked_out") >= 1, PATIENCE_S)
            device.send(sent[:100])
            device.receipt(through=100)
            assert "action=connected" not in logs[1].read_text(), "it takes the session of the one that works"
            assert "action=disconnected" not in logs[0].read_text()

            first.kill()
            device.send(sent[100:])
            device.receipt(through=300, within_s=PATIENCE_S)

    assert [seq for seq, _ in stored(owner)] == list(range(1, 301))
