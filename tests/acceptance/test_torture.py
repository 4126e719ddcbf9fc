"""Everything that can be killed is, paused or cut off as well, at random: no number is lost or stored twice."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from storage.coverage import coverage
from storage.ingest import newest_receipts
from tests.acceptance.torture import PATIENCE_S, Round, World, each_trouble_once, rounds_by_chance
from tests.fixtures.command_line import caller
from tests.fixtures.database import Database
from tests.fixtures.driving import Driven, latitude_e7
from tests.fixtures.gateway import Device, eventually, register
from tests.fixtures.servers import new_broker
from waybill.demo.fleet import VanProgress
from waybill.demo.reckoning import compare
from waybill.stack.broker import Broker
from waybill.stack.broker_tls import TlsListeners
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres

DEVICES = ("gps-01", "gps-02", "gps-03")
SEED = "everything once"
ROUNDS_LONG, ROUNDS_TLS, ROUNDS_TLS_LONG = 100, 3, 30
MOST_GROWTH_KB = 48 * 1024  # of one gateway, from its first round to its last; batches are bounded, so is it
# NMEA gives 1e-5 of a minute, which is 1.7e-7 of a degree.
COARSENESS_E7 = 4


@pytest.fixture
def world(mortal_broker: Broker, postgres: Postgres, database: Database, tmp_path: Path) -> Iterator[World]:
    made = World(mortal_broker, postgres, database, DEVICES, tmp_path)
    with made.stack:
        register_all(database)
        yield made


@pytest.fixture
def tls_world(
    server_folder: Path, server_ports: Ports, postgres: Postgres, database: Database, tmp_path: Path
) -> Iterator[World]:
    """The same with TLS on every line to the broker, by certificates made now."""
    certificates = tmp_path / "ca"
    assert caller({})("broker", "certificates", str(certificates), "--host", "127.0.0.1").exit_code == 0
    tls = TlsListeners(server_ports.claim(0), server_ports.claim(0), certificates)
    with new_broker(server_folder / "tortured-tls", server_ports, tls) as broker:
        made = World(broker, postgres, database, DEVICES, tmp_path, tls)
        with made.stack:
            register_all(database)
            yield made


def register_all(database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        for number, device in enumerate(DEVICES, 1):
            register(owner, device, vehicle=f"01900000-0000-7000-8000-00000000010{number}", name=f"van-{number}")


def say(text: str) -> None:
    """For whoever runs it with -s, and in the report of a failure."""
    sys.stdout.write(f"{text}\n")


def endure(world: World, rounds: list[Round]) -> list[Driven]:
    """Round after round, each survived before the next; in the end everybody has heard of everything."""
    memory_kb: dict[int, list[int]] = {}  # by gateway process
    began_s = time.monotonic()
    world.start()
    eventually(lambda: min(world.counts().values()) > 0, PATIENCE_S)
    for number, one in enumerate(rounds, 1):
        one.befall(world)
        world.moves()
        memory_kb.setdefault(world.gateway.pid, []).append(world.gateway.memory_kb())
        passed_s = time.monotonic() - began_s
        say(f"round {number}: {one}; {passed_s:.0f} s, gateway {memory_kb[world.gateway.pid][-1] / 1024:.0f} MB")
    driven = world.vehicles.finish()
    say(f"{sum(one.spooled for one in driven)} numbers of {len(driven)} devices in {time.monotonic() - began_s:.0f} s")
    for figures in memory_kb.values():
        assert figures[-1] - figures[0] < MOST_GROWTH_KB, figures
    return driven


def assert_stored_once(world: World, driven: list[Driven]) -> None:
    """Every number that a device gave, once, as it was driven; nothing else, and no spool holds anything."""
    assert {one.device for one in driven} == set(DEVICES)
    assert world.query("SELECT device_name, reason, detail, seq, raw FROM waybill.reject") == []
    with psycopg.connect(world.database.owner_url) as connection:
        for one in driven:
            assert (one.backlog, one.dropped) == (0, 0)
            # That it reported at all: how much depends on how long the rounds take and how long a van stood.
            assert one.spooled > 20
            stored = coverage(connection, one.device, one.spool)
            unit = VanProgress(
                device=one.device,
                spool=one.spool,
                spooled=one.spooled,
                confirmed=one.spooled,
                backlog=0,
                newest_at=None,
            )
            reckoned = compare(unit, stored)
            assert reckoned.agrees, reckoned
    assert world.query("SELECT count(*) FROM waybill.spool") == [(len(DEVICES),)]
    for fixed_at, latitudes in world.query("SELECT fixed_at, array_agg(lat_e7) FROM waybill.fix GROUP BY fixed_at"):
        second = round((fixed_at - world.begins_at) / timedelta(seconds=1))
        assert len(latitudes) <= len(DEVICES), "one second has two numbers of a device"
        assert all(abs(lat_e7 - latitude_e7(second)) <= COARSENESS_E7 for lat_e7 in latitudes)


def assert_receipts_tell_it(world: World) -> None:
    """What the broker keeps for each device says what is stored."""
    with psycopg.connect(world.database.owner_url) as connection:
        stored = newest_receipts(connection)
    for name, receipt in stored.items():
        device = Device(name, world.broker, spool=receipt.spool)
        try:
            assert device.receipt(receipt.through) == receipt
        finally:
            device.close()


def torture(world: World, rounds: list[Round]) -> None:
    driven = endure(world, rounds)

    assert_stored_once(world, driven)
    assert_receipts_tell_it(world)


def seed_given() -> random.Random:
    seed = os.environ.get("TORTURE_SEED", SEED)
    say(f"TORTURE_SEED={seed!r} gives these rounds again")
    return random.Random(seed)


def test_each_trouble_once(world: World) -> None:
    torture(world, list(each_trouble_once(seed_given(), at_once=3)))


def test_the_same_with_tls(tls_world: World) -> None:
    torture(tls_world, list(rounds_by_chance(seed_given(), ROUNDS_TLS)))


@pytest.mark.long
def test_troubles_by_chance(world: World) -> None:
    torture(world, list(rounds_by_chance(seed_given(), ROUNDS_LONG)))


@pytest.mark.long
def test_troubles_by_chance_with_tls(tls_world: World) -> None:
    torture(tls_world, list(rounds_by_chance(seed_given(), ROUNDS_TLS_LONG)))
