"""The bridge as one wheel in an environment of its own: decode, bridge, signs of life for systemd."""

import asyncio
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.integration.firmware_bridge.gateway_double import GatewayDouble
from tests.integration.firmware_bridge.scene import PASSWORD, double, running, until
from tests.unit.firmware_bridge.nmea.writing import drive
from waybill.stack.broker import Broker

ROOT = Path(__file__).parents[3]
BUILDER = ROOT / "scripts" / "build_bridge.py"


def build(folder: Path) -> Path:
    spec = importlib.util.spec_from_file_location("build_bridge", BUILDER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    wheel: Path = module.build(folder)
    return wheel


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """waybill-bridge in a fresh environment that holds the wheel and what the wheel names, nothing else."""
    folder = tmp_path_factory.mktemp("standalone")
    wheel = build(folder / "dist")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-index", "--no-deps"]
    subprocess.run([*command, str(wheel)], check=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    needed = (site / next(site.glob("waybill_bridge-*.dist-info")) / "METADATA").read_text(encoding="utf-8")
    for line in needed.splitlines():
        if line.startswith("Requires-Dist: ") and "extra ==" not in line:
            copy(line.split()[1].partition(">")[0], site)
    return folder / "venv" / "bin" / "waybill-bridge"


def copy(name: str, site: Path) -> None:
    """An installed distribution into another environment, as a download would bring it."""
    files = distribution(name).files
    assert files, name
    for file in files:
        if not str(file).startswith(("..", "/")):
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), site / file)


def environ(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **more}


def test_decode_runs_there(program: Path, tmp_path: Path) -> None:
    (tmp_path / "drive.nmea").write_bytes(drive(3))

    done = subprocess.run(
        [program, "decode", tmp_path / "drive.nmea"], capture_output=True, check=False, env=environ(), cwd=tmp_path
    )

    assert done.returncode == 0, done.stderr
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 3


def test_nothing_of_the_gateway_is_there(program: Path, tmp_path: Path) -> None:
    for name in ("gateway", "storage", "waybill", "psycopg", "typer", "streamlit"):
        done = subprocess.run([program.with_name("python"), "-c", f"import {name}"], check=False, capture_output=True,
                              env=environ(), cwd=tmp_path)  # fmt: skip
        assert b"ModuleNotFoundError" in done.stderr, name


def bridge_command(program: Path, folder: Path, broker: Broker, source: str) -> list[str]:
    (folder / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    return [
        str(program), "bridge", "--device", "gps-01", "--source", source, "--broker", f"127.0.0.1:{broker.port}",
        "--password-file", str(folder / "password"), "--spool", str(folder / "spool.db"),
    ]  # fmt: skip


def test_bridge_delivers_a_capture_from_there(program: Path, tmp_path: Path, own_broker: Broker) -> None:
    (tmp_path / "drive.nmea").write_bytes(drive(50))
    command = bridge_command(program, tmp_path, own_broker, f"replay:{tmp_path}/drive.nmea?rate=max&shift=none")

    async def play() -> tuple[GatewayDouble, int | None, str]:
        async with running(double(own_broker)) as gateway:
            await until(lambda: gateway.connected, "the gateway's session")
            process = await asyncio.create_subprocess_exec(
                *command, env=environ(), cwd=tmp_path, stderr=asyncio.subprocess.PIPE
            )
            _, said = await asyncio.wait_for(process.communicate(), 30)
            return gateway, process.returncode, said.decode()

    gateway, code, said = asyncio.run(play())

    assert code == 0, said
    assert "50 fixes spooled, 0 wait for receipts" in said
    (numbers,) = gateway.fixes.values()
    assert sorted(numbers) == list(range(1, 51))


def test_it_tells_systemd_that_it_lives_and_stops_on_sigterm(program: Path, tmp_path: Path, own_broker: Broker) -> None:
    command = bridge_command(program, tmp_path, own_broker, f"serial:{tmp_path}/not-plugged-in")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        told = environ(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="300000")
        with subprocess.Popen(command, env=told, cwd=tmp_path, stderr=subprocess.PIPE) as process:
            try:
                words = [systemd.recv(4096).decode() for _ in range(4)]
                process.terminate()
                while not words[-1].startswith("STOPPING=1"):
                    words.append(systemd.recv(4096).decode())
                _, said = process.communicate(timeout=30)
            finally:
                process.kill()

    assert words[0].startswith("READY=1\nSTATUS=")
    assert all(word.startswith("WATCHDOG=1\nSTATUS=") for word in words[1:4])
    assert process.returncode == 0, said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bridge", "--source", "tty"], "must be serial:"),
        (["bridge", "--broker", "host:port"], "must be HOST or HOST:PORT"),
        (["decode", "/nowhere"], "/nowhere"),
    ],
)
def test_a_mistake_is_one_line(program: Path, tmp_path: Path, own_broker: Broker, words: list[str], said: str) -> None:
    command = bridge_command(program, tmp_path, own_broker, f"replay:{__file__}")[2:] if words[0] == "bridge" else []

    done = subprocess.run(
        [program, words[0], *command, *words[1:]], capture_output=True, check=False, env=environ(), cwd=tmp_path
    )

    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("waybill-bridge: ")
    assert said in line
