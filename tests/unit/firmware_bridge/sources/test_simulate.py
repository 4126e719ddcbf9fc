"""One simulated vehicle as a source: the bytes of `waybill simulate`, going on where its spool ended."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from contract.clock import Clock
from contract.times import parse_instant
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.sim.day import VehicleDay
from firmware_bridge.sim.fault_plan import parse_kinds, random_faults
from firmware_bridge.sim.feed import nmea
from firmware_bridge.sim.fleet_plan import FleetWish, fleet_days
from firmware_bridge.sources.simulate import SimulatedSource
from firmware_bridge.sources.source import Source
from firmware_bridge.sources.urls import open_source

START = parse_instant("2026-11-23T09:00:00Z")
# Long after: the whole day is past, and nothing waits.
LATER = Clock(START + timedelta(days=1), START, 1.0)
TEXT = "simulate:van-3?seed=7&hours=0.1&start=2026-11-23T09:00:00Z"


def given(source: Source) -> bytes:
    async def read() -> bytes:
        return b"".join([chunk async for chunk in source.chunks()])

    return asyncio.run(read())


def positions(data: bytes) -> list[Position]:
    decoder = Decoder()
    return [*decoder.feed(data), *decoder.flush()]


def day_of_van_3() -> VehicleDay:
    return fleet_days(FleetWish(vehicles=5, seed=7, starts_at=START, hours=0.1), None)[2]


@pytest.mark.parametrize("faults", ["", "jumps,checksums"])
def test_the_bytes_are_those_of_the_vehicle_in_a_fleet(faults: str) -> None:
    day = day_of_van_3()
    drawn = random_faults(day, None, 7, parse_kinds(faults))
    faulty = msgspec.structs.replace(day, faults=drawn)
    until = START + timedelta(hours=0.1)

    source = open_source(f"{TEXT}&faults={faults}", LATER)

    assert source.name == "simulate:van-3?seed=7"
    assert given(source) == b"".join(sentences for _, sentences in nmea(faulty, None, 7, START, until))


def test_it_goes_on_after_the_newest_fix_of_its_spool() -> None:
    source = open_source(TEXT, LATER)
    assert isinstance(source, SimulatedSource)
    source.start_after(START + timedelta(seconds=99))

    assert [fix.fixed_at for fix in positions(given(source))] == [
        START + timedelta(seconds=second) for second in range(100, 360)
    ]


def test_a_fix_of_the_future_holds_nothing_up() -> None:
    source = open_source(TEXT, LATER)
    assert isinstance(source, SimulatedSource)
    source.start_after(LATER.now() + timedelta(days=400))

    assert positions(given(source))[0].fixed_at == START


def test_without_a_start_it_sets_out_now() -> None:
    source = open_source("simulate:van-1", LATER)

    assert isinstance(source, SimulatedSource)
    assert timedelta(0) <= LATER.now() - source._start < timedelta(minutes=1)
