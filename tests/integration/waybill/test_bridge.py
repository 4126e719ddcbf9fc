"""`waybill bridge`: a real receiver's capture goes through spool, broker, gateway and database and comes back whole."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.geo import degrees_text
from contract.times import parse_instant
from firmware_bridge.nmea.decoder import Decoder
from tests.fixtures.command_line import Waybill, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_GATEWAY_PASSWORD
from tests.golden.traces.sentences import Track, nmea, posmo, track
from waybill.stack.broker import Broker

CAPTURES = Path(__file__).parents[2] / "golden" / "nmea"
TRACES = Path(__file__).parents[2] / "golden" / "traces"


@pytest.fixture
def environ(database: Database, broker: Broker, tmp_path: Path) -> dict[str, str]:
    return {
        **settings_of_tests(database),
        "WAYBILL_BROKER_PORT": str(broker.port),
        "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD,
        "WAYBILL_DATA_DIR": str(tmp_path / "data"),
        "WAYBILL_ACCEPT_REPLAYED": "true",
    }


@pytest.fixture
def gateway(environ: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with waybill_process("gateway", environ=environ, log=tmp_path / "gateway.log") as process:
        log = tmp_path / "gateway.log"
        eventually(lambda: "action=database_connected" in log.read_text() and "action=connected" in log.read_text())
        yield process


@pytest.fixture
def gps_77(waybill_with_broker: Waybill, environ: dict[str, str]) -> Waybill:
    """gps-77 is fitted in van-7 and its password is kept in the data folder."""
    waybill = waybill_with_broker
    waybill("premises", "add", "shop", "--name", "Shop", "--tz", "Europe/Helsinki")
    waybill("vehicle", "add", "van-7")
    added = waybill("device", "add", "gps-77", "--fit", "van-7", "--at", "2026-01-01T00:00:00Z", "--save", **environ)
    assert added.exit_code == 0, added
    return waybill


def _bridge(environ: dict[str, str], source: str, log: Path, *more: str) -> tuple[int, str]:
    with waybill_process(
        "bridge", "--device", "gps-77", "--source", source, *more, environ=environ, log=log
    ) as process:
        return process.wait(timeout=60), log.read_text()


@pytest.mark.parametrize("capture", ["bu353s4", "neo-m8n", "furuno_gl_ga"])
def test_history_gives_back_what_the_receiver_saw(
    gps_77: Waybill, gateway: subprocess.Popen[bytes], environ: dict[str, str], tmp_path: Path, capture: str
) -> None:
    code, said = _bridge(environ, f"replay:{CAPTURES}/{capture}.nmea?rate=max&shift=now", tmp_path / "bridge.log")

    assert code == 0, said
    answer = gps_77("history", "--vehicle", "van-7", "--from", "1 days ago", "--refused", **environ)
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    decoder = Decoder()
    seen = [*decoder.feed((CAPTURES / f"{capture}.nmea").read_bytes()), *decoder.flush()]
    assert {row["replayed"] for row in rows} == {"true"}
    assert [row["seq"] for row in rows] == [str(number + 1) for number in range(len(seen))]
    assert [(row["lat"], row["lon"]) for row in rows] == [
        (degrees_text(fix.lat_e7), degrees_text(fix.lon_e7)) for fix in seen
    ]
    times = [parse_instant(row["fixed_at"]) for row in rows]
    assert [at - times[0] for at in times] == [fix.fixed_at - seen[0].fixed_at for fix in seen]
    assert [row["satellites"] for row in rows] == [
        "" if fix.satellites is None else str(fix.satellites) for fix in seen
    ]


def test_without_a_password_the_way_out_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    code, said = _bridge(environ, f"replay:{CAPTURES}/bu353s4.nmea", tmp_path / "log")

    assert code == 1
    assert said.startswith("waybill: no password for gps-77: set WAYBILL_DEVICE_PASSWORD, give --password-file, or")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("replay:/nowhere.nmea", "no such file as /nowhere.nmea"),
        ("carrier-pigeon:coop", "source 'carrier-pigeon:coop': must be serial:/dev/ttyUSB0?"),
    ],
)
def test_a_source_that_cannot_be_is_one_clear_line(
    environ: dict[str, str], tmp_path: Path, source: str, wanted: str
) -> None:
    code, said = _bridge({**environ, "WAYBILL_DEVICE_PASSWORD": "some-password"}, source, tmp_path / "log")

    assert code == 1
    assert wanted in said
    assert len(said.splitlines()) == 1


def test_sigterm_ends_a_bridge_within_seconds(
    waybill_with_broker: Waybill, environ: dict[str, str], tmp_path: Path
) -> None:
    # A device of its own: no gateway runs here, and what the broker keeps for it reaches the next test's gateway,
    # where fixes of gps-77 in New Zealand would make those of the bus in Limerick a jump.
    waybill_with_broker("device", "add", "gps-78", "--save", **environ)
    log, spool = tmp_path / "log", tmp_path / "data" / "spool" / "gps-78.db"
    source = f"replay:{CAPTURES}/bu353s4.nmea?rate=1"
    with waybill_process("bridge", "--device", "gps-78", "--source", source, environ=environ, log=log) as process:
        eventually(lambda: spool.exists() or process.poll() is not None)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=20) == 0, log.read_text()


@pytest.mark.parametrize(
    ("ridden", "least"), [(track(TRACES / "bus304_limerick.gpx"), 2000), (posmo(), 400)], ids=["bus304", "posmo"]
)
def test_a_real_ride_comes_back_point_by_point(
    gps_77: Waybill,
    gateway: subprocess.Popen[bytes],
    environ: dict[str, str],
    tmp_path: Path,
    ridden: Track,
    least: int,
) -> None:
    capture = tmp_path / "ride.nmea"
    capture.write_bytes(nmea(ridden))

    _, said = _bridge(environ, f"replay:{capture}?rate=max&shift=now", tmp_path / "bridge.log")

    assert f"{len(ridden)} fixes spooled in all" in said
    # A phone in a car jumps now and then: the engine refuses some fixes of posmo, the record holds them all.
    asked = ("history", "--vehicle", "van-7", "--from", "1 days ago", "--refused", "--format")

    def points() -> list[Any]:
        features = json.loads(gps_77(*asked, "geojson", **environ).out)["features"]
        return [feature for feature in features if feature["geometry"]["type"] == "Point"]

    # A busy machine's receipts may come later than a bridge waits for them; what it sent is on its way all the same.
    eventually(lambda: len(points()) == len(ridden), 60)
    assert len(ridden) > least
    for point, (_, lat_deg, lon_deg) in zip(points(), ridden, strict=True):
        # Tracks have up to 15 digits, a receiver's sentence 1e-6 minute, a fix 1e-7 degree.
        assert point["geometry"]["coordinates"][:2] == pytest.approx([lon_deg, lat_deg], abs=1e-7)
    came_back = tmp_path / "came_back.gpx"
    came_back.write_text(gps_77(*asked, "gpx", **environ).out, encoding="utf-8")
    times = [at for at, _, _ in track(came_back)]
    said_at = [at.replace(microsecond=at.microsecond // 10_000 * 10_000) for at, _, _ in ridden]  # hundredths
    assert [at - times[0] for at in times] == [at - said_at[0] for at in said_at]
