"""`waybill simulate`: files with the truth beside them, or fixes that arrive like those of real receivers."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.sim.faults import Tunnel
from firmware_bridge.sim.truth_records import TrueFault, TruthRecord
from tests.fixtures.command_line import Answer, Waybill, caller, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, BROKER_GATEWAY_PASSWORD
from waybill.simulation.record import Simulation, Unit
from waybill.stack.broker import Broker

STREETS = Path(__file__).parents[3] / "waybill" / "demo" / "map" / "streets.json.gz"
START = ("--start", "2026-11-23T09:00:00Z")


def record(folder: Path, *more: str) -> Answer:
    words = ("--vehicles", "2", "--hours", "0.5", *START, "--record", str(folder), *more)
    return caller({"WAYBILL_DATA_DIR": str(folder.parent / "data")})("simulate", *words)


def test_recording_is_one_capture_per_vehicle_and_the_truth(tmp_path: Path) -> None:
    answer = record(tmp_path / "a", "--faults", "tunnels,checksums", "--streets", str(STREETS))

    assert answer.exit_code == 0, answer
    assert answer.out.startswith("3,600 vehicle-seconds of 2 vehicles")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["truth.jsonl", "van-1.nmea", "van-2.nmea"]
    head, *lines = (tmp_path / "a" / "truth.jsonl").read_bytes().splitlines()
    assert msgspec.json.decode(head, type=Simulation).faults == ("tunnels", "checksums")
    records = [msgspec.json.decode(line, type=Unit | TruthRecord) for line in lines]
    assert [one.device for one in records if isinstance(one, Unit)] == ["sim-01", "sim-02"]
    decoder = Decoder()
    fixes = decoder.feed((tmp_path / "a" / "van-2.nmea").read_bytes()) + decoder.flush()
    tunnels = [
        one.fault
        for one in records
        if isinstance(one, TrueFault) and one.vehicle == "van-2" and isinstance(one.fault, Tunnel)
    ]
    assert tunnels
    assert not any(tunnel.starts_at <= fix.fixed_at < tunnel.ends_at for tunnel in tunnels for fix in fixes)


def test_same_words_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert record(tmp_path / name, "--faults", "all", "--streets", str(STREETS)).exit_code == 0

    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_without_streets_the_ground_is_blank_and_the_remedy_is_said(tmp_path: Path) -> None:
    answer = record(tmp_path / "a", "--around", "52.5,13.4")

    assert answer.exit_code == 0, answer
    assert "straight lines" in answer.err
    assert "waybill map build EXTRACT.osm.pbf" in answer.err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("--faults", "gremlins"), "--faults 'gremlins' is none of tunnels, jumps"),
        (("--around", "here"), "--around 'here' must be LAT,LON in degrees"),
        (("--around", "91,0"), "is no place on Earth"),
        (("--streets", "/nowhere.gz"), "--streets /nowhere.gz: No such file or directory. waybill map build"),
        (("--device-prefix", "Sim/"), "--device-prefix 'Sim/'"),
    ],
)
def test_what_cannot_be_is_one_clear_line(tmp_path: Path, words: tuple[str, ...], wanted: str) -> None:
    answer = record(tmp_path / "a", *words)

    assert answer.exit_code == 1
    assert wanted in answer.error


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    assert record(tmp_path / "a").exit_code == 0

    assert "already; name an empty or a new folder" in record(tmp_path / "a").error


@pytest.fixture
def environ(database: Database, broker: Broker, tmp_path: Path) -> dict[str, str]:
    return {
        **settings_of_tests(database),
        "WAYBILL_BROKER_PORT": str(broker.port),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
        "WAYBILL_BROKER_ADMIN_PASSWORD": BROKER_ADMIN_PASSWORD,
        "WAYBILL_DATA_DIR": str(tmp_path / "data"),
        "WAYBILL_ACCEPT_SIMULATED": "true",
    }


@pytest.fixture
def gateway(environ: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = tmp_path / "gateway.log"
    with waybill_process("gateway", environ=environ, log=log) as process:
        eventually(lambda: "action=database_connected" in log.read_text() and "action=connected" in log.read_text())
        yield process


def test_fleet_registers_itself_and_its_fixes_arrive(
    waybill_with_broker: Waybill, gateway: subprocess.Popen[bytes], environ: dict[str, str], tmp_path: Path
) -> None:
    waybill_with_broker("premises", "add", "shop", "--name", "Shop", "--tz", "Europe/Helsinki")
    words = ("--vehicles", "2", "--hours", "0.1", "--start", "10 minutes ago", "--streets", str(STREETS), "--register")

    with waybill_process("simulate", *words, environ=environ, log=tmp_path / "log") as process:
        code = process.wait(timeout=60)

    assert code == 0, (tmp_path / "log").read_text()
    asked = ("history", "--vehicle", "van-2", "--from", "1 hours ago", "--refused", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(waybill_with_broker(*asked, **environ).out)))
    assert len(rows) > 12
    assert {row["quality"] for row in rows} == {"simulated"}
    assert [row["seq"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]


def test_devices_without_passwords_are_told_how_to_get_them(environ: dict[str, str]) -> None:
    answer = caller(environ)("simulate", "--vehicles", "3", "--streets", str(STREETS))

    assert answer.exit_code == 1
    assert "no password for 3 of 3 devices, the first sim-01" in answer.error
    assert "waybill device add NAME --fit VEHICLE --save" in answer.error
