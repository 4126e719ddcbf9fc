"""The runs that are compared: mosquitto_sub alone, the naive gateway, ours. Each verifies what it counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from benchmarks.ingest.load import publish_all
from benchmarks.ingest.processor import used_s
from benchmarks.ingest.world import PASSWORD, Load, World
from waybill.stack.servers import ensure


class Outcome(msgspec.Struct, frozen=True):
    """Positions per second (of mosquitto_sub: messages), and processor time per position in microseconds by part."""

    per_s: float
    processor_us: dict[str, float]
    lost: int = 0


@contextmanager
def process(command: list[str], environ: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is ended in order."""
    running = subprocess.Popen(command, env={**os.environ, **(environ or {})}, stdout=subprocess.PIPE)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


@contextmanager
def gateway(world: World, *, tracking: bool) -> Iterator[subprocess.Popen[bytes]]:
    """Our gateway, connected and subscribed."""
    environ = {
        "WAYBILL_DATABASE_URL": world.gateway_url,
        "WAYBILL_BROKER_HOST": world.broker.host,
        "WAYBILL_BROKER_PORT": str(world.port),
        "WAYBILL_BROKER_PASSWORD": PASSWORD,
        "WAYBILL_LOG_LEVEL": "warning",
        "WAYBILL_GATEWAY_METRICS_PORT": "0",
    }
    if world.certificate is not None:
        environ["WAYBILL_BROKER_TLS_CA"] = str(world.certificate)
    arguments = [] if tracking else ["--untracked"]
    began_at = world.owner.execute("SELECT clock_timestamp()").fetchone()
    with process([sys.executable, "-m", "benchmarks.ingest.gateway", *arguments], environ) as running:
        subscribed = (
            "SELECT 1 FROM waybill.part WHERE name = 'gateway' AND started_at > %s"
            " AND (counters ->> 'connected')::int = 1"
        )
        until(lambda: running.poll() is not None or world.owner.execute(subscribed, began_at).fetchone() is not None)
        if running.poll() is not None:
            raise ChildProcessError(f"the gateway ended with {running.returncode}; its words stand above")
        yield running


def until(check: Callable[[], bool], patience_s: float = 300) -> None:
    deadline = time.monotonic() + patience_s
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not done after {patience_s} s")
        time.sleep(0.05)


class _Meter:
    """Processor time of the parts between its making and `outcome`."""

    def __init__(self, world: World, receiver: subprocess.Popen[bytes]) -> None:
        assert world.broker.pid is not None
        assert world.postgres.pid is not None
        self._pids = {"broker": world.broker.pid, "PostgreSQL": world.postgres.pid, "receiver": receiver.pid}
        self._began = self._used()
        self.began_s = time.monotonic()

    def _used(self) -> dict[str, float]:
        return {name: used_s(pid) for name, pid in self._pids.items()} | {"load": time.process_time()}

    def outcome(self, positions: int, took_s: float | None = None, lost: int = 0) -> Outcome:
        took_s = time.monotonic() - self.began_s if took_s is None else took_s
        used = {name: (after - self._began[name]) / positions * 1e6 for name, after in self._used().items()}
        return Outcome(positions / took_s, used, lost)


def run_limit(world: World, load: Load) -> Outcome:
    """mosquitto_sub receives the messages and throws them away."""
    sub = ensure("mosquitto", print) / "usr/bin/mosquitto_sub"
    tls = [] if world.certificate is None else ["--cafile", str(world.certificate)]
    command = [
        str(sub), "-h", world.broker.host, "-p", str(world.port), "-V", "5", "-i", "gateway", "-u", "gateway",
        "-P", PASSWORD, *tls, "-q", "1", "-c", "-x", "3600", "-D", "connect", "receive-maximum", "20000",
        "-t", "waybill/v1/+/fixes", "-C", str(load.messages),
    ]  # fmt: skip
    with process(["sh", "-c", 'exec "$@" >/dev/null', "sh", *command]) as running:
        time.sleep(1.0)  # no sign of its own says that mosquitto_sub has subscribed
        meter = _Meter(world, running)
        unnoticed = publish_all(world.address, load.packets)
        if unnoticed:
            raise AssertionError(f"{unnoticed} messages were refused, or nobody had subscribed")
        os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)  # what it used can still be read
        return meter.outcome(load.messages)


def run_naive(world: World, load: Load) -> Outcome:
    """The naive gateway: what it stored, until nothing more came; it loses messages."""
    world.owner.execute("DROP TABLE IF EXISTS naive_fix")
    world.owner.execute(
        "CREATE TABLE naive_fix (device text, seq bigint, fixed_at timestamptz, lat_e7 int, lon_e7 int,"
        " speed_mps real, course_deg real)"
    )
    world.owner.execute("SELECT create_hypertable('naive_fix', by_range('fixed_at', INTERVAL '1 day'))")
    arguments = [world.broker.host, str(world.port), PASSWORD, world.postgres.url()]
    if world.certificate is not None:
        arguments.append(str(world.certificate))
    with process([sys.executable, "-m", "benchmarks.ingest.naive", *arguments]) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        meter = _Meter(world, running)
        publish_all(world.address, load.packets)
        stored, changed_s = 0, meter.began_s
        while stored < load.positions and time.monotonic() - changed_s < 3:
            before, stored = stored, world.number("SELECT count(*) FROM naive_fix")
            changed_s = time.monotonic() if stored > before else changed_s
            time.sleep(0.05)
        return meter.outcome(stored, changed_s - meter.began_s, load.positions - stored)


def run_waybill(world: World, load: Load, *, tracking: bool) -> Outcome:
    """Our gateway, until the database says that every number is stored."""
    with gateway(world, tracking=tracking) as running:
        meter = _Meter(world, running)
        refused = publish_all(world.address, load.packets)
        until(lambda: world.progress(load) >= load.positions)
        outcome = meter.outcome(load.positions)
    if refused:
        raise AssertionError(f"{refused} messages were refused, or nobody had subscribed")
    world.proven(load)
    return outcome
