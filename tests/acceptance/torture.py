"""A small installation of real processes on lines that can be cut, and all that may befall it. Judges nothing."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from signal import SIGCONT, SIGSTOP, Signals

import msgspec
import psycopg

from contract.clock import true_now
from gateway.broker_admin import BrokerAdmin
from tests.fixtures.command_line import settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.driving import Drive, Unit
from tests.fixtures.gateway import DEVICE_PASSWORD, eventually
from tests.fixtures.processes import Part
from tests.fixtures.proxy import Proxy, proxy_to
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, BROKER_GATEWAY_PASSWORD
from tests.fixtures.vehicles import Vehicles
from waybill.stack.broker import HOST, Broker
from waybill.stack.broker_tls import TlsListeners
from waybill.stack.postgres import Postgres

PATIENCE_S = 90.0  # for everything to work again: backoffs of ten seconds add up, and two cores are shared
LONGEST_S = 1.5  # that a trouble lasts


class World:
    """Bridges, gateway, worker, broker and database, with a line between each two of them."""

    def __init__(
        self,
        broker: Broker,
        postgres: Postgres,
        database: Database,
        devices: tuple[str, ...],
        begins_at: datetime,
        folder: Path,
        tls: TlsListeners | None = None,
    ) -> None:
        self.broker, self.postgres, self.database, self.devices = broker, postgres, database, devices
        self.ca_file = None if tls is None else tls.folder / "device-ca.pem"  # it signed the broker's certificate, too
        self.stack = ExitStack()
        broker_port = broker.port if tls is None else tls.password_port
        self.line_of_devices = self._line(broker.host, broker_port)
        self.line_to_broker = self._line(broker.host, broker_port)
        self.line_to_database = self._line(HOST, postgres.port)
        self.folder = folder
        self.lock_holder: psycopg.Connection | None = None
        self.begins_at = begins_at
        self.gateway = self._part("gateway")
        self.worker = self._part("worker")
        self.vehicles = Vehicles(self._drive(), folder / "drive.json")
        self.stack.callback(self.stop)

    def _line(self, host: str, port: int) -> Proxy:
        return self.stack.enter_context(proxy_to(host, port))

    def _part(self, word: str) -> Part:
        port = str(self.postgres.port)
        urls = {
            name: url.replace(f":{port}/", f":{self.line_to_database.port}/")
            for name, url in settings_of_tests(self.database).items()
        }
        environ = {
            **urls, "WAYBILL_BROKER_PORT": str(self.line_to_broker.port),
            "WAYBILL_BROKER_PASSWORD": BROKER_GATEWAY_PASSWORD, "WAYBILL_DATA_DIR": str(self.folder),
        }  # fmt: skip
        if self.ca_file is not None:
            environ["WAYBILL_BROKER_TLS_CA"] = str(self.ca_file)
        return Part(word, environ=environ, log=self.folder / f"{word}.log")

    def _drive(self) -> Drive:
        return Drive(
            begins_at=self.begins_at,
            units=tuple(
                Unit(
                    device=name,
                    password=DEVICE_PASSWORD,
                    spool=self.folder / f"{name}.db",
                    port=self.line_of_devices.port,
                    ca_file=self.ca_file,
                )
                for name in self.devices
            ),
        )  # fmt: skip

    def put_credentials(self) -> None:
        admin = BrokerAdmin(self.broker.host, self.broker.port, BROKER_ADMIN_PASSWORD)
        admin.put(dict.fromkeys(self.devices, DEVICE_PASSWORD))

    def start(self) -> None:
        self.put_credentials()
        for each in (self.vehicles, self.gateway, self.worker):
            each.start()

    def query(self, text: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        """Asks the database itself, over a connection of its own: the one before may have died with the server."""
        with psycopg.connect(self.database.owner_url, autocommit=True) as connection:
            return connection.execute(text, list(values)).fetchall()

    def counts(self) -> dict[str, int]:
        """Stored fixes of each device."""
        rows = self.query(
            "SELECT d.name, (SELECT count(*) FROM waybill.fix f WHERE f.device_id = d.id) FROM waybill.device d"
        )
        return dict(rows)

    def moves(self) -> None:
        """More of every device comes through than a moment ago."""
        before = self.counts()
        eventually(lambda: all(count > before[name] + 3 for name, count in self.counts().items()), PATIENCE_S)

    def driven_s(self) -> float:
        """How far the vehicle is that drove least, by what is stored."""
        [(newest,)] = self.query("SELECT min(fixed_at) FROM waybill.last_fix")
        return 0.0 if newest is None else float((newest - self.begins_at).total_seconds())

    def wait(self, seconds: float) -> None:
        """Lets everybody go on for a moment, as far as they can."""
        until = true_now() + timedelta(seconds=seconds)
        eventually(lambda: true_now() >= until, seconds + 5)

    def stop(self) -> None:
        for part in (self.gateway, self.worker):
            part.kill()
        self.vehicles.kill()


class Trouble(msgspec.Struct, frozen=True):
    """Something that befalls `who` and passes: no other trouble of the same one may happen meanwhile."""

    who: str
    name: str
    begin: Callable[[World], object]
    end: Callable[[World], object]

    def __str__(self) -> str:
        return f"{self.who} {self.name}"


class Round(msgspec.Struct, frozen=True):
    """Troubles at the same time, for how long, and in which order they pass."""

    troubles: tuple[Trouble, ...]
    lasts_s: float
    passing: tuple[Trouble, ...]

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.troubles))} for {self.lasts_s:.1f} s"

    def befall(self, world: World) -> None:
        for trouble in self.troubles:
            trouble.begin(world)
        world.wait(self.lasts_s)
        for trouble in self.passing:
            trouble.end(world)


def each_trouble_once(chance: random.Random, at_once: int) -> Iterator[Round]:
    """Every trouble there is, `at_once` together, in an order of chance."""
    left = list(TROUBLES)
    chance.shuffle(left)
    while left:
        together: dict[str, Trouble] = {}
        for trouble in left:
            if len(together) < at_once:
                together.setdefault(trouble.who, trouble)
        for trouble in together.values():
            left.remove(trouble)
        yield _round(chance, tuple(together.values()))


def rounds_by_chance(chance: random.Random, count: int) -> Iterator[Round]:
    """One to three troubles at once."""
    for _ in range(count):
        shuffled = chance.sample(TROUBLES, len(TROUBLES))
        together = {trouble.who: trouble for trouble in shuffled}
        yield _round(chance, tuple(together.values())[: chance.choice([1, 2, 2, 3])])


def _round(chance: random.Random, troubles: tuple[Trouble, ...]) -> Round:
    return Round(troubles, chance.uniform(0.05, LONGEST_S), tuple(chance.sample(troubles, len(troubles))))


def _wipe(world: World) -> None:
    world.broker.kill()
    shutil.rmtree(world.broker.data_dir / "state")


def _start_wiped(world: World) -> None:
    world.broker.start()
    world.put_credentials()


def _signal_family(root: int | None, number: Signals) -> None:
    """The process and everything below it: a database is a family."""
    assert root is not None
    os.kill(root, number)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == root:
                os.kill(int(path.parent.name), number)
        except OSError:
            continue  # it has ended meanwhile


def _hold_lock(world: World) -> None:
    """Somebody works in the tables and does not commit."""
    holder = psycopg.connect(world.database.owner_url)
    holder.execute("LOCK TABLE waybill.device_progress, waybill.reject IN EXCLUSIVE MODE")
    world.lock_holder = holder


def _let_go(world: World) -> None:
    assert world.lock_holder is not None
    world.lock_holder.close()


def _parts(who: str, of: Callable[[World], Part | Vehicles]) -> list[Trouble]:
    return [
        Trouble(who, "killed", lambda world: of(world).kill(), lambda world: of(world).start()),
        Trouble(who, "paused", lambda world: of(world).signal(SIGSTOP), lambda world: of(world).signal(SIGCONT)),
    ]


def _lines(who: str, of: Callable[[World], Proxy]) -> list[Trouble]:
    return [
        Trouble(who, "cut", lambda world: of(world).cut(), lambda world: of(world).heal()),
        Trouble(who, "half open", lambda world: of(world).half_open(), lambda world: of(world).heal()),
        Trouble(who, "dropped", lambda world: of(world).drop(), lambda world: of(world).drop()),
        Trouble(who, "slow", lambda world: of(world).slow(delay_s=0.05), lambda world: of(world).slow()),
    ]


TROUBLES: list[Trouble] = [
    *_parts("gateway", lambda world: world.gateway),
    *_parts("vehicles", lambda world: world.vehicles),
    *_parts("worker", lambda world: world.worker),
    Trouble("broker", "killed", lambda world: world.broker.kill(), lambda world: world.broker.start()),
    Trouble("broker", "killed and wiped", _wipe, _start_wiped),
    Trouble("broker", "paused", lambda world: _signal_family(world.broker.pid, SIGSTOP),
            lambda world: _signal_family(world.broker.pid, SIGCONT)),
    Trouble("database", "killed", lambda world: world.postgres.kill(), lambda world: world.postgres.start()),
    Trouble("database", "paused", lambda world: _signal_family(world.postgres.pid, SIGSTOP),
            lambda world: _signal_family(world.postgres.pid, SIGCONT)),
    Trouble("database", "locked", _hold_lock, _let_go),
    *_lines("line of the devices", lambda world: world.line_of_devices),
    *_lines("line to the broker", lambda world: world.line_to_broker),
    *_lines("line to the database", lambda world: world.line_to_database),
]  # fmt: skip
