"""A day with real broker, database, gateway, api and worker, where everybody asks over HTTP. Judges nothing."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import psycopg

from contract.clock import Clock, true_now
from gateway.master.devices import add_device
from gateway.people.accounts import Wanted, open_account
from gateway.people.permissions import Role
from gateway.tracking.policy import Policy
from gateway.worker.main import WorkerOptions, run_worker
from storage.audit import Actor
from storage.people import Grant
from storage.retention import Periods
from tests.acceptance.day_vans import HOME, Point, Van, Visit, place
from tests.fixtures.api_server import running_api
from tests.fixtures.database import Database
from tests.fixtures.gateway import Device, eventually, running_gateway
from waybill.demo.caller import Caller
from waybill.stack.broker import Broker

OPENS_AT = (true_now() - timedelta(days=2)).replace(hour=7, minute=0, second=0, microsecond=0)
SLICE = timedelta(minutes=5)
PASSWORD = "a-day-of-the-tests"
SETUP = Actor("system", "tests")
PATIENCE_S = 60.0
_SENT_AT_ONCE = 200
ACCEPTING = Policy(accept_simulated=True)
ALL_KEPT = Periods(on_trip_days=180, off_trip_days=180, reject_days=180, business_days=2557)


AnyDay = TypeVar("AnyDay", bound="Day")


class HandClock(Clock, frozen=True):
    """A clock that shows what it was last set to."""

    hands: list[datetime] = msgspec.field(default_factory=list)

    def at(self, wall: datetime) -> datetime:
        return self.hands[-1]

    def set(self, shown: datetime) -> None:
        self.hands[:] = [shown]


@dataclass
class Order:
    """One order and what is to become of it."""

    ref: str
    door: Point
    fate: str
    order_no: str = ""


@dataclass
class Run:
    """A trip that a van drives."""

    trip_no: str
    driver: str
    orders: list[str] = field(default_factory=list)  # open ones in the plan's sequence, by number
    visited: set[str] = field(default_factory=set)  # doors that the van stands at or has left


class Day:
    """The installation, its callers, and what was asked of it."""

    def __init__(self, database: Database, clock: HandClock, origin: str, make_device: Callable[[str], Device]) -> None:
        self.database, self.clock, self.origin, self.make_device = database, clock, origin, make_device
        self.orders: dict[str, Order] = {}  # by number for people
        self.vans: dict[str, Van] = {}
        self.devices: dict[str, Device] = {}
        self.runs: dict[str, Run] = {}  # by van
        self.ready: list[str] = []
        self.changes = 0
        self._stack = ExitStack()
        owner = psycopg.connect(database.owner_url, autocommit=True)
        self._owner = self._stack.enter_context(owner)
        self.chief = self.signed_in("chief")
        self._register_premises()
        roles = [{"role": Role.DISPATCHER, "premises": "shop"}]
        self.do(self.chief, "POST", "/v1/accounts", {"name": "aino", "password": PASSWORD, "roles": roles})
        self.aino = self.signed_in("aino")
        self.shop = self._key("pos", "orders:read", "orders:write")
        self.phones = self._key("phones", "orders:read", "orders:write", "trips:read", "trips:write")

    def close(self) -> None:
        self._stack.close()

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def caller(self, headers: dict[str, str]) -> Caller:
        caller = Caller(self.origin, headers)
        self._stack.callback(caller.close)
        return caller

    def signed_in(self, name: str) -> Caller:
        caller = self.caller({})
        caller.sign_in(name, PASSWORD)
        return caller

    def do(self, caller: Caller, method: str, path: str, body: object = None) -> Any:
        """What changes something; it must leave an audit event."""
        before = self.audit_events()
        answer = caller.ask(method, path, body)
        assert self.audit_events() > before, f"{method} {path} left no audit event"
        self.changes += 1
        return answer

    def audit_events(self) -> int:
        """Of people and order systems; what fixes show comes beside."""
        return self.rows("SELECT count(*) FROM waybill.audit_event WHERE actor_kind <> 'system'")[0][0]

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._owner.execute(query.encode(), values).fetchall()

    def _register_premises(self) -> None:
        self.do(
            self.chief, "POST", "/v1/licensees", {"name": "shop-ltd", "legal_name": "Shop Ltd", "licence_no": "L-7"}
        )
        shop = {
            "code": "shop", "name": "Shop", "tz": "Europe/Helsinki", "licence_no": "P-7", "licensee": "shop-ltd",
            "address": "Street 1, Helsinki", "lat": HOME[0] / 1e7, "lon": HOME[1] / 1e7,
        }  # fmt: skip
        self.do(self.chief, "POST", "/v1/premises", shop)
        check = {"values": {"load_check": True}, "reason": "every bag is scanned"}
        self.do(self.chief, "POST", "/v1/profiles/plain/versions", check)

    def _key(self, name: str, *scopes: str) -> Caller:
        made = self.do(self.chief, "POST", "/v1/keys", {"name": name, "scopes": scopes, "premises": "shop"})
        return self.caller({"Authorization": f"Bearer {made['secret']}"})

    def add_van(self, number: int) -> Van:
        """A van with its unit and a driver."""
        name, device, driver = f"van-{number}", f"gps-{number:02d}", f"E-{number:02d}"
        self.do(self.chief, "POST", "/v1/vehicles", {"name": name, "premises": "shop", "plate": f"DAY-{number:03d}"})
        with psycopg.connect(self.database.gateway_url) as connection:
            add_device(connection, device, actor=SETUP, at=self.now)
        since = self.now - timedelta(days=1)
        self.do(self.chief, "POST", "/v1/installs", {"device": device, "vehicle": name, "from_at": since})
        person = {"employee_no": driver, "name": f"Driver {number}", "premises": "shop"}
        self.do(self.chief, "POST", "/v1/drivers", person)
        spool = f"{number:016x}"
        van = Van(name, device, spool, self.now, lambda: self.next_visit(name), lambda at: self.back_home(name, at))
        self.vans[name], self.devices[name] = van, self.make_device(device)
        self.devices[name].spool = spool
        return van

    def next_visit(self, van: str) -> Visit | None:
        raise NotImplementedError

    def back_home(self, van: str, at: datetime) -> None:
        raise NotImplementedError

    def place_order(self, ref: str, door: Point, fate: str) -> Order:
        """An order that is placed, accepted and made ready now."""
        lat_e7, lon_e7 = place(door)
        body = {
            "customer_name": f"Elina {ref}", "customer_no": f"C-{ref}", "customer_phone": "+358 40 555 0147",
            "address": f"Street {ref}, Helsinki", "lat": lat_e7 / 1e7, "lon": lon_e7 / 1e7, "channel": "web",
            "window_from": self.now, "window_to": self.now + timedelta(hours=6), "currency": "EUR",
            "prepared_by": "E-01", "payment": "card",
            "lines": [
                {"item": "Riesling 0.75 l", "quantity": 2, "unit_price_minor": 1290, "tag": f"TAG-{ref}"},
                {"item": "Ice", "quantity": 1, "unit": "kg", "unit_price_minor": 200},
            ],
        }  # fmt: skip
        order = Order(ref, door, fate)
        order.order_no = self.do(self.shop, "PUT", f"/v1/orders/by-ref/pos/{ref}", body)["order_no"]
        self.orders[order.order_no] = order
        return order

    def say_ready(self, orders: list[Order]) -> None:
        said = [
            {"number": one.ref, "milestone": milestone, "at": self.now}
            for one in orders
            for milestone in ("accepted", "preparing", "ready")
        ]
        self.do(self.shop, "POST", "/v1/orders/by-ref/pos/milestones", {"milestones": said})
        self.ready += [one.order_no for one in orders]

    def say(self, caller: Caller, order_no: str, milestone: str, at: datetime, **more: Any) -> None:
        self.do(caller, "POST", f"/v1/orders/{order_no}/milestones", {"milestone": milestone, "at": at, **more})

    def order(self, order_no: str) -> Any:
        return self.aino.ask("GET", f"/v1/orders/{order_no}")

    def trip(self, trip_no: str) -> Any:
        return self.aino.ask("GET", f"/v1/trips/{trip_no}")

    def let_time_pass(self, until: datetime) -> None:
        """Every van drives on and its unit reports; then its crew's deeds are said, at the time they were done."""
        did = [deed for van in self.vans.values() for deed in van.drive(until)]
        self.clock.set(until)
        for name, van in self.vans.items():
            self._send(self.devices[name], van)
        eventually(lambda: not self._behind(), PATIENCE_S, self._behind)
        for at, deed in sorted(did, key=lambda one: one[0]):
            deed(at)

    def _send(self, device: Device, van: Van) -> None:
        for first in range(0, len(van.fixes), _SENT_AT_ONCE):
            device.send(van.fixes[first : first + _SENT_AT_ONCE])
        van.fixes = []

    def _behind(self) -> dict[str, tuple[int, int]]:
        """Units whose newest fix is not stored yet: its number, and the newest one that is."""
        query = "SELECT d.name, l.seq FROM waybill.last_fix l JOIN waybill.device d ON d.id = l.device_id"
        stored = dict(self.rows(query))
        sent = {van.device: van.seq for van in self.vans.values()}
        return {device: (seq, stored.get(device, 0)) for device, seq in sent.items() if stored.get(device, 0) < seq}


