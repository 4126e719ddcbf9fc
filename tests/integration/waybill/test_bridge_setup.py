"""A technician's way: code, enrolment at the real API, mounting check with a receipt, bridge; by both programs."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.command_line import Waybill, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, BROKER_GATEWAY_PASSWORD
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports

CAPTURE = Path(__file__).parents[2] / "golden" / "nmea" / "bu353s4.nmea"
SOURCE = f"replay:{CAPTURE}?rate=1&shift=now"


@pytest.fixture
def url(database: Database, broker: Broker, server_ports: Ports, tmp_path: Path) -> Iterator[str]:
    """A gateway and an API at work; gives the API's address."""
    environ = {
        **settings_of_tests(database),
        "WAYBILL_BROKER_PORT": str(broker.port),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
        "WAYBILL_BROKER_ADMIN_PASSWORD": BROKER_ADMIN_PASSWORD,
        "WAYBILL_API_PORT": str(port := server_ports.claim(0)),
    }
    logs = {name: tmp_path / f"{name}.log" for name in ("gateway", "api")}
    with (
        waybill_process("gateway", environ=environ, log=logs["gateway"]),
        waybill_process("api", environ=environ, log=logs["api"]),
    ):
        eventually(lambda: "action=connected" in logs["gateway"].read_text())
        eventually(lambda: "listening" in logs["api"].read_text() or "action=" in logs["api"].read_text())
        yield f"http://127.0.0.1:{port}"


def unit(folder: Path, *words: str, program: str = "waybill") -> subprocess.CompletedProcess[str]:
    """What the technician types on the unit: it knows no server settings and no password."""
    command = [Path(sys.executable).with_name("waybill"), *words]
    if program == "waybill-bridge":
        command = [Path(sys.executable), "-m", "firmware_bridge.main", *words]
    environ = {"PATH": "/usr/bin:/bin", "WAYBILL_DATA_DIR": str(folder)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, cwd=folder)


def test_a_unit_is_enrolled_checked_and_at_work_without_any_other_setting(
    waybill_with_broker: Waybill, url: str, tmp_path: Path
) -> None:
    added = waybill_with_broker("device", "add", "gps-401", "--code")
    code = added.out.strip()

    enrolled = unit(tmp_path, "bridge", "enroll", url, code)
    again = unit(tmp_path, "bridge", "enroll", url, code, "--out", str(tmp_path / "second.toml"))
    checked = unit(tmp_path, "bridge", "check", "--enrolment", "enrolment.toml", "--source", SOURCE)

    assert enrolled.returncode == 0, enrolled.stderr
    assert "this unit is gps-401" in enrolled.stdout
    assert stat.S_IMODE((tmp_path / "enrolment.toml").stat().st_mode) == 0o600
    assert again.returncode == 1
    assert "wrong, has expired or was used" in again.stderr
    assert len(again.stderr.splitlines()) == 1
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "FAIL" not in checked.stdout
    assert "is stored: the gateway's receipt says so" in checked.stdout


def test_the_standalone_program_does_the_same(waybill_with_broker: Waybill, url: str, tmp_path: Path) -> None:
    code = waybill_with_broker("device", "add", "gps-402", "--code").out.strip()
    bridge = ("--enrolment", "enrolment.toml", "--spool", "spool.db", "--source")

    enrolled = unit(tmp_path, "enroll", url, code, program="waybill-bridge")
    checked = unit(tmp_path, "check", *bridge, SOURCE, program="waybill-bridge")
    ran = unit(tmp_path, "bridge", *bridge, SOURCE.replace("rate=1", "rate=max"), program="waybill-bridge")

    assert enrolled.returncode == 0, enrolled.stderr
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ran.returncode == 0, ran.stderr
    assert "0 wait for receipts" in ran.stderr


def test_what_is_missing_is_told_by_name(tmp_path: Path) -> None:
    lone = unit(tmp_path, "bridge", "--device", "gps-401")
    standalone = unit(tmp_path, "check", "--source", SOURCE, "--spool", "s", program="waybill-bridge")
    other = unit(tmp_path, "bridge", "check", "--enrolment", "nowhere.toml", "--source", SOURCE)

    assert lone.returncode != 0
    assert "no password for gps-401" in lone.stderr
    assert "--device, --broker, --password-file needed, or --enrolment FILE" in standalone.stderr
    assert "nowhere.toml: No such file" in other.stderr
