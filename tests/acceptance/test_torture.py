"""Everything that can be killed is, paused or cut off as well, at random, while vans drive planned trips.

No number is lost or stored twice, and in the end every derived record is what an undisturbed run of the fixes shows.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from contract.clock import true_now
from gateway.derive.comparing import differences
from storage.coverage import coverage
from storage.ingest import newest_receipts
from tests.acceptance.planned import Record, plan_rounds, read_record, settle
from tests.acceptance.torture import PATIENCE_S, Round, World, each_trouble_once, rounds_by_chance
from tests.acceptance.undisturbed import drive_undisturbed, units_of
from tests.fixtures.command_line import caller
from tests.fixtures.database import Database, twin_databases
from tests.fixtures.driving import ROUND_S, Driven, latitude_e7
from tests.fixtures.gateway import Device, eventually
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
MOST_GROWTH_KB = 48 * 1024  # of gateway and worker from the first half of the rounds to the second; batches are bounded
# NMEA gives 1e-5 of a minute, which is 1.7e-7 of a degree.
COARSENESS_E7 = 4
# Vans drive 50 seconds a second; what they drive beyond their planned trips belongs to none.
BEGINS_BEFORE = timedelta(hours=30)
PLANNED, PLANNED_LONG = 12, 60  # trips of each van
DRIVEN_S = 2 * ROUND_S  # that each van drives at least: two trips, and over the end of an hour
OF_AN_HOUR = 45  # the minute at which they begin


class Twins:
    """The database of the torture, and one of the same plans for the undisturbed run."""

    def __init__(self, tortured: Database, undisturbed: Database, begins_at: datetime) -> None:
        self.tortured, self.undisturbed, self.begins_at = tortured, undisturbed, begins_at


@pytest.fixture
def twins(postgres: Postgres, database_template: str, request: pytest.FixtureRequest) -> Iterator[Twins]:
    begins_at = (true_now() - BEGINS_BEFORE).replace(minute=OF_AN_HOUR, second=0, microsecond=0)
    rounds = PLANNED_LONG if request.node.get_closest_marker("long") else PLANNED

    def prepare(made: Database) -> None:
        plan_rounds(made, DEVICES, begins_at, rounds)

    with twin_databases(postgres, database_template, prepare) as (one, other):
        yield Twins(one, other, begins_at)


@pytest.fixture
def world(mortal_broker: Broker, postgres: Postgres, twins: Twins, tmp_path: Path) -> Iterator[World]:
    made = World(mortal_broker, postgres, twins.tortured, DEVICES, twins.begins_at, tmp_path)
    with made.stack:
        yield made


@pytest.fixture
def tls_world(
    server_folder: Path, server_ports: Ports, postgres: Postgres, twins: Twins, tmp_path: Path
) -> Iterator[World]:
    """The same with TLS on every line to the broker, by certificates made now."""
    certificates = tmp_path / "ca"
    assert caller({})("broker", "certificates", str(certificates), "--host", "127.0.0.1").exit_code == 0
    tls = TlsListeners(server_ports.claim(0), server_ports.claim(0), certificates)
    with new_broker(server_folder / "tortured-tls", server_ports, tls) as broker:
        made = World(broker, postgres, twins.tortured, DEVICES, twins.begins_at, tmp_path, tls)
        with made.stack:
            yield made


@pytest.fixture
def calm_broker(server_folder: Path, server_ports: Ports, request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Another one than the tortured: the gateway has one session at a broker, and it may hold messages yet."""
    with new_broker(server_folder / f"calm-{request.node.name}"[:60], server_ports) as broker:
        yield broker


def say(text: str) -> None:
    """For whoever runs it with -s, and in the report of a failure."""
    sys.stdout.write(f"{text}\n")


