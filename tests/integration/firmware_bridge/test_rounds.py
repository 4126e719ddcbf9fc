"""Everything that can break, round after round, before the real gateway: every number is in the database once."""

import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from contract.clock import true_now
from tests.fixtures.database import Database
from tests.fixtures.driving import Drive, Driven, Unit
from tests.fixtures.gateway import eventually, register, running_gateway
from tests.fixtures.proxy import Proxy, proxy_to
from tests.fixtures.vehicles import Vehicles
from tests.integration.firmware_bridge.scene import PASSWORD, add_devices
from waybill.stack.broker import Broker

PATIENCE_S = 40.0
QUEUE_LIMIT = 10


class Vehicle:
    """A bridge process behind a line, before a gateway; every method is one thing that goes wrong."""

    def __init__(
        self, broker: Broker, proxy: Proxy, database: Database, owner: psycopg.Connection, spool: Path
    ) -> None:
        self.broker, self.proxy, self.database, self.owner, self.spool = broker, proxy, database, owner, spool
        unit = Unit(device="gps-01", password=PASSWORD, spool=spool, port=proxy.port)
        begins_at = (true_now() - timedelta(days=2)).replace(microsecond=0)
        self._bridge = Vehicles(Drive(begins_at=begins_at, units=(unit,)), spool.with_name("drive.json"))
        self._gateway = ExitStack()

    def start(self) -> None:
        self._bridge.start()

    def finish(self) -> Driven:
        [driven] = self._bridge.finish()
        return driven

    def start_gateway(self) -> None:
        self._gateway.enter_context(running_gateway(self.broker, self.database))

    def stop_gateway(self) -> None:
        self._gateway.close()

    def stored(self) -> int:
        row = self.owner.execute("SELECT count(*) FROM waybill.fix").fetchone()
        assert row is not None
        return int(row[0])

    def moves(self) -> None:
        """More fixes come through than a moment ago."""
        before = self.stored()
        eventually(lambda: self.stored() > before + 5, PATIENCE_S)

    def bridge_killed(self) -> None:
        self._bridge.kill()
        self.start()

    def broker_killed(self) -> None:
        self.broker.kill()
        self.broker.start()

    def broker_wiped(self) -> None:
        self.broker.kill()
        shutil.rmtree(self.broker.data_dir / "state")
        self.broker.start()
        add_devices(self.broker)

    def line_cut(self) -> None:
        self.proxy.cut()
        self._pause()
        self.proxy.heal()

    def line_dropped(self) -> None:
        self.proxy.drop()

    def line_half_open(self) -> None:
        self.proxy.half_open()
        self._pause()
        self.proxy.heal()

    def line_slow(self) -> None:
        self.proxy.slow(delay_s=0.05)
        self.moves()
        self.proxy.slow()

    def gateway_away(self) -> None:
        self.stop_gateway()
        self._pause()
        self.start_gateway()

    def gateway_away_and_the_queue_full(self) -> None:
        """With a limit the broker drops what the gateway does not fetch, and answers success."""
        self._configure("max_queued_messages", QUEUE_LIMIT)
        self.stop_gateway()
        self._pause(seconds=1.5)
        self.start_gateway()

    def rules_refuse(self) -> None:
        acl = self.broker.data_dir / "state" / "broker.acl"
        rules = acl.read_text(encoding="utf-8")
        acl.write_text(rules.replace("pattern write waybill/v1/%u/fixes", ""), encoding="utf-8")
        self._reload()
        self._pause()
        acl.write_text(rules, encoding="utf-8")
        self._reload()

    def _configure(self, name: str, value: int) -> None:
        conf = self.broker.data_dir / "state" / "mosquitto.conf"
        lines = conf.read_text(encoding="utf-8").splitlines()
        conf.write_text("\n".join(f"{name} {value}" if line.startswith(f"{name} ") else line for line in lines) + "\n")
        self._reload()

    def _reload(self) -> None:
        assert self.broker.pid is not None
        os.kill(self.broker.pid, signal.SIGHUP)

    def _pause(self, seconds: float = 0.4) -> None:
        """Lets the vehicle drive on for a moment."""
        began_at = true_now()
        eventually(lambda: true_now() - began_at > timedelta(seconds=seconds), seconds + 5)

    def close(self) -> None:
        self._bridge.kill()
        self.stop_gateway()


FAULTS: list[Callable[[Vehicle], None]] = [
    Vehicle.bridge_killed,
    Vehicle.broker_killed,
    Vehicle.broker_wiped,
    Vehicle.line_cut,
    Vehicle.line_dropped,
    Vehicle.line_half_open,
    Vehicle.line_slow,
    Vehicle.gateway_away,
    Vehicle.gateway_away_and_the_queue_full,
    Vehicle.rules_refuse,
]


@pytest.fixture
def vehicle(own_broker: Broker, database: Database, owner: psycopg.Connection, tmp_path: Path) -> Iterator[Vehicle]:
    register(owner, "gps-01")
    with proxy_to(own_broker.host, own_broker.port) as proxy:
        vehicle = Vehicle(own_broker, proxy, database, owner, tmp_path / "spool.db")
        try:
            yield vehicle
        finally:
            vehicle.close()


def drive_through(vehicle: Vehicle, faults: list[Callable[[Vehicle], None]]) -> None:
    """The bridge begins before any gateway ever was; then fault after fault, each survived before the next."""
    vehicle.start()
    eventually(vehicle.spool.exists)
    vehicle.start_gateway()
    vehicle.moves()
    for fault in faults:
        fault(vehicle)
        vehicle.moves()
    driven = vehicle.finish()

    assert (driven.backlog, driven.dropped) == (0, 0)
    numbers = vehicle.owner.execute(
        "SELECT f.seq FROM waybill.fix f JOIN waybill.spool s ON s.id = f.spool_id WHERE s.name = %s ORDER BY f.seq",
        [driven.spool],
    ).fetchall()
    assert [seq for (seq,) in numbers] == list(range(1, driven.spooled + 1)), "a number is missing or stored twice"
    (progress,) = vehicle.owner.execute(
        "SELECT p.seqs::text FROM waybill.device_progress p JOIN waybill.spool s ON s.id = p.spool_id"
        " WHERE s.name = %s",
        [driven.spool],
    ).fetchall()
    assert progress == (f"{{[1,{driven.spooled + 1})}}",)
    times = vehicle.owner.execute(
        "SELECT fixed_at, count(*) FROM waybill.fix GROUP BY 1 HAVING count(*) > 1"
    ).fetchall()
    assert times == [], "one second has two numbers: the bridge gave one twice"


def test_each_fault_once(vehicle: Vehicle) -> None:
    drive_through(vehicle, FAULTS)


@pytest.mark.long
def test_a_hundred_rounds_of_faults(vehicle: Vehicle) -> None:
    chance = random.Random("a hundred rounds")

    drive_through(vehicle, [chance.choice(FAULTS) for _ in range(100)])
