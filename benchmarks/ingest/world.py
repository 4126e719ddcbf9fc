"""What every run needs: servers as in production, devices with passwords, vans with trips, new loads. Runs nothing."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import LiteralString

import msgspec
import psycopg

from benchmarks.ingest.load import Address, make_messages
from contract.clock import true_now
from contract.fix import utc_ms
from gateway.broker_admin import BrokerAdmin
from storage.ids import new_id
from storage.migrate import migrate, set_passwords
from waybill.stack.broker import Broker
from waybill.stack.broker_tls import TlsListeners
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres
from waybill.stack.servers import ensure

PASSWORD = "benchmark"
_TLS = Path(__file__).parents[2] / "tests/fixtures/tls"
PREMISES = new_id(true_now())


class Load(msgspec.Struct, frozen=True):
    """What is going to be published: per device its packets, of a spool whose name begins alike, to be counted by."""

    spools: str
    packets: dict[str, list[bytes]]
    positions: int

    @property
    def messages(self) -> int:
        return sum(len(packets) for packets in self.packets.values())


class World:
    """The servers, the devices and what they are going to say."""

    def __init__(self, folder: Path, ports: Ports, devices: int, *, tls: bool = False) -> None:
        self.names = [f"load-{number:04}" for number in range(devices)]
        # Every load begins where the one before ended: a fix that is older than the last one is not tracked.
        self._driven_until = utc_ms(true_now()) - timedelta(days=6)
        self.postgres = Postgres(folder / "pg", ports.claim(0), PASSWORD, ensure("postgres", print))
        self.certificate = _TLS / "fullchain.pem" if tls else None
        listeners = TlsListeners(ports.claim(0), ports.claim(0), _TLS) if tls else None
        self.broker = Broker(
            folder / "broker", ports.claim(0), ensure("mosquitto", print), admin_password=PASSWORD,
            gateway_password=PASSWORD, tls=listeners,
        )  # fmt: skip
        self.port = self.broker.port if listeners is None else listeners.password_port
        self.postgres.start()
        self.broker.start()
        migrate(self.postgres.url())
        self.gateway_url = self.postgres.url("postgres", "waybill_gateway", PASSWORD)
        set_passwords(self.postgres.url(), [self.gateway_url])
        BrokerAdmin(self.broker.host, self.broker.port, PASSWORD).put(dict.fromkeys(self.names, PASSWORD))
        self._register()
        self.owner = psycopg.connect(self.postgres.url(), autocommit=True)
        self.owner.execute("ALTER SYSTEM SET track_commit_timestamp = on")  # tells when each row was committed
        self.owner.close()
        self.postgres.stop()
        self.postgres.start()
        self.owner = psycopg.connect(self.postgres.url(), autocommit=True)

    def _register(self) -> None:
        """Every device fitted in a van of its own with an open trip, so that tracking has work to do."""
        now = true_now()
        with psycopg.connect(self.postgres.url()) as connection:
            connection.execute(
                "INSERT INTO waybill.premises (id, code, name, lat_e7, lon_e7, tz, created_at)"
                " VALUES (%s, 'bench', 'Bench', 601700000, 249400000, 'UTC', %s)",
                [PREMISES, now],
            )
            for number, name in enumerate(self.names):
                vehicle, trip = new_id(now), new_id(now)
                connection.execute(
                    "INSERT INTO waybill.vehicle (id, premises_id, name, created_at) VALUES (%s, %s, %s, %s)",
                    [vehicle, PREMISES, f"van-{number}", now],
                )
                connection.execute(
                    "WITH d AS (INSERT INTO waybill.device (name, created_at) VALUES (%s, %s) RETURNING id)"
                    " INSERT INTO waybill.install (id, premises_id, device_id, vehicle_id, during)"
                    " SELECT %s, %s, id, %s, tstzrange('2020-01-01Z', NULL) FROM d",
                    [name, now, new_id(now), PREMISES, vehicle],
                )
                connection.execute(
                    "INSERT INTO waybill.trip (id, premises_id, trip_no, vehicle_id, planned_departure_at, created_at)"
                    " VALUES (%s, %s, %s, %s, %s, %s)",
                    [trip, PREMISES, f"T-{number}", vehicle, now, now],
                )
                for seq in range(1, 6):
                    order = new_id(now)
                    connection.execute(
                        "INSERT INTO waybill.orders (id, premises_id, order_no, source, source_ref, customer_name,"
                        " address, lat_e7, lon_e7, window_from, window_to, placed_at, milestone, milestone_at,"
                        " created_at)"
                        " VALUES (%s, %s, %s, 'bench', %s, 'C', 'A', %s, 249400000, %s, %s + interval '1 hour', %s,"
                        " 'queued', %s, %s)",
                        [order, PREMISES, f"{number}-{seq}", f"{number}-{seq}", 601700000 + seq * 60000, now, now, now,
                         now, now],
                    )  # fmt: skip
                    connection.execute(
                        "INSERT INTO waybill.trip_drop (id, premises_id, trip_id, order_id, seq)"
                        " VALUES (%s, %s, %s, %s, %s)",
                        [new_id(now), PREMISES, trip, order, seq],
                    )

    @property
    def address(self) -> Address:
        return Address(self.broker.host, self.port, PASSWORD, self.certificate)

    def close(self) -> None:
        self.owner.close()
        self.broker.stop()
        self.postgres.stop()

    def load(self, messages: int, per_message: int) -> Load:
        """`messages` in all, over every device, of new spools and of a time after every load before."""
        spools = f"{time.monotonic_ns():012x}"[-12:]
        each = messages // len(self.names)
        start, self._driven_until = self._driven_until, self._driven_until + timedelta(seconds=each * per_message)
        packets = {name: make_messages(name, spools + name[-4:], each, per_message, start) for name in self.names}
        return Load(spools, packets, each * len(self.names) * per_message)

    def progress(self, load: Load) -> int:
        """How many numbers of the load are confirmed as stored."""
        return self.number(
            "SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM waybill.spool s"
            " JOIN waybill.device_progress p ON p.spool_id = s.id, unnest(p.seqs) r WHERE s.name LIKE %s",
            load.spools + "%",
        )

    def proven(self, load: Load) -> None:
        """Raises unless each position published is stored once, counts, and nothing was rejected."""
        row = self.owner.execute(
            "SELECT count(*), count(DISTINCT (spool_id, seq)), count(*) FILTER (WHERE refused_by IS NULL)"
            " FROM waybill.fix"
            " WHERE spool_id IN (SELECT id FROM waybill.spool WHERE name LIKE %s)",
            [load.spools + "%"],
        ).fetchone()
        rejected = self.number("SELECT count(*) FROM waybill.reject")
        if row != (load.positions,) * 3 or rejected:
            found = f"(stored, different, counting) {row}, {rejected} rejected"
            raise AssertionError(f"{load.positions} positions published; {found}")

    def number(self, query: LiteralString, *values: str) -> int:
        """The one number that the query gives."""
        row = self.owner.execute(query, values).fetchone()
        assert row is not None
        return int(row[0])