def endure(world: World, rounds: list[Round], at_least_s: int = 0) -> list[Driven]:
    """Round after round, each survived before the next; in the end everybody has heard of everything.

    Every van drives for `at_least_s` of its own seconds.
    """
    memory_kb: dict[str, list[int]] = {"gateway": [], "worker": []}  # after each round
    began_s = time.monotonic()
    world.start()
    eventually(lambda: min(world.counts().values()) > 0, PATIENCE_S)
    for number, one in enumerate(rounds, 1):
        one.befall(world)
        world.moves()
        for name, part in (("gateway", world.gateway), ("worker", world.worker)):
            memory_kb[name].append(part.memory_kb())
        passed_s, megabytes = time.monotonic() - began_s, [figures[-1] // 1024 for figures in memory_kb.values()]
        say(f"round {number}: {one}; {passed_s:.0f} s, gateway and worker {megabytes} MB")
    # On a busy machine they drive fewer than 50 seconds a second.
    eventually(lambda: world.driven_s() >= at_least_s, 3 * PATIENCE_S)
    driven = world.vehicles.finish()
    say(f"{sum(one.spooled for one in driven)} numbers of {len(driven)} devices in {time.monotonic() - began_s:.0f} s")
    for name, figures in memory_kb.items():
        half = (len(figures) + 1) // 2
        assert max(figures[half:]) - max(figures[:half]) < MOST_GROWTH_KB, (name, figures)
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


def assert_as_undisturbed(world: World, twins: Twins, calm_broker: Broker, folder: Path) -> None:
    """Trips with all that was found of them, and hours, are what the same fixes show when nothing befalls anybody."""
    found = settled_record(twins.tortured)
    world.stop()
    drive_undisturbed(list(units_of(twins.tortured)), twins.undisturbed, calm_broker, folder, PATIENCE_S)
    expected = settled_record(twins.undisturbed)

    over = {trip_no for trip_no, (_, ended_at) in expected.intervals.items() if ended_at is not None}
    assert len(over) >= len(DEVICES) * DRIVEN_S // ROUND_S
    assert_all_there(expected, over)
    assert found.intervals == expected.intervals
    for trip_no in sorted(over):
        one, other = found.trips[trip_no], expected.trips[trip_no]
        assert list(differences(other.findings, one.findings)) == [], trip_no
        assert one == other, trip_no
    assert found.hours == expected.hours


def settled_record(database: Database) -> Record:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        settle(owner, PATIENCE_S)
        return read_record(owner)


def assert_all_there(record: Record, over: set[str]) -> None:
    """Else the comparison would be of nothing."""
    for trip_no in over:
        trip = record.trips[trip_no]
        assert trip.final, trip_no
        assert [stop.reason for stop in trip.findings.stops] == ["DELIVERY", "DELIVERY", "UNEXPLAINED"]
        assert [gap.cause for gap in trip.findings.gaps] in (["no_fix"], ["no_power"])
        assert trip.findings.facts is not None
        assert trip.findings.deviations
        assert trip.findings.zone_visits
        told = Counter(milestone for _, _, milestone in trip.told)
        assert told == {"out_for_delivery": 2, "arriving_soon": 2, "arrived": 2}
    assert len(record.hours) >= len(DEVICES)


def torture(world: World, rounds: list[Round], at_least_s: int = 0) -> None:
    driven = endure(world, rounds, at_least_s)

    assert_stored_once(world, driven)
    assert_receipts_tell_it(world)


def seed_given() -> random.Random:
    seed = os.environ.get("TORTURE_SEED", SEED)
    say(f"TORTURE_SEED={seed!r} gives these rounds again")
    return random.Random(seed)


def test_each_trouble_once(world: World, twins: Twins, calm_broker: Broker, tmp_path: Path) -> None:
    torture(world, list(each_trouble_once(seed_given(), at_once=4)), DRIVEN_S)
    assert_as_undisturbed(world, twins, calm_broker, tmp_path)


def test_the_same_with_tls(tls_world: World) -> None:
    torture(tls_world, list(rounds_by_chance(seed_given(), ROUNDS_TLS)))


@pytest.mark.long
def test_troubles_by_chance(world: World, twins: Twins, calm_broker: Broker, tmp_path: Path) -> None:
    torture(world, list(rounds_by_chance(seed_given(), ROUNDS_LONG)), DRIVEN_S)
    assert_as_undisturbed(world, twins, calm_broker, tmp_path)


@pytest.mark.long
def test_troubles_by_chance_with_tls(tls_world: World, twins: Twins, calm_broker: Broker, tmp_path: Path) -> None:
    torture(tls_world, list(rounds_by_chance(seed_given(), ROUNDS_TLS_LONG)), DRIVEN_S)
    assert_as_undisturbed(tls_world, twins, calm_broker, tmp_path)
