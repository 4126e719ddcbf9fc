"""Everything that can be killed is, paused or cut off as well, at random: no number is lost or stored twice."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from storage.coverage import coverage
from storage.ingest import newest_receipts
from tests.acceptance.torture import PATIENCE_S, Round, World, each_trouble_once, rounds_by_chance
from tests.fixtures.database import Database
from tests.fixtures.driving import Driven, latitude_e7
from tests.fixtures.gateway import Device, eventually, register
from waybill.demo.fleet import VanProgress
from waybill.demo.reckoning import compare
from waybill.stack.broker import Broker
from waybill.stack.postgres import Postgres

DEVICES = ("gps-01", "gps-02", "gps-03")
SEED = "everything once"
ROUNDS_LONG = 150
# NMEA gives 1e-5 of a minute, which is 1.7e-7 of a degree.
COARSENESS_E7 = 4


@pytest.fixture
def world(mortal_broker: Broker, postgres: Postgres, database: Database, tmp_path: Path) -> Iterator[World]:
    made = World(mortal_broker, postgres, database, DEVICES, tmp_path)
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
    world.start()
    eventually(lambda: min(world.counts().values()) > 0, PATIENCE_S)
    for number, one in enumerate(rounds, 1):
        say(f"round {number}: {one}")
        one.befall(world)
        world.moves()
    return world.vehicles.finish()


def assert_stored_once(world: World, driven: list[Driven]) -> None:
    """Every number that a device gave, once, as it was driven; nothing else, and no spool holds anything."""
    assert {one.device for one in driven} == set(DEVICES)
    with psycopg.connect(world.database.owner_url) as connection:
        for one in driven:
            assert (one.backlog, one.dropped) == (0, 0)
            assert one.spooled > 100
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
            assert stored.rejects == 0
    assert world.query("SELECT count(*) FROM waybill.reject") == [(0,)]
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


def test_each_trouble_once(world: World) -> None:
    rounds = list(each_trouble_once(random.Random(SEED), at_once=2))

    driven = endure(world, rounds)

    assert_stored_once(world, driven)
    assert_receipts_tell_it(world)


@pytest.mark.long
def test_troubles_by_chance(world: World) -> None:
    seed = os.environ.get("TORTURE_SEED", SEED)
    say(f"TORTURE_SEED={seed} gives these rounds again")
    rounds = list(rounds_by_chance(random.Random(seed), ROUNDS_LONG))

    driven = endure(world, rounds)

    assert_stored_once(world, driven)
    assert_receipts_tell_it(world)