@contextmanager
def running_day(
    kind: Callable[..., AnyDay], database: Database, broker: Broker, port: int, make_device: Callable[[str], Device]
) -> Iterator[AnyDay]:
    """Every part by one clock that shows seven o'clock."""
    clock = HandClock(OPENS_AT, OPENS_AT, hands=[OPENS_AT])
    with psycopg.connect(database.gateway_url) as connection:
        first = Wanted(name="chief", grants=(Grant(Role.ADMINISTRATOR, None),))
        open_account(connection, first, PASSWORD, actor=SETUP, at=OPENS_AT)
    with ExitStack() as parts:
        origin = parts.enter_context(running_api(database, port, clock=clock))
        parts.enter_context(running_gateway(broker, database, clock=clock, policy=ACCEPTING))
        parts.enter_context(_running_worker(database, clock))
        day = kind(database, clock, origin, make_device)
        parts.callback(day.close)
        yield day


@contextmanager
def _running_worker(database: Database, clock: Clock) -> Iterator[None]:
    options = WorkerOptions(
        database_url=database.gateway_url, retention_url=None, periods=ALL_KEPT, clock=clock, policy=ACCEPTING
    )
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(options, stop), name="worker")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def doors(chance: random.Random, count: int, farthest_m: float) -> list[Point]:
    """Doors around the premises, none so near another that a van could stand at both."""
    found: list[Point] = []
    while len(found) < count:
        point = (chance.uniform(-farthest_m, farthest_m), chance.uniform(-farthest_m, farthest_m))
        far = point[0] ** 2 + point[1] ** 2 > 250**2
        if far and all((point[0] - x) ** 2 + (point[1] - y) ** 2 > 65**2 for x, y in found):
            found.append(point)
    return found


def fates(wanted: Counter[str], count: int, chance: random.Random) -> list[str]:
    """What becomes of so many orders: those wanted, and the rest is delivered."""
    chosen = [*wanted.elements()]
    chosen += ["delivered"] * (count - len(chosen))
    chance.shuffle(chosen)
    return chosen
